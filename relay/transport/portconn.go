package transport

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"eventrelay/relay"
)

// readBuffer is what a connection of the portable driver reads into.
const readBuffer = 4 << 10

// portConn is a connection of the portable driver, and the peer of its session.
type portConn struct {
	// Set at construction.
	driver *portable
	raw    net.Conn

	// Owned by run. Out and client do not change once the session is open.
	admitted *upgrade // nil until the head was read and admitted
	early    []byte   // what followed the head
	out      *upgraded
	client   relay.Client
	ready    chan struct{} // capacity 1; never closed

	mu    sync.Mutex
	state state // guarded by mu
	open  bool  // guarded by mu: the session has begun
}

// session is the connection's protocol. Its methods need mu, and that begin has returned true.
func (c *portConn) session() *session {
	return &session{core: c.driver.core, state: &c.state, peer: c}
}

// run carries the connection from its first byte to its last.
func (c *portConn) run() {
	if c.admitted == nil && !c.readHead() {
		return // refused, lost, or net/http's
	}
	if !c.decide() {
		return
	}
	if !c.begin() {
		return
	}
	c.receive(c.early, c.greet())
	c.read()
	c.finish()
}

// abandon lets go of a connection that came too late.
func (c *portConn) abandon() {
	if c.admitted != nil {
		c.driver.srv.release()
	}
	_ = c.raw.Close()
}

// readHead reads the request's head and reports whether it was admitted as a WebSocket.
func (c *portConn) readHead() bool {
	_ = c.raw.SetReadDeadline(time.Now().Add(c.driver.options.HandshakeTimeout))
	var o opening
	buf := make([]byte, readBuffer)
	for {
		n, err := c.raw.Read(buf)
		head, rest, refusal := o.take(buf[:n])
		switch {
		case refusal != nil:
			c.refuse(refusal)
			return false
		case head != nil:
			return c.route(head, rest)
		case err != nil:
			c.cut(err, len(o.bytes) > 0)
			return false
		}
	}
}

// cut closes a connection whose head did not come.
func (c *portConn) cut(err error, begun bool) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.driver.stats.timeouts.Add(1)
		if begun {
			c.answer(refusalAnswer(errTimeout))
		}
	}
	_ = c.raw.Close()
}

// route hands a request that is not for the WebSocket path to net/http, and judges one that is.
func (c *portConn) route(head, rest []byte) bool {
	srv := c.driver.srv
	if targetPath(head) != srv.options.Path {
		_ = c.raw.SetReadDeadline(time.Time{}) // net/http sets its own
		if !srv.http.hand(c.raw, slices.Concat(head, rest)) {
			c.refuse(errUnavailable)
		}
		return false
	}
	u := new(upgrade)
	if refusal := u.admit(srv, head, c.Remote(0)); refusal != nil {
		c.refuse(refusal)
		return false
	}
	c.admitted, c.early = u, slices.Clone(rest)
	return true
}

// refuse answers in HTTP and closes.
func (c *portConn) refuse(r *relay.Refusal) {
	c.driver.srv.refused(r, c.Remote(0))
	c.answer(refusalAnswer(r))
	if half, ok := c.raw.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_ = c.raw.SetReadDeadline(time.Now().Add(closeTimeout))
		_, _ = io.Copy(io.Discard, c.raw) // so that unread bytes do not reset the connection before the answer is read
	}
	_ = c.raw.Close()
}

func (c *portConn) answer(b []byte) {
	_ = c.raw.SetWriteDeadline(time.Now().Add(closeTimeout))
	_, _ = c.raw.Write(b) // best effort: the connection closes either way
}

// begin opens the session; the handshake is not answered yet.
func (c *portConn) begin() bool {
	_ = c.raw.SetReadDeadline(time.Time{})
	var err error
	c.out = &upgraded{Conn: c.raw, answer: c.admitted.answer}
	if c.client, err = c.driver.srv.deps.Connect(c.out); err != nil {
		if c.admitted.visit != nil {
			c.driver.hooks.Leave(c.admitted.visit)
		}
		c.driver.srv.release()
		c.refuse(&relay.Refusal{Status: http.StatusServiceUnavailable, Reason: "the relay cannot take this connection now"})
		return false
	}
	c.ready = make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = true
	s := c.session()
	switch err := s.begin(c.admitted); {
	case err != nil:
		s.fail(beginFailure(err))
	case c.driver.srv.stopping.Load(): // a drain may have looked at all connections before this one was open
		s.fail(&closeError{Reason: relay.ReasonShutdown})
	}
	c.admitted = nil
	return true
}

// greet answers the handshake. It must not hold mu: a client that upgrades a kept-alive connection without reading what
// it was answered before may leave no room for this answer, and whoever looks at all connections would wait for it.
func (c *portConn) greet() error {
	_ = c.raw.SetWriteDeadline(time.Now().Add(c.driver.options.HandshakeTimeout)) // the relay.Client sets its own
	return c.out.greet()
}

// read reads until the connection ends. What came with the handshake may have to wait already.
func (c *portConn) read() {
	buf := make([]byte, readBuffer)
	for {
		c.awaitReady()
		n, err := c.raw.Read(buf)
		c.receive(buf[:n], err)
		if err != nil {
			return
		}
	}
}

func (c *portConn) receive(p []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.out.closed.Load(): // we only wait for the client to close its half
	case err != nil:
		c.session().lost()
	case len(p) > 0:
		c.session().receive(p, c.driver.now())
	}
}

// awaitReady waits while an event of this client has no room before the filters, or a subscription waits for them: nothing
// is read meanwhile.
func (c *portConn) awaitReady() {
	for c.paused() {
		select {
		case <-c.ready:
			c.mu.Lock()
			c.session().resume(c.driver.now())
			c.mu.Unlock()
		case <-c.client.Done():
			return
		}
	}
}

func (c *portConn) paused() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.paused()
}

// finish waits for the client's goroutine and accounts for the end.
func (c *portConn) finish() {
	c.client.Close(relay.ReasonGone, nil)
	<-c.client.Done()
	if c.client.Reason() == relay.ReasonSlow { // it has had its time to read
		discardUnsent(c.raw)
	}
	_ = c.raw.Close()
	c.mu.Lock()
	c.session().depart() // mostly it has; a relay.Client may end by itself
	c.mu.Unlock()
	c.driver.srv.ended(c.driver.stats, c.state.id, c.client.Reason())
}

// expire does what is due.
func (c *portConn) expire(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open && !c.out.closed.Load() && c.session().due() <= now {
		c.session().expire(now)
	}
}

// leave closes with 1001; a connection whose request has not come yet is cut.
func (c *portConn) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open {
		c.session().fail(&closeError{Reason: relay.ReasonShutdown})
		return
	}
	_ = c.raw.SetReadDeadline(time.Now())
}

// abort ends the connection at once.
func (c *portConn) abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open {
		c.session().end(relay.ReasonShutdown, nil)
	}
	_ = c.raw.Close()
}

// As a peer, a portConn is its session's alone, and needs no slot to find itself.

func (c *portConn) Subscribe(_ relay.Slot, s relay.Subscription, f relay.Form) error {
	return c.client.SubscribeAs(s, f)
}

func (c *portConn) Unsubscribe(_ relay.Slot, name relay.Pattern, f relay.Form) bool {
	return c.client.Unsubscribe(name, f)
}

func (c *portConn) Patterns(relay.Slot) []relay.Pattern { return c.client.Patterns() }

func (c *portConn) Send(_ relay.Slot, frame []byte) error { return c.client.Send(frame) }

// Close implements peer. Without a frame nothing is worth waiting for, so the socket goes at once.
func (c *portConn) Close(_ relay.Slot, reason relay.CloseReason, frame []byte) {
	c.out.rude.Store(frame == nil)
	c.client.Close(reason, frame)
	if frame == nil {
		_ = c.raw.Close()
	}
}

func (c *portConn) Remote(relay.Slot) netip.AddrPort {
	if a, ok := c.raw.RemoteAddr().(*net.TCPAddr); ok {
		return unmap(a.AddrPort())
	}
	return netip.AddrPort{}
}

// Reply implements peer. It must not lock mu: a publisher may answer from within Submit.
func (c *portConn) Reply(_ relay.Slot, _ ConnID, frame []byte) {
	if err := c.client.Send(frame); errors.Is(err, relay.ErrOutbox) {
		c.Close(0, relay.ReasonOutbox, closeFrame(sendFailure(err)))
	}
}

func (c *portConn) Ready(relay.Slot, ConnID) {
	select {
	case c.ready <- struct{}{}:
	default: // one is enough
	}
}
