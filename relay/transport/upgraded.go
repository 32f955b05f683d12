package transport

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// upgraded is the net.Conn that a relay.Client writes to. It puts the handshake's answer before whatever is written
// first: so subscriptions can take effect before the client sees the answer, and still no event overtakes it. Its Close
// closes only our half: the reader goroutine waits for the client's, then closes all (RFC 6455 §7.1.1).
type upgraded struct {
	net.Conn
	closed atomic.Bool

	mu     sync.Mutex
	answer []byte // guarded by mu; nil when written
}

// greet writes the answer unless a frame has taken it along.
func (u *upgraded) greet() error {
	_, err := u.Write(nil)
	return err
}

func (u *upgraded) Write(p []byte) (int, error) {
	if err := u.writeAnswer(); err != nil || len(p) == 0 {
		return 0, err
	}
	return u.Conn.Write(p)
}

func (u *upgraded) writeAnswer() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.answer == nil {
		return nil
	}
	_, err := u.Conn.Write(u.answer)
	u.answer = nil
	return err
}

// Close ends the stream towards the client and bounds how long its half may stay open.
func (u *upgraded) Close() error {
	if u.closed.Swap(true) {
		return nil
	}
	err := u.SetReadDeadline(time.Now().Add(closeTimeout))
	if half, ok := u.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return err
}
