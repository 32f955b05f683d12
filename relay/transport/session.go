package transport

import (
	"errors"
	"net/netip"
	"time"

	"github.com/gobwas/ws"

	"eventrelay/relay"
)

const (
	// messageTimeout is how long a message may take from its first byte to its last: who sends one byte at a time
	// must not hold memory for ever.
	messageTimeout = 30 * time.Second
	// closeTimeout is how long a close frame may wait for a full socket, and after it the client's half of the
	// connection for the client to close it.
	closeTimeout = time.Second
)

// Rates above which a client is cut with 1008.
var (
	controlRate = rate{Every: time.Second, Burst: 10}       // pings and pongs
	commandRate = rate{Every: time.Second / 50, Burst: 100} // commands, but for publishes that were taken; and bombs
	never       = time.Duration(1<<63 - 1)                  // a deadline that does not come
)

// peer is what a session needs of the driver that carries it, which knows the connection by its slot. All but Reply and
// Ready are called by the session's owner only, and none blocks.
type peer interface {
	Subscribe(slot relay.Slot, s relay.Subscription, f relay.Form) error
	Unsubscribe(slot relay.Slot, name relay.Pattern, f relay.Form) bool
	Patterns(slot relay.Slot) []relay.Pattern
	Send(slot relay.Slot, frame []byte) error
	// Close ends the connection once frame is sent; called again, or without a frame, at once.
	Close(slot relay.Slot, reason relay.CloseReason, frame []byte)
	// Remote returns the client's address, or the zero AddrPort when it is unknown.
	Remote(slot relay.Slot) netip.AddrPort
	// Reply sends frame, if the connection still stands: another may have the slot. Called from any goroutine.
	Reply(slot relay.Slot, id ConnID, frame []byte)
	// Ready makes the owner call session.resume soon, if the connection still stands. Called from any goroutine.
	Ready(slot relay.Slot, id ConnID)
}

// session is the protocol of one open connection, whatever drives it: made for the moment, of what is kept. It is owned
// by one goroutine at a time: the loop's, or whoever holds the portable connection's mutex.
type session struct {
	*core // shared by the sessions of a driver
	*state
	peer peer
	slot relay.Slot
}

// begin opens a session for an admitted handshake: its subscriptions are in effect when it returns.
func (s *session) begin(u *upgrade) error {
	if u.id == 0 {
		u.id = ConnID(connIDs.Add(1))
	}
	*s.state = state{id: u.id, form: u.form, grant: u.grant, seen: s.now()}
	if u.visit != nil {
		s.more().visit = u.visit
	}
	if u.publish != "" {
		s.more().publish = u.publish
	}
	s.stats.connections.Add(1)
	if u.form.IsDeflated() {
		s.stats.deflated.Add(1)
	}
	for _, p := range u.patterns {
		if err := s.peer.Subscribe(s.slot, relay.Subscription{Name: p, Pattern: p}, u.form); err != nil {
			return err
		}
	}
	for _, sub := range u.subscriptions { // of which filters may have made the same
		if err := s.peer.Subscribe(s.slot, sub, u.form); err != nil && !errors.Is(err, relay.ErrSubscribed) {
			return err
		}
	}
	return nil
}

// receive takes the bytes that a client sent. It changes them, and keeps none of them unless the session is paused.
func (s *session) receive(p []byte, now time.Duration) {
	if s.closing != relay.ReasonNone {
		return
	}
	s.seen, s.pinged = now, false
	r := reader{s.part()}
	for !s.paused() {
		m, rest, err := r.next(p, s.rules())
		switch {
		case err != nil:
			s.fail(err)
			return
		case m.op == 0:
			s.keep(r.part, now)
			return
		}
		p = rest
		if s.message(m, now); s.closing != relay.ReasonNone {
			return
		}
	}
	s.keep(r.part, now)
	s.rare.backlog = append(s.rare.backlog, p...)
}

// rules returns what the client's messages are held to.
func (s *session) rules() rules {
	r := rules{limit: int(s.options.MaxMessageSize)}
	if s.form.IsDeflated() {
		r.inflate = s.inflate
	}
	return r
}

func (s *session) message(m message, now time.Duration) {
	switch m.op {
	case ws.OpPing, ws.OpPong:
		s.control(m, now)
	case ws.OpClose:
		s.closedByClient(m.payload)
	default:
		if !s.inflatesFairly(m, now) {
			s.fail(errBombs)
			return
		}
		s.stats.messages.Add(1)
		s.stats.bytes.Add(uint64(len(m.payload)))
		if s.form.Inflated() == relay.Plain {
			s.publishPlain(m)
		} else {
			s.command(m, now)
		}
	}
}

// fairRatio is how much a message may inflate by for free: JSON seldom comes to it, bombs come to 1000.
const fairRatio = 32

var errBombs = &closeError{relay.ReasonPolicy, "too much inflates to more than 32 times its size"}

// inflatesFairly bounds the time that a client can have us spend on next to no bytes: what is above fairRatio costs tokens,
// one for each max_message_size of it.
func (s *session) inflatesFairly(m message, now time.Duration) bool {
	excess := len(m.payload) - fairRatio*m.packed
	if m.packed == 0 || excess <= 0 {
		return true
	}
	return s.more().commands.charge(now, commandRate, float64(excess)/float64(s.options.MaxMessageSize))
}

// control answers a ping. Above the rate the client is cut, so each ping below it gets its pong. A pong that we asked
// for is free.
func (s *session) control(m message, now time.Duration) {
	switch {
	case m.op == ws.OpPong && s.asked:
		s.asked = false
	case !s.controls.take(now, controlRate):
		s.fail(&closeError{relay.ReasonPolicy, "too many pings or pongs: at most one per second"})
	case m.op == ws.OpPing:
		s.send(controlFrame(ws.OpPong, m.payload))
	}
}

// closedByClient answers a close frame with its code (RFC 6455 §5.5.1).
func (s *session) closedByClient(body []byte) {
	if err := checkClose(body); err != nil {
		s.fail(err)
		return
	}
	if len(body) > 2 {
		body = body[:2]
	}
	s.end(relay.ReasonClient, controlFrame(ws.OpClose, body))
}

// send sends a private frame.
func (s *session) send(frame []byte) {
	if err := s.peer.Send(s.slot, frame); err != nil {
		s.fail(sendFailure(err))
	}
}

// fail ends the session for err, which tells the client why if it is a *closeError.
func (s *session) fail(err error) {
	e := asCloseError(err)
	s.end(e.Reason, closeFrame(e))
}

// end closes the connection once frame, if any, is sent. The first reason counts.
func (s *session) end(reason relay.CloseReason, frame []byte) {
	if s.closing != relay.ReasonNone {
		return
	}
	s.closing, s.seen = reason, s.now()
	s.depart()
	s.rare = nil
	s.peer.Close(s.slot, reason, frame)
}

// lost says that the connection is gone, or that the client closed its side without a close frame.
func (s *session) lost() { s.end(relay.ReasonGone, nil) }

// due returns when expire must be called next.
func (s *session) due() time.Duration {
	switch {
	case s.closing != relay.ReasonNone:
		return s.seen + closeTimeout
	case s.paused() && s.rare.asking != nil:
		return s.rare.asking.due
	case s.paused(): // it is we who do not read: neither pong nor message can come
		return never
	}
	due := s.seen + s.options.PingInterval
	if s.pinged {
		due = s.seen + s.options.PongTimeout
	}
	if part := s.part(); part != nil {
		due = min(due, part.since+messageTimeout)
	}
	return due
}

// expire does what is due at now.
func (s *session) expire(now time.Duration) {
	switch part := s.part(); {
	case s.closing != relay.ReasonNone:
		s.seen = now
		s.peer.Close(s.slot, s.closing, nil)
	case s.paused() && s.rare.asking != nil:
		s.overdue(s.rare.asking)
	case part != nil && part.since+messageTimeout <= now:
		s.fail(&closeError{relay.ReasonPolicy, "a message took longer than 30s to come"})
	case s.pinged:
		s.fail(&closeError{Reason: relay.ReasonPong})
	default:
		s.pinged, s.asked, s.seen = true, true, now
		s.send(pingFrame)
	}
}
