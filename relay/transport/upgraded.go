package transport

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// upgraded is the net.Conn that a relay.Client writes to. It puts the handshake's answer before whatever is written
// first: so subscriptions can take effect before the client sees the answer, and still no event overtakes it.
type upgraded struct {
	net.Conn
	rude   atomic.Bool // nothing more reaches this client, so there is no close frame to wait for
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

// Close ends the connection. After a close frame it closes only our half, for the reader goroutine to wait a little for
// the client's (RFC 6455 §7.1.1): closing all would reset the connection if the client has sent more, and the frame
// would be lost. Without one nothing more reaches this client, and what the kernel holds for it is freed.
func (u *upgraded) Close() error {
	if u.closed.Swap(true) {
		return nil
	}
	half, ok := u.Conn.(interface{ CloseWrite() error })
	if ok && !u.rude.Load() {
		_ = u.SetReadDeadline(time.Now().Add(closeTimeout))
		if half.CloseWrite() == nil {
			return nil
		}
	}
	discardUnsent(u.Conn)
	return u.Conn.Close()
}

// discardUnsent has Close free what the kernel still holds for the client.
func discardUnsent(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}
