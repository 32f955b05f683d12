package wsclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"eventrelay/relay"
	"eventrelay/relay/transport/deflate"
)

// message is the message being read. It survives a read that was interrupted anywhere.
type message struct {
	op       ws.OpCode // of the first frame; OpContinuation when there's none yet
	deflated bool      // the payload is compressed
	payload  []byte
	left     int64 // bytes of the current frame that have not come
	inFrame  bool
	fin      bool // the current frame is the last one
}

func (m *message) take() (relay.Kind, []byte) {
	kind, payload := relay.KindBinary, m.payload
	if m.op == ws.OpText {
		kind = relay.KindText
	}
	*m = message{}
	return kind, payload
}

// readFrame reads one frame, or what is left of one, and reports whether it completed a message.
func (c *Conn) readFrame(ctx context.Context) (done bool, err error) {
	if !c.in.inFrame {
		h, err := c.readHeader(ctx)
		if err != nil || h.OpCode.IsControl() {
			return false, err
		}
		if err := c.begin(h); err != nil {
			return false, err
		}
	}
	if err := c.readPayload(ctx); err != nil {
		return false, err
	}
	c.in.inFrame = false
	if c.in.fin && c.in.deflated {
		if err := c.inflateMessage(); err != nil {
			return false, err
		}
	}
	if c.in.fin && c.in.op == ws.OpText && !utf8.Valid(c.in.payload) {
		return false, &ProtocolError{CodeUTF8, "a text message that is not UTF-8"}
	}
	return c.in.fin, nil
}

// inflateMessage replaces the payload that has come by what it says.
func (c *Conn) inflateMessage() error {
	p, err := c.inflate.Inflate(c.in.payload, int(c.maxMessage))
	switch {
	case errors.Is(err, deflate.ErrTooBig):
		return c.tooBig()
	case err != nil:
		return &ProtocolError{CodeProtocol, "a compressed message that is not valid DEFLATE"}
	}
	c.in.payload = p
	return nil
}

func (c *Conn) tooBig() error {
	return &ProtocolError{CodeTooBig, fmt.Sprintf("a message larger than %s", c.maxMessage)}
}

// begin makes h the current data frame.
func (c *Conn) begin(h ws.Header) error {
	if h.OpCode != ws.OpContinuation {
		c.in.deflated = h.Rsv != 0
	}
	limit := int(c.maxMessage)
	if c.in.deflated {
		limit = deflate.Bound(limit)
	}
	if h.Length > int64(limit-len(c.in.payload)) {
		return c.tooBig()
	}
	if h.OpCode != ws.OpContinuation {
		// A declared length is believed up to 64 KiB before its bytes have come.
		c.in.op, c.in.payload = h.OpCode, make([]byte, 0, min(h.Length, 64<<10))
	}
	c.in.left, c.in.inFrame, c.in.fin = h.Length, true, h.Fin
	return nil
}

// readHeader reads a frame header, and for a control frame the whole frame, which it handles.
func (c *Conn) readHeader(ctx context.Context) (ws.Header, error) {
	p, err := c.peek(ctx, 2)
	if err != nil {
		return ws.Header{}, err
	}
	size := headerSize(p[1])
	if p, err = c.peek(ctx, size); err != nil {
		return ws.Header{}, err
	}
	h, err := parseHeader(p, c.in.op != ws.OpContinuation, c.inflate != nil)
	if err != nil {
		return h, err
	}
	if !h.OpCode.IsControl() {
		c.br.Discard(size)
		c.heard.Store(time.Now().UnixNano())
		return h, nil
	}
	if p, err = c.peek(ctx, size+int(h.Length)); err != nil {
		return h, err
	}
	body := append([]byte(nil), p[size:]...)
	c.br.Discard(len(p))
	c.heard.Store(time.Now().UnixNano())
	return h, c.control(h.OpCode, body)
}

func (c *Conn) control(op ws.OpCode, body []byte) error {
	switch op {
	case ws.OpPing:
		// A pong that can't be written is no reason to stop reading: what breaks writing shows there too.
		_ = c.write(context.Background(), ws.OpPong, body)
	case ws.OpClose:
		closed, err := parseClose(body)
		if err != nil {
			return err
		}
		return closed
	}
	return nil
}

func (c *Conn) readPayload(ctx context.Context) error {
	m := &c.in
	for m.left > 0 {
		if len(m.payload) == cap(m.payload) {
			m.payload = append(m.payload, 0)[:len(m.payload)]
		}
		free := m.payload[len(m.payload):min(int64(cap(m.payload)), int64(len(m.payload))+m.left)]
		n, err := c.read(ctx, free)
		m.payload = m.payload[:len(m.payload)+n]
		m.left -= int64(n)
		if err != nil {
			return err
		}
	}
	return nil
}

// rsv1 marks the first frame of a compressed message (RFC 7692 §6).
const rsv1 = 4

// headerSize returns the size of a header with this second byte (RFC 6455 §5.2).
func headerSize(b byte) int {
	size := 2
	switch b & 0x7f {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if b&0x80 != 0 {
		size += 4
	}
	return size
}

func parseHeader(p []byte, fragmented, deflated bool) (ws.Header, error) {
	state := ws.StateClientSide
	if fragmented {
		state = state.Set(ws.StateFragmented)
	}
	h, err := ws.ReadHeader(&byteReader{p})
	if err == nil {
		checked := h
		if first := h.OpCode == ws.OpText || h.OpCode == ws.OpBinary; first && deflated && h.Rsv == rsv1 {
			checked.Rsv = 0
		}
		err = ws.CheckHeader(checked, state)
	}
	if err == nil && (len(p) >= 4 && h.Length < 126 || len(p) >= 10 && h.Length <= math.MaxUint16) {
		err = ws.ProtocolError("a length in more bytes than it needs") // gobwas/ws lets it pass
	}
	if err != nil {
		return h, &ProtocolError{CodeProtocol, err.Error()}
	}
	return h, nil
}

type byteReader struct{ p []byte }

func (r *byteReader) Read(p []byte) (int, error) {
	n := copy(p, r.p)
	r.p = r.p[n:]
	return n, nil
}

// peek returns the next n bytes without taking them, so that an interrupted read loses nothing.
func (c *Conn) peek(ctx context.Context, n int) ([]byte, error) {
	if c.br.Buffered() < n { // else it can't block, and the interruption need not be armed
		defer interrupt(ctx, c.conn.SetReadDeadline)()
	}
	p, err := c.br.Peek(n)
	if err == io.EOF {
		err = fmt.Errorf("the connection was lost: %w", io.ErrUnexpectedEOF)
	}
	return p, err
}

func (c *Conn) read(ctx context.Context, p []byte) (int, error) {
	if c.br.Buffered() == 0 {
		defer interrupt(ctx, c.conn.SetReadDeadline)()
	}
	n, err := c.br.Read(p)
	if err == io.EOF {
		err = fmt.Errorf("the connection was lost: %w", io.ErrUnexpectedEOF)
	}
	return n, err
}
