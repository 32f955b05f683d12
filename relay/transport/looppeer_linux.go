package transport

import (
	"net/netip"
	"time"

	"eventrelay/relay"
)

// loopPeer is the loop as the peer of its sessions.
type loopPeer loop

func (p *loopPeer) Subscribe(slot relay.Slot, s relay.Subscription, f relay.Form) error {
	return p.shard.SubscribeAs(slot, s, f)
}

func (p *loopPeer) Unsubscribe(slot relay.Slot, name relay.Pattern, f relay.Form) bool {
	return p.shard.Unsubscribe(slot, name, f)
}

func (p *loopPeer) Patterns(slot relay.Slot) []relay.Pattern { return p.shard.Patterns(slot) }

func (p *loopPeer) Send(slot relay.Slot, frame []byte) error { return p.shard.Send(slot, frame) }

// Close implements peer.
func (p *loopPeer) Close(slot relay.Slot, reason relay.CloseReason, frame []byte) {
	l := (*loop)(p)
	s := l.socket(slot)
	s.state, s.due = socketClosing, l.now()+closeTimeout
	l.shard.Close(slot, reason, frame)
}

func (p *loopPeer) Remote(slot relay.Slot) netip.AddrPort { return (*loop)(p).conn(slot).remote() }

// Reply implements peer.
func (p *loopPeer) Reply(slot relay.Slot, id ConnID, frame []byte) {
	(*loop)(p).later(slot, id, func(c conn) {
		c.use(func(s session, _ time.Duration) { s.send(frame) })
	})
}

// Ready implements peer.
func (p *loopPeer) Ready(slot relay.Slot, id ConnID) {
	(*loop)(p).later(slot, id, func(c conn) {
		c.use(func(s session, now time.Duration) { s.resume(now) })
		c.loop.again = append(c.loop.again, slot) // no event tells of what came meanwhile
	})
}

// later has the loop call f, unless id's session has ended by then; the slot may be a stranger's. Called from any
// goroutine.
func (l *loop) later(slot relay.Slot, id ConnID, f func(conn)) {
	l.mail.post(func() {
		if c := l.conn(slot); c.socket().state == socketOpen && c.state().id == id {
			f(c)
		}
	})
}
