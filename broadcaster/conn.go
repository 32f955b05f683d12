package broadcaster

import "eventrelay/relay"

// conn is a connection of a shard. It holds no pointer, so that idle connections cost the garbage collector nothing.
type conn struct {
	first  uint32 // its newest membership, +1
	part   uint32 // the membership whose frame is partly written, +1
	sent   uint32 // bytes written of that frame
	outbox uint32 // index in Shard.outboxes, +1
	flags  connFlags
	reason relay.CloseReason
}

type connFlags uint8

const (
	connOpen    connFlags = 1 << iota
	connFull              // its socket is full, or it waits in Shard.ready: passes leave it alone
	connReady             // in Shard.ready
	connClosing           // what is in the outbox is the last
	connDead              // in Shard.dead
)

func (c *conn) is(f connFlags) bool { return c.flags&f != 0 }

// live reports whether the connection may get events and replies.
func (c *conn) live() bool { return c.flags&(connOpen|connClosing|connDead) == connOpen }

// member is one subscription of a connection: its cursor in a feed. Like conn it holds no pointer.
type member struct {
	cursor uint64 // the next entry it needs
	slot   relay.Slot
	part   uint32 // index in Shard.parts
	next   uint32 // the connection's next membership, +1
	gone   bool   // unsubscribed or dead; leaves its part at the next reap
}
