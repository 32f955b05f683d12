// Package relay is the vocabulary of the event relay: topics, patterns, events, verdicts, positions, close reasons, and
// the small interfaces at which the parts meet. It owns no goroutine, no socket and no state; it imports the standard
// library only.
//
// The path of an event, and the type that stands at each step:
//
//	HTTP body or client frame → Event → Publisher (filters) → Result
//	                                        └→ Sink (fan-out) → Position
//	socket ← Driver ← Shard ← feeds of the broadcaster
//
// Parts (transport, ingest, admin, auth, broadcaster, plugins) import this package and never each other; package
// relay/server joins them.
package relay
