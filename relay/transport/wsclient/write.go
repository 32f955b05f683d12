package wsclient

import (
	"bytes"
	"context"
	"time"

	"github.com/gobwas/ws"
)

// WriteText sends p, which must be UTF-8, as a text message. When it returns an error, part of the frame may have been
// sent, and nothing more can be written.
func (c *Conn) WriteText(ctx context.Context, p []byte) error { return c.write(ctx, ws.OpText, p) }

// WriteBinary sends p as a binary message. On errors see WriteText.
func (c *Conn) WriteBinary(ctx context.Context, p []byte) error { return c.write(ctx, ws.OpBinary, p) }

// Ping sends a ping with at most 125 bytes. It does not wait for the pong; Heard tells that something came.
func (c *Conn) Ping(ctx context.Context, p []byte) error {
	return c.write(ctx, ws.OpPing, p[:min(len(p), ws.MaxControlFramePayloadSize)])
}

func (c *Conn) write(ctx context.Context, op ws.OpCode, p []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.writeFrame(ctx, op, p)
}

// writeLast writes a frame after which there's none.
func (c *Conn) writeLast(op ws.OpCode, p []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	err := c.writeFrame(context.Background(), op, p)
	if err == nil {
		c.writeErr = ErrClosed
	}
	return err
}

func (c *Conn) writeFrame(ctx context.Context, op ws.OpCode, p []byte) error {
	if c.writeErr != nil {
		return c.writeErr
	}
	if err := ctx.Err(); err != nil {
		return err // nothing was written: the connection stays usable
	}
	c.conn.SetWriteDeadline(time.Now().Add(c.writeTimeout))
	release := interrupt(ctx, c.conn.SetWriteDeadline)
	_, err := c.conn.Write(c.frame(op, p))
	release()
	if err == nil {
		return nil
	}
	c.writeErr = ErrClosed
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// frame encodes one masked frame (RFC 6455 §5.3) into c.out.
func (c *Conn) frame(op ws.OpCode, p []byte) []byte {
	const keep = 64 << 10
	if c.out.Cap() > keep && len(p) < keep {
		c.out = bytes.Buffer{}
	}
	c.out.Reset()
	h := ws.Header{Fin: true, OpCode: op, Length: int64(len(p)), Masked: true, Mask: ws.NewMask()}
	_ = ws.WriteHeader(&c.out, h) // a bytes.Buffer takes every write
	start := c.out.Len()
	c.out.Write(p)
	ws.Cipher(c.out.Bytes()[start:], h.Mask, 0)
	return c.out.Bytes()
}
