package transport

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"eventrelay/relay"
)

// conn names one connection of a loop for the moment. What is known of it stands in the loop's slabs, so that an idle
// one costs a few dozen bytes. It belongs to the loop's goroutine.
type conn struct {
	loop *loop
	slot relay.Slot
}

func (l *loop) conn(slot relay.Slot) conn { return conn{l, slot} }

func (c conn) socket() *socket { return c.loop.socket(c.slot) }

func (c conn) state() *state { return c.loop.states.At(uint32(c.slot)) }

// session is the connection's protocol; it means something while the socket is open, or closing.
func (c conn) session() session {
	return session{core: c.loop.core, state: c.state(), peer: (*loopPeer)(c.loop), slot: c.slot}
}

// newcomer is the connection that was accepted last, until it is in epoll.
type newcomer struct {
	slot   relay.Slot
	remote netip.AddrPort
	stands bool
}

// add makes fd a connection of the loop. What it asks for is there in most cases, see socketOptions, and is answered at
// once: a round less, and who asks for HTTP never enters our epoll.
func (l *loop) add(fd int, remote netip.AddrPort) {
	slot := relay.Slot(l.sockets.Add(socket{fd: int32(fd), state: socketOpening, due: l.now() + l.options.HandshakeTimeout}))
	l.states.Grow(l.sockets.Len())
	l.newest = newcomer{slot, remote, true}
	c := l.conn(slot)
	c.read()
	if !l.newest.stands {
		return
	}
	l.newest = newcomer{}
	if err := l.poll.add(fd, int32(slot), socketEvents); err != nil { // no memory, or max_user_watches
		l.srv.acceptFailed(l.stats, err)
		c.lost(true)
	}
}

// isNewest reports whether c is not in epoll yet.
func (c conn) isNewest() bool { return c.loop.newest.stands && c.loop.newest.slot == c.slot }

// drop closes the socket and frees the slot, which the shard must not know any more.
func (l *loop) drop(slot relay.Slot, abort bool) {
	closeFD(int(l.socket(slot).fd), abort) // this also takes it out of epoll
	l.release(slot)
}

func (l *loop) release(slot relay.Slot) {
	if l.conn(slot).isNewest() {
		l.newest = newcomer{}
	}
	l.sockets.Remove(uint32(slot))
	*l.states.At(uint32(slot)) = state{}
}

// read reads once into the loop's buffer. A short read means that the next bytes come with an event of their own.
func (c conn) read() {
	l, s := c.loop, c.socket()
	switch {
	case s.eof || s.state == socketOpen && c.state().paused():
		return
	case s.state == socketDeciding: // what came is read when they have
		if s.hup {
			c.lost(true)
		}
		return
	}
	window := l.buf
	if l.paused > 0 || c.state().form.IsDeflated() || s.state == socketOpening && l.srv.hooks() != 0 {
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
		if again && s.state != socketFree {
			l.again = append(l.again, c.slot)
		}
	}
}

// take uses what was read.
func (c conn) take(p []byte) {
	switch c.socket().state {
	case socketOpening:
		c.takeHead(p)
	case socketOpen:
		c.use(func(s session, now time.Duration) { s.receive(p, now) })
	}
}

// use runs f on the open session and sees to what follows from it.
func (c conn) use(f func(s session, now time.Duration)) {
	st := c.state()
	before := st.paused()
	f(c.session(), c.loop.now())
	switch after := st.paused(); {
	case after && !before:
		c.loop.paused++
	case before && !after:
		c.loop.paused--
	}
	if c.socket().state == socketOpen {
		c.setDue()
	}
}

func (c conn) setDue() {
	s := c.session()
	c.socket().due = s.due()
}

func (c conn) takeHead(p []byte) {
	var o opening
	st := c.state()
	if st.rare != nil {
		o = st.rare.opening
	}
	head, rest, refusal := o.take(p)
	switch {
	case refusal != nil:
		c.refuse(refusal)
	case head == nil:
		st.more().opening = o
	case targetPath(head) != c.loop.options.Path:
		c.handToHTTP(slices.Concat(head, rest))
	default:
		c.upgrade(head, rest)
	}
}

// upgrade opens the session, or has the filters decide whether to: subscriptions first, then the answer, so that
// whatever is published after the client sees it reaches the client.
func (c conn) upgrade(head, rest []byte) {
	u := &c.loop.admitting
	if refusal := u.admit(c.loop.srv, head, c.remote()); refusal != nil {
		c.refuse(refusal)
		return
	}
	switch asks, refusal := c.loop.srv.asks(u); {
	case refusal != nil:
		c.turnAway(refusal)
	case asks:
		c.ask(u, rest)
	default:
		c.open(u, rest)
	}
}

// open begins the session.
func (c conn) open(u *upgrade, rest []byte) {
	c.socket().state = socketOpen
	c.loop.shard.Open(c.slot)
	c.use(func(s session, now time.Duration) {
		err := s.begin(u)
		s.send(u.answer)
		if err != nil {
			s.fail(beginFailure(err))
			return
		}
		s.receive(rest, now)
	})
}

// ask has the filters decide about the handshake. Nothing of the loop waits for them.
func (c conn) ask(u *upgrade, rest []byte) {
	l, slot, a := c.loop, c.slot, newArrival(u, c.remote(), rest)
	s := c.socket()
	s.state, s.due = socketDeciding, l.now()+l.options.hookTimeout()
	c.state().rare = &rare{arrival: a}
	err := l.hooks.Connect(&a.Arrival, func(adm relay.Admission) {
		if !l.mail.post(func() { l.conn(slot).decided(a, adm) }) {
			l.unwanted(adm)
		}
	})
	if err != nil {
		c.turnAway(notAsked(err))
	}
}

// decided goes on with a handshake about which the filters have decided, if its client still waits: the slot may be a
// stranger's.
func (c conn) decided(a *arrival, adm relay.Admission) {
	if c.socket().state != socketDeciding || c.state().rare.arrival != a {
		c.loop.unwanted(adm)
		return
	}
	if refusal := a.judge(adm); refusal != nil {
		c.loop.unwanted(adm)
		c.turnAway(refusal)
		return
	}
	c.open(&a.upgrade, a.rest)
	c.loop.again = append(c.loop.again, c.slot) // no event tells of what came meanwhile
}

// turnAway refuses a handshake that was admitted.
func (c conn) turnAway(r *relay.Refusal) {
	c.giveUp()
	c.refuse(r)
}

// giveUp gives back the room of a handshake that was admitted, and no longer waits for the filters.
func (c conn) giveUp() {
	if r := c.state().rare; r != nil && r.arrival != nil {
		r.arrival.Gone.Store(true)
	}
	c.loop.srv.release()
}

// refuse answers in HTTP and closes.
func (c conn) refuse(r *relay.Refusal) {
	c.loop.srv.refused(r, c.remote())
	_, _ = send(int(c.socket().fd), refusalAnswer(r)) // fits any socket that has sent nothing yet
	c.linger()
}

// handToHTTP gives the connection, and what was read of it, to net/http.
func (c conn) handToHTTP(read []byte) {
	l, fd, remote := c.loop, int(c.socket().fd), c.remote()
	if !c.isNewest() {
		l.poll.remove(fd) // closing would not do it, as netConn duplicates the descriptor
	}
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
func (c conn) linger() {
	s := c.socket()
	if s.eof {
		c.loop.drop(c.slot, false)
		return
	}
	shutdownWrite(int(s.fd))
	s.state, s.due = socketLingering, c.loop.now()+closeTimeout
	*c.state() = state{}
	c.loop.again = append(c.loop.again, c.slot)
}

// lost says that no more bytes come: the client closed its half, or the connection failed.
func (c conn) lost(failed bool) {
	switch c.socket().state {
	case socketOpening, socketLingering:
		c.loop.drop(c.slot, failed)
	case socketDeciding:
		c.giveUp()
		c.loop.drop(c.slot, failed)
	case socketOpen:
		c.use(func(s session, _ time.Duration) { s.lost() })
	case socketClosing:
		if failed { // else the client may still read our close frame
			c.loop.shard.Close(c.slot, relay.ReasonGone, nil)
		}
	}
}

// closed ends what the shard has let go of.
func (c conn) closed(reason relay.CloseReason) {
	l, st := c.loop, c.state()
	if c.socket().state == socketOpen && st.paused() {
		l.paused--
	}
	l.srv.ended(l.stats, st.id, reason)
	s := c.session()
	s.depart()
	st.rare = nil // what is held is of no use to a client that is gone
	switch {
	case reason == relay.ReasonGone, reason == relay.ReasonSlow && c.socket().full: // nothing more reaches this client
		l.drop(c.slot, true)
	default:
		c.linger()
	}
}

// expire does what is due at now.
func (c conn) expire(now time.Duration) {
	switch c.socket().state {
	case socketOpening:
		c.loop.stats.timeouts.Add(1)
		if c.state().rare != nil { // it has begun
			_, _ = send(int(c.socket().fd), refusalAnswer(errTimeout)) // best effort
		}
		c.loop.drop(c.slot, false)
	case socketDeciding:
		c.turnAway(errUndecided)
	case socketLingering:
		c.loop.drop(c.slot, true)
	default:
		c.use(func(s session, _ time.Duration) { s.expire(now) })
		c.setDue()
	}
}

// leave closes with 1001; a connection whose request has not come yet is cut.
func (c conn) leave() {
	switch c.socket().state {
	case socketOpening:
		c.loop.drop(c.slot, false)
	case socketDeciding:
		c.turnAway(errStopping)
	case socketOpen:
		c.use(func(s session, _ time.Duration) { s.fail(&closeError{Reason: relay.ReasonShutdown}) })
	}
}

// abort ends the connection with the next pass; a socket that the shard does not know is left to the caller.
func (c conn) abort() {
	switch c.socket().state {
	case socketDeciding:
		c.giveUp()
		c.loop.drop(c.slot, true)
	case socketOpen:
		s := c.session()
		s.end(relay.ReasonShutdown, nil)
	case socketClosing:
		c.loop.shard.Close(c.slot, relay.ReasonShutdown, nil)
	}
}

func (c conn) remote() netip.AddrPort {
	if c.isNewest() {
		return c.loop.newest.remote
	}
	return peerAddr(int(c.socket().fd))
}
