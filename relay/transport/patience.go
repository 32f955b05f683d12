package transport

import (
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// patientWriter is a net.Conn that bounds by itself how long a Write waits for which no deadline was asked.
type patientWriter interface {
	net.Conn
	// setWritePatience must precede the first Write.
	setWritePatience(d time.Duration)
}

// withPatience returns c, each Write of which takes d at most unless a deadline is set. Unlike http.Server's
// WriteTimeout it does not count the time in which a request is handled, so that handlers need not ask for more; and
// where c can do it by itself, a Write that need not wait costs no look at the clock.
func withPatience(c net.Conn, d time.Duration) net.Conn {
	if own, ok := c.(patientWriter); ok {
		own.setWritePatience(d)
		return c
	}
	return &patientConn{Conn: c, patience: d}
}

// patientConn is a net.Conn with patience.
type patientConn struct {
	net.Conn
	patience time.Duration
	bounded  atomic.Bool // a deadline was asked for
}

func (p *patientConn) Write(b []byte) (int, error) {
	if !p.bounded.Load() {
		if err := p.Conn.SetWriteDeadline(time.Now().Add(p.patience)); err != nil {
			return 0, err
		}
	}
	return p.Conn.Write(b)
}

func (p *patientConn) SetWriteDeadline(t time.Time) error {
	p.bounded.Store(!t.IsZero())
	return p.Conn.SetWriteDeadline(t)
}

func (p *patientConn) SetDeadline(t time.Time) error {
	p.bounded.Store(!t.IsZero())
	return p.Conn.SetDeadline(t)
}

// CloseWrite implements what net.TCPConn has beyond net.Conn, and lingering needs.
func (p *patientConn) CloseWrite() error { return closeWrite(p.Conn) }

func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
