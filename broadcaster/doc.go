// Package broadcaster fans events out to clients: it owns the feeds, every client's place in them, the passes that
// bring clients up to date, and the policy for those that do not keep up. It owns no listener and no protocol beyond
// the framing of events (RFC 6455 §5.2).
//
//	Connect/Subscribe → cursor = tail, under the publish lock (the snapshot: who joined before gets the event)
//	Broadcast/Append  → lock · next position · one entry in each matching feed · unlock · wake the shards concerned
//	pass              → per dirty feed: gather the waiting frames once, send them to every member behind the tail
//	failed send       → dead list
//	reap              → after the pass, under one lock: the dead leave, entries that nobody needs are released
//
// A feed is what a group of equal subscriptions sees: of one pattern, in one wire form, which may be a compressed one. Its entries are references to shared events; a client is a cursor
// into it, so a slow client costs a number, not a queue, and a feed at rest holds nothing. A shard is the set of
// clients that one loop serves. Two kinds of loop exist: those of the caller, which drive non-blocking sockets through
// NewShard, and the package's own, behind Connect, which give each client a goroutine that writes with a deadline.
package broadcaster
