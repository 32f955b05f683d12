package transport

import (
	"cmp"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lazyConn is a TCP connection whose deadlines cost nothing until a call has to wait: net/http sets eight of them per
// request, and hardly a request waits for anything. Its calls try the socket first, by raw system calls, since a
// non-blocking socket needs no hand-over of the P.
type lazyConn struct {
	*net.TCPConn
	raw     syscall.RawConn
	in, out direction
}

// direction is one of the two a connection has: it reads or it writes.
type direction struct {
	// Set at construction.
	wait func(func(fd uintptr) bool) error // calls until true is returned, waiting for readiness or the socket's deadline
	arm  func(time.Time) error             // sets the socket's deadline
	try  func(fd uintptr) bool

	// Guarded by use: the call in hand.
	use sync.Mutex
	p   []byte
	n   int
	err error

	// Guarded by mu, which may be taken while use is held.
	mu      sync.Mutex
	due     time.Time // the deadline that was asked for
	armed   time.Time // the socket's: none, or one that may be sooner than due, never later while a call waits
	waiting bool
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
		l.in.woken()
		l.in.n, l.in.err = recv(int(fd), l.in.p)
		return !errors.Is(l.in.err, unix.EAGAIN) || !l.in.mayWait()
	}
	l.out.wait, l.out.arm = raw.Write, c.SetWriteDeadline
	l.out.try = func(fd uintptr) bool {
		l.out.woken()
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
	d.mu.Lock()
	defer d.mu.Unlock()
	d.due = t
	if d.waiting {
		return d.hasten()
	}
	return nil
}

// hasten sees to it that the socket's deadline is not later than due. It needs mu.
func (d *direction) hasten() error {
	if d.due.IsZero() || !d.armed.IsZero() && !d.due.Before(d.armed) {
		return nil
	}
	d.armed = d.due
	return d.arm(d.armed)
}

// call takes p through one Read or Write.
func (d *direction) call(p []byte) (int, error) {
	d.use.Lock()
	defer d.use.Unlock()
	d.p, d.n, d.err = p, 0, nil
	for fired := false; !d.passed(fired); fired = true {
		if err := d.wait(d.try); !errors.Is(err, os.ErrDeadlineExceeded) {
			d.woken()
			d.p = nil
			return d.n, cmp.Or(err, d.err)
		}
	}
	d.p = nil
	return d.n, os.ErrDeadlineExceeded
}

// passed reports whether due has passed. The socket's deadline that fired may have been another: then it is set anew.
func (d *direction) passed(fired bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting = false
	if !d.due.IsZero() && !d.due.After(time.Now()) {
		return true
	}
	if fired {
		d.armed = d.due
		_ = d.arm(d.armed) // fails on a closed socket, as the call will
	}
	return false
}

// mayWait prepares for waiting. It reports false when that cannot be.
func (d *direction) mayWait() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting = true
	d.err = d.hasten()
	return d.err == nil
}

// woken ends what mayWait began: from now on nobody need hurry the call.
func (d *direction) woken() {
	if !d.waiting { // NOTE: only the call in hand writes it.
		return
	}
	d.mu.Lock()
	d.waiting = false
	d.mu.Unlock()
}
