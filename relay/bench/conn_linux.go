package bench

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"

	"eventrelay/relay/transport/wsclient"
)

// conn is one connection, owned by the loop.
type conn struct {
	stream
	id    int // its place among the conns, and its epoll data
	fd    int
	state state
	role  role
	topic int
	pub   *publisher // nil: a subscriber
	begun int64

	in    []byte // received, and not yet a whole frame or answer
	out   []byte // to be sent
	outAt int    // how much of it was
	armed bool   // EPOLLOUT is asked for
}

type state uint8

const (
	idle state = iota
	connecting
	shaking
	open
	gone
)

// Events that the poller tells of.
const (
	wantConnected = unix.EPOLLOUT
	wantInput     = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET // by edges, the kernel looks at each socket once
	wantEnd       = unix.EPOLLRDHUP                               // of those who don't read, or not at once
	isEnd         = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
)

// handle does what an event calls for.
func (r *runner) handle(c *conn, events uint32) {
	switch c.state {
	case connecting:
		r.connected(c)
		return
	case shaking:
		r.shake(c)
		return
	case open:
	default:
		return
	}
	if events&unix.EPOLLOUT != 0 && r.flush(c) && c.pub != nil {
		r.feed(c.pub)
	}
	switch {
	case c.role == reader && events&(unix.EPOLLIN|isEnd) != 0:
		r.drainSocket(c, events&isEnd != 0)
	case c.role != reader && events&isEnd != 0:
		r.lost(c, r.lastWords(c))
	}
}

// lastWords returns why a laggard's connection ended, which it may not have read up to.
func (r *runner) lastWords(c *conn) error {
	if err := socketError(c.fd); err != nil {
		return err
	}
	return io.EOF
}

// readRoom is the least that is read at once.
const readRoom = 256 << 10

// drainSocket reads all that has come: the poller tells of it only once. Less than was asked for is all; only the end of
// the stream hides behind it.
func (r *runner) drainSocket(c *conn, ended bool) {
	for c.state == open {
		if all := r.read(c, readRoom); !all {
			continue
		}
		if !ended {
			return
		}
		ended = false // one more read finds it
	}
}

// read takes what has come, at most limit bytes, and reports whether that was all.
func (r *runner) read(c *conn, limit int) (all bool) {
	kept := len(c.in)
	n, ok := r.receive(c, limit)
	if !ok {
		return true
	}
	all = n-kept < limit
	if c.pub != nil && c.pub.posts {
		r.answers(c, r.buf[:n])
		return all
	}
	used, err := r.scan.scan(&c.stream, r.buf[:n])
	c.in = append(c.in[:0], r.buf[used:n]...)
	if err != nil {
		r.lost(c, err)
		return true
	}
	if len(c.reply) > 0 {
		c.out = append(c.out, c.reply...)
		c.reply = c.reply[:0]
		r.flush(c)
	}
	return all
}

// receive puts what was left over and what has come into the buffer, and returns how much that is.
func (r *runner) receive(c *conn, limit int) (int, bool) {
	kept := len(c.in)
	if len(r.buf) < kept+readRoom {
		r.buf = make([]byte, 2*kept+readRoom)
	}
	copy(r.buf, c.in)
	n, err := recv(c.fd, r.buf[kept:min(kept+limit, len(r.buf))])
	switch {
	case err != nil:
		r.lost(c, err)
		return 0, false
	case n == 0:
		r.lost(c, io.EOF)
		return 0, false
	case n < 0:
		return 0, false
	}
	r.seen.bytesIn += int64(n)
	r.seen.reads++
	r.scan.now = r.clock()
	return kept + n, true
}

// flush sends what waits and reports whether all of it went.
func (r *runner) flush(c *conn) bool {
	for c.outAt < len(c.out) {
		n, err := send(c.fd, c.out[c.outAt:])
		if err != nil {
			r.lost(c, err)
			return false
		}
		if n == 0 {
			r.arm(c, true)
			return false
		}
		c.outAt += n
		r.seen.bytesOut += int64(n)
	}
	c.out, c.outAt = c.out[:0], 0
	r.arm(c, false)
	return true
}

// arm asks to be told when there is room to send again.
func (r *runner) arm(c *conn, on bool) {
	if c.armed == on || c.state != open {
		return
	}
	c.armed = on
	events := uint32(wantInput)
	if c.role != reader {
		events = wantEnd
	}
	if on {
		events |= unix.EPOLLOUT
	}
	r.poller.modify(c.fd, c.id, events)
}

// lost takes note of a connection that ended. Those without which there is no run end it.
func (r *runner) lost(c *conn, err error) {
	was := c.state
	r.hangUp(c, err)
	if r.leaving || was == gone {
		return
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("the server closed the connection without a close frame")
	}
	switch {
	case c.pub != nil || !r.primed:
		r.fail(fmt.Errorf("%s: %w", r.name(c), err))
	case c.role == stuck:
		r.note(&r.cut[stuck], err)
	case c.role == slow:
		r.note(&r.cut[slow], err)
	default:
		r.note(&r.cut[reader], err)
		r.book.leave(c.subscriber)
		if r.readers--; r.readers == 0 {
			r.fail(fmt.Errorf("the server went away; its last words: %w", err))
		}
	}
}

func (r *runner) note(reasons *map[string]int, err error) {
	if *reasons == nil {
		*reasons = map[string]int{}
	}
	(*reasons)[err.Error()]++
}

// hangUp closes the socket, with the closing handshake's second half if the server began one.
func (r *runner) hangUp(c *conn, err error) {
	if c.state == gone || c.state == idle {
		return
	}
	c.state = gone
	r.held--
	if closed, ok := errors.AsType[*wsclient.CloseError](err); ok {
		_, _ = send(c.fd, appendClose(nil, r.scan.mask, closed.Code)) // if it can't be sent, nobody needs it
		_ = unix.Close(c.fd)
		return
	}
	abort(c.fd)
}

func appendClose(dst []byte, mask uint32, code int) []byte {
	if code == wsclient.CodeNoStatus {
		return appendFrame(dst, opClose, mask, nil)
	}
	return appendFrame(dst, opClose, mask, []byte{byte(code >> 8), byte(code)})
}

// name is how an error calls a connection.
func (r *runner) name(c *conn) string {
	if c.pub != nil {
		return fmt.Sprintf("publisher %d of %d", c.id-len(r.plan.roles)+1, r.o.Publishers)
	}
	return fmt.Sprintf("connection %d of %d", c.id+1, r.o.Connections)
}
