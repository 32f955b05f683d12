package transport

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"eventrelay/relay"
)

// conn is one connection of a loop, and the peer of its session. It belongs to the loop's goroutine, but for Reply and
// Ready. Conns are not used again, so that a late reply cannot reach a stranger who has the slot now.
type conn struct {
	loop    *loop
	head    *opening // nil once the head is complete
	session session  // begun when the socket is open
	slot    relay.Slot
}

// add makes fd a connection of the loop.
func (l *loop) add(fd int) {
	slot := l.takeSlot()
	l.sockets[slot] = socket{fd: int32(fd), state: socketOpening, due: l.now() + l.options.HandshakeTimeout}
	l.conns[slot] = &conn{loop: l, slot: slot, head: new(opening)}
	if err := l.poll.add(fd, int32(slot), socketEvents); err != nil { // no memory, or max_user_watches
		l.srv.acceptFailed(l.stats, err)
		l.drop(slot, true)
	}
}

func (l *loop) takeSlot() relay.Slot {
	if n := len(l.free); n > 0 {
		slot := l.free[n-1]
		l.free = l.free[:n-1]
		return slot
	}
	l.sockets = append(l.sockets, socket{})
	l.conns = append(l.conns, nil)
	return relay.Slot(len(l.sockets) - 1)
}

// drop closes the socket and frees the slot, which the shard must not know any more.
func (l *loop) drop(slot relay.Slot, abort bool) {
	closeFD(int(l.sockets[slot].fd), abort) // this also takes it out of epoll
	l.release(slot)
}

func (l *loop) release(slot relay.Slot) {
	l.sockets[slot] = socket{fd: -1}
	l.conns[slot] = nil
	l.free = append(l.free, slot)
}

func (c *conn) socket() *socket { return &c.loop.sockets[c.slot] }

// read reads once into the loop's buffer. A short read means that the next bytes come with an event of their own.
func (c *conn) read() {
	l, s := c.loop, c.socket()
	if s.eof || s.state == socketOpen && c.session.paused() {
		return
	}
	window := l.buf
	if l.paused > 0 {
		window = window[:pressedWindow]
	}
	switch n, err := recv(int(s.fd), window); {
	case errors.Is(err, unix.EAGAIN):
	case err != nil:
		c.lost(true)
	case n == 0:
		s.eof = true
		c.lost(false)
	default:
		again := n == len(window) || s.hup
		c.take(window[:n])
		if again && l.conns[c.slot] == c {
			l.again = append(l.again, c.slot)
		}
	}
}

// take uses what was read.
func (c *conn) take(p []byte) {
	switch c.socket().state {
	case socketOpening:
		c.takeHead(p)
	case socketOpen:
		c.use(func(now time.Duration) { c.session.receive(p, now) })
	}
}

// use runs f on the open session and sees to what follows from it.
func (c *conn) use(f func(now time.Duration)) {
	before := c.session.paused()
	f(c.loop.now())
	switch after := c.session.paused(); {
	case after && !before:
		c.loop.paused++
	case before && !after:
		c.loop.paused--
	}
	if s := c.socket(); s.state == socketOpen {
		s.due = c.session.due()
	}
}

func (c *conn) takeHead(p []byte) {
	head, rest, refusal := c.head.take(p)
	switch {
	case refusal != nil:
		c.refuse(refusal)
	case head == nil:
	case targetPath(head) != c.loop.options.Path:
		c.handToHTTP(slices.Concat(head, rest))
	default:
		c.upgrade(head, rest)
	}
}

// upgrade opens the session: subscriptions first, then the answer, so that whatever is published after the client sees
// it reaches the client.
func (c *conn) upgrade(head, rest []byte) {
	u, refusal := c.loop.srv.admit(head, c.Remote())
	if refusal != nil {
		c.refuse(refusal)
		return
	}
	c.head = nil
	c.socket().state = socketOpen
	c.loop.shard.Open(c.slot)
	c.use(func(now time.Duration) {
		if err := c.session.begin(c.loop.core, c, u); err != nil {
			c.session.end(relay.ReasonInternal, nil)
			return
		}
		c.session.send(u.answer)
		c.session.receive(rest, now)
	})
}

// refuse answers in HTTP and closes.
func (c *conn) refuse(r *relay.Refusal) {
	c.loop.srv.refused(r, c.Remote())
	_, _ = send(int(c.socket().fd), refusalAnswer(r)) // fits any socket that has sent nothing yet
	c.linger()
}

// handToHTTP gives the connection, and what was read of it, to net/http.
func (c *conn) handToHTTP(read []byte) {
	l, fd, remote := c.loop, int(c.socket().fd), c.Remote()
	l.poll.remove(fd) // closing would not do it, as netConn duplicates the descriptor
	l.release(c.slot)
	nc, err := netConn(fd)
	if err != nil { // out of descriptors
		l.srv.acceptFailed(l.stats, err)
		return
	}
	if !l.srv.http.hand(nc, read) {
		l.srv.refused(errUnavailable, remote)
		_, _ = nc.Write(refusalAnswer(errUnavailable)) // fits, as above
		_ = nc.Close()
	}
}

// linger closes our half, and waits a little for the client to close its own: closing all at once would reset the
// connection if the client has sent more, and what we sent last would be lost (RFC 6455 §7.1.1).
func (c *conn) linger() {
	s := c.socket()
	if s.eof {
		c.loop.drop(c.slot, false)
		return
	}
	shutdownWrite(int(s.fd))
	s.state, s.due = socketLingering, c.loop.now()+closeTimeout
	c.head = nil
	c.loop.again = append(c.loop.again, c.slot)
}

// lost says that no more bytes come: the client closed its half, or the connection failed.
func (c *conn) lost(failed bool) {
	switch c.socket().state {
	case socketOpening, socketLingering:
		c.loop.drop(c.slot, failed)
	case socketOpen:
		c.use(func(time.Duration) { c.session.lost() })
	case socketClosing:
		if failed { // else the client may still read our close frame
			c.loop.shard.Close(c.slot, relay.ReasonGone, nil)
		}
	}
}

// closed ends what the shard has let go of.
func (c *conn) closed(reason relay.CloseReason) {
	l := c.loop
	if c.socket().state == socketOpen && c.session.paused() {
		l.paused--
	}
	c.session.in = nil // what is held is of no use to a client that is gone
	l.srv.ended(l.stats, c.session.id, reason)
	switch reason {
	case relay.ReasonGone: // nothing more reaches this client
		l.drop(c.slot, true)
	default:
		c.linger()
	}
}

// expire does what is due at now.
func (c *conn) expire(now time.Duration) {
	switch c.socket().state {
	case socketOpening:
		c.loop.stats.timeouts.Add(1)
		if len(c.head.bytes) > 0 {
			_, _ = send(int(c.socket().fd), refusalAnswer(errTimeout)) // best effort
		}
		c.loop.drop(c.slot, false)
	case socketLingering:
		c.loop.drop(c.slot, true)
	default:
		c.use(func(time.Duration) { c.session.expire(now) })
		c.socket().due = c.session.due()
	}
}

// leave closes with 1001; a connection whose request has not come yet is cut.
func (c *conn) leave() {
	if c.loop.conns[c.slot] != c {
		return
	}
	switch c.socket().state {
	case socketOpening:
		c.loop.drop(c.slot, false)
	case socketOpen:
		c.use(func(time.Duration) { c.session.fail(&closeError{Reason: relay.ReasonShutdown}) })
	}
}

// abort ends the connection with the next pass; a socket that the shard does not know is left to the caller.
func (c *conn) abort() {
	switch c.socket().state {
	case socketOpen:
		c.session.end(relay.ReasonShutdown, nil)
	case socketClosing:
		c.loop.shard.Close(c.slot, relay.ReasonShutdown, nil)
	}
}

func (c *conn) Subscribe(p relay.Pattern, f relay.Form) error {
	return c.loop.shard.Subscribe(c.slot, p, f)
}

func (c *conn) Unsubscribe(p relay.Pattern, f relay.Form) bool {
	return c.loop.shard.Unsubscribe(c.slot, p, f)
}

func (c *conn) Send(frame []byte) error { return c.loop.shard.Send(c.slot, frame) }

// Close implements peer.
func (c *conn) Close(reason relay.CloseReason, frame []byte) {
	s := c.socket()
	s.state, s.due = socketClosing, c.loop.now()+closeTimeout
	c.loop.shard.Close(c.slot, reason, frame)
}

func (c *conn) Remote() netip.AddrPort { return peerAddr(int(c.socket().fd)) }

// Reply implements peer.
func (c *conn) Reply(frame []byte) {
	c.loop.mail.post(func() {
		if c.current() {
			c.use(func(time.Duration) { c.session.send(frame) })
		}
	})
}

// Ready implements peer.
func (c *conn) Ready() {
	c.loop.mail.post(func() {
		if c.current() {
			c.use(c.session.resume)
			c.loop.again = append(c.loop.again, c.slot) // no event tells of what came meanwhile
		}
	})
}

// current reports whether the session is still open, for work that comes late.
func (c *conn) current() bool {
	return c.loop.conns[c.slot] == c && c.socket().state == socketOpen
}
