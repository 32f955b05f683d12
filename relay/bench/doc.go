// Package bench is a load client: it holds thousands of WebSocket subscribers, publishes events to them, and says what
// the server did with them: deliveries, latency, losses, CPU and memory. It owns the instrument by which relay and its
// peers are measured, and knows nothing of relay's inside; events are found by a mark in whatever wraps them.
//
// The flow of a run:
//
//	Options → plan → connect (bounded windows) → prime (everybody got an event) → warm-up → measure → drain → Result
//	            one epoll loop: read → scanner (frames) → ledger (order, latency, in flight) → publishers (what is due)
//
// The client is one goroutine over raw descriptors and allocates nothing per delivery: a server must not be measured by
// what its client can take. It needs Linux; elsewhere Run returns ErrPlatform.
package bench
