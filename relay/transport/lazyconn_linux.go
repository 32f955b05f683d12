package transport

import (
	"cmp"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lazyConn is a TCP connection whose deadlines cost nothing until a call has to wait: net/http sets eight of them per
// request, and hardly a request waits for anything. Its calls try the socket first, by raw system calls, since a
// non-blocking socket needs no hand-over of the P. A deadline bounds waiting and nothing else: the clock is not asked
// about a call that need not wait.
type lazyConn struct {
	*net.TCPConn
	raw     syscall.RawConn
	in, out direction
}

// direction is one of the two a connection has: it reads or it writes.
type direction struct {
	// Set at construction.
	wait     func(func(fd uintptr) bool) error // calls until true is returned, waiting for readiness or the socket's deadline
	arm      func(time.Time) error             // sets the socket's deadline
	try      func(fd uintptr) bool
	patience time.Duration // how long a call may wait for which no deadline was asked; 0: for ever

	// Guarded by use: the call in hand.
	use    sync.Mutex
	p      []byte
	n      int
	err    error
	waited bool

	// Who sets due looks at waiting afterwards, and who is about to wait looks at due after it has set waiting.
	due     atomic.Int64 // the deadline that was asked for, a moment
	waiting atomic.Bool

	// Guarded by mu, which may be taken while use is held.
	mu    sync.Mutex
	armed int64 // the socket's deadline, a moment: none, or one that may be sooner than due, never later while a call waits
	limit int64 // the moment at which patience ends; 0: the call in hand has not waited yet
}

// began is what moments count from: a moment is a time in nanoseconds since then, and 0 is none.
var began = time.Now()

func momentOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return cmp.Or(int64(t.Sub(began)), 1)
}

func timeOf(moment int64) time.Time {
	if moment == 0 {
		return time.Time{}
	}
	return began.Add(time.Duration(moment))
}

// mostAtOnce bounds the bytes of one raw write, as the runtime cannot stop a thread in it.
const mostAtOnce = 64 << 10

func newLazyConn(c *net.TCPConn) (*lazyConn, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	l := &lazyConn{TCPConn: c, raw: raw}
	l.in.wait, l.in.arm = raw.Read, c.SetReadDeadline
	l.in.try = func(fd uintptr) bool { // NOTE: made once, as a closure made per call would escape.
		l.in.n, l.in.err = recv(int(fd), l.in.p)
		return !errors.Is(l.in.err, unix.EAGAIN) || !l.in.mayWait()
	}
	l.out.wait, l.out.arm = raw.Write, c.SetWriteDeadline
	l.out.try = func(fd uintptr) bool {
		for len(l.out.p) > 0 {
			n, err := send(int(fd), l.out.p[:min(len(l.out.p), mostAtOnce)])
			l.out.n, l.out.p = l.out.n+n, l.out.p[n:]
			if l.out.err = err; err != nil {
				return true
			}
			if n == 0 {
				return !l.out.mayWait()
			}
		}
		return true
	}
	return l, nil
}

// Read implements net.Conn.
func (l *lazyConn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := l.in.call(p)
	if n == 0 && err == nil {
		return 0, io.EOF
	}
	return n, l.explain("read", err)
}

// Write implements net.Conn.
func (l *lazyConn) Write(p []byte) (int, error) {
	n, err := l.out.call(p)
	return n, l.explain("write", err)
}

// SetReadDeadline implements net.Conn.
func (l *lazyConn) SetReadDeadline(t time.Time) error { return l.in.set(t) }

// SetWriteDeadline implements net.Conn.
func (l *lazyConn) SetWriteDeadline(t time.Time) error { return l.out.set(t) }

// SetDeadline implements net.Conn.
func (l *lazyConn) SetDeadline(t time.Time) error { return errors.Join(l.in.set(t), l.out.set(t)) }

// setWritePatience implements patientWriter.
func (l *lazyConn) setWritePatience(d time.Duration) { l.out.patience = d }

// explain gives err the form that net/http knows errors of connections by.
func (l *lazyConn) explain(op string, err error) error {
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	if errors.Is(err, net.ErrClosed) {
		err = net.ErrClosed
	}
	return &net.OpError{Op: op, Net: "tcp", Source: l.LocalAddr(), Addr: l.RemoteAddr(), Err: err}
}

// set asks for a deadline. A call that waits learns of an earlier one at once, and of a later one when its own passes.
func (d *direction) set(t time.Time) error {
	d.due.Store(momentOf(t))
	if !d.waiting.Load() {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.hasten()
}

// end returns the moment until which the call in hand may wait. It needs mu.
func (d *direction) end() int64 {
	due := d.due.Load()
	if due != 0 || d.patience == 0 {
		return due
	}
	if d.limit == 0 {
		d.limit = momentOf(time.Now().Add(d.patience))
	}
	return d.limit
}

// hasten sees to it that the socket's deadline is not later than the end. It needs mu.
func (d *direction) hasten() error {
	end := d.end()
	if end == 0 || d.armed != 0 && end >= d.armed {
		return nil
	}
	d.armed = end
	return d.arm(timeOf(end))
}

// call takes p through one Read or Write.
func (d *direction) call(p []byte) (int, error) {
	d.use.Lock()
	defer d.use.Unlock()
	if d.due.Load() < 0 { // before the program began: net/http's way to stop a read, for which no clock is needed
		return 0, os.ErrDeadlineExceeded
	}
	d.p, d.n, d.err = p, 0, nil
	err := d.wait(d.try)
	for errors.Is(err, os.ErrDeadlineExceeded) && !d.passed() {
		err = d.wait(d.try)
	}
	d.p = nil
	if d.waited {
		d.rest()
	}
	return d.n, cmp.Or(err, d.err)
}

// passed reports whether the end has passed. The socket's deadline, which fired, may have been another: then it is set
// anew.
func (d *direction) passed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	end := d.end()
	if end != 0 && end <= momentOf(time.Now()) {
		return true
	}
	d.armed = end
	_ = d.arm(timeOf(end)) // fails on a closed socket, as the call will
	return false
}

// mayWait prepares for waiting. It reports false when that cannot be.
func (d *direction) mayWait() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waited = true
	d.waiting.Store(true)
	d.err = d.hasten()
	return d.err == nil
}

// rest ends a call that waited: from now on nobody need hurry it.
func (d *direction) rest() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting.Store(false)
	d.waited, d.limit = false, 0
}
