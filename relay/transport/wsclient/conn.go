package wsclient

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"eventrelay/relay"
	"eventrelay/relay/transport/deflate"
)

// Conn is an open connection. One goroutine may read while others write and one closes. Forgetting Close leaks the
// socket until the peer ends it.
type Conn struct {
	// Set at construction.
	conn         net.Conn
	subprotocol  string
	inflate      *deflate.Pool // nil without permessage-deflate
	maxMessage   relay.Size
	writeTimeout time.Duration

	closing atomic.Bool  // Close was called
	heard   atomic.Int64 // Unix ns of the last frame

	// Guarded by reading.
	reading sync.Mutex
	br      *bufio.Reader
	in      message
	readErr error // sticky

	// Guarded by writing.
	writing  sync.Mutex
	out      bytes.Buffer
	writeErr error // sticky
}

func newConn(conn net.Conn, br *bufio.Reader, subprotocol string, compressed bool, o Options) *Conn {
	c := &Conn{conn: conn, br: br, subprotocol: subprotocol, maxMessage: o.MaxMessage, writeTimeout: o.WriteTimeout}
	if compressed {
		c.inflate = deflate.NewPool(1)
	}
	c.heard.Store(time.Now().UnixNano())
	return c
}

// Subprotocol returns the subprotocol the server chose, or "".
func (c *Conn) Subprotocol() string { return c.subprotocol }

// Compressed reports whether the server may send compressed messages.
func (c *Conn) Compressed() bool { return c.inflate != nil }

// LocalAddr returns the address of this end.
func (c *Conn) LocalAddr() net.Addr { return c.conn.LocalAddr() }

// Heard returns when the last frame came. Together with Ping it tells a silent server from a dead one. Only ReadMessage
// takes frames.
func (c *Conn) Heard() time.Time { return time.Unix(0, c.heard.Load()) }

// ReadMessage waits for the next message and returns its kind, relay.KindText or relay.KindBinary, and its payload,
// which is the caller's. Pings are answered on the way. When ctx ends it returns ctx's error, and the connection
// stays usable: nothing that has come is lost. Other errors are final: *CloseError, *ProtocolError, ErrClosed, or what
// the socket says.
func (c *Conn) ReadMessage(ctx context.Context) (relay.Kind, []byte, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, nil, err
	}
	for c.readErr == nil {
		done, err := c.readFrame(ctx)
		switch {
		case err == nil && done:
			kind, payload := c.in.take()
			return kind, payload, nil
		case err != nil && ctx.Err() != nil && errors.Is(err, os.ErrDeadlineExceeded):
			return 0, nil, ctx.Err()
		case err != nil:
			c.readErr = c.end(err)
		}
	}
	return 0, nil, c.readErr
}

// end closes the socket after a final read error, with the close frame that the error calls for.
func (c *Conn) end(err error) error {
	if closed, ok := errors.AsType[*CloseError](err); ok {
		c.sendClose(closed.Code, "") // RFC 6455 §5.5.1: the answer echoes the code
	} else if broke, ok := errors.AsType[*ProtocolError](err); ok {
		c.sendClose(broke.Code, broke.Reason)
	} else if c.closing.Load() {
		err = ErrClosed
	}
	c.conn.Close()
	return err
}

// Close sends a close frame, waits for the peer's (at most the write timeout; a peer that is heard no more is not
// waited for longer), and closes the socket. Messages still on the way are dropped. Code 1005 sends a frame without a
// code. It may be called twice, and beside a ReadMessage, which then ends.
func (c *Conn) Close(code int, reason string) error {
	if c.closing.Swap(true) {
		return nil
	}
	defer c.conn.Close()
	if err := c.sendClose(code, reason); err != nil {
		return nil // the peer was first, or the socket broke: there's nothing left to wait for
	}
	deadline := time.Now().Add(c.writeTimeout)
	c.conn.SetReadDeadline(deadline) // for a ReadMessage that is under way
	c.reading.Lock()
	defer c.reading.Unlock()
	c.conn.SetReadDeadline(deadline) // again, as that ReadMessage may have reset it
	for c.readErr == nil {
		if done, err := c.readFrame(context.Background()); err != nil {
			c.readErr = ErrClosed
		} else if done {
			c.in.take()
		}
	}
	return nil
}

// CloseNow closes the socket without a close frame: the peer sees the connection lost.
func (c *Conn) CloseNow() error {
	c.closing.Store(true)
	return c.conn.Close()
}

func (c *Conn) sendClose(code int, reason string) error {
	return c.writeLast(ws.OpClose, closeBody(code, reason))
}
