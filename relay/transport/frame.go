package transport

import (
	"encoding/binary"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"eventrelay/relay"
	"eventrelay/relay/transport/deflate"
)

// maxFragments bounds the frames of one message: without it, empty fragments keep a message open at no cost.
const maxFragments = 1024

// message is one complete data message, or one control frame. Its payload is unmasked; it may lie in the bytes that
// were read, so it is valid until the next read.
type message struct {
	op      ws.OpCode
	payload []byte
	packed  int // bytes that payload was inflated from; 0 if it came as it is
}

// reader makes messages of a client's bytes, in any split. Between messages it holds no buffer, and within one it
// grows by the bytes received, never by a length that was only announced.
type reader struct {
	part *partial
}

// rules are what a reader holds messages to.
type rules struct {
	limit   int           // bytes of the largest message, inflated
	inflate *deflate.Pool // nil when permessage-deflate was not negotiated
}

// rsv1 marks the first frame of a compressed message (RFC 7692 §6).
const rsv1 = 4

// partial is what a reader holds of a message or frame that is not complete.
type partial struct {
	head  [ws.MaxHeaderSize]byte // of the next frame, as far as it came
	heads int

	frame ws.Header // being read, while left > 0
	left  int       // bytes of frame's payload still to come

	op        ws.OpCode // of the message being read; 0 between messages
	deflated  bool      // it is compressed: data is inflated, and judged, when all of it is there
	data      []byte    // its payload so far
	fragments int
	text      utf8Check

	control []byte        // payload so far of a control frame that interrupts it
	since   time.Duration // when the oldest of this came; set by the session
}

// next reads from p, unmasking in place, until a message is complete, and returns it with what follows it in p. A
// message without opcode means that p is used up. An error is a *closeError, after which the reader is of no more use.
func (r *reader) next(p []byte, rules rules) (message, []byte, error) {
	for {
		if r.part == nil || r.part.left == 0 {
			h, n, err := r.header(p, rules.inflate != nil)
			if err != nil || n == 0 {
				return message{}, nil, err
			}
			p = p[n:]
			if err := r.begin(h, rules.limit); err != nil {
				return message{}, nil, err
			}
			if whole := int(h.Length); whole <= len(p) && r.direct(h) {
				m, err := r.whole(h, p[:whole], rules)
				return m, p[whole:], err
			}
			r.hold().frame, r.part.left = h, int(h.Length)
		}
		n := min(r.part.left, len(p))
		m, err := r.payload(p[:n], rules)
		p = p[n:]
		if err != nil || m.op != 0 || len(p) == 0 {
			return m, p, err
		}
	}
}

// header reads the header of the next frame and returns how many bytes of p it took: 0 when it is not complete, and
// then all of p is kept. deflated says whether a message may be.
func (r *reader) header(p []byte, deflated bool) (h ws.Header, n int, err error) {
	if r.part == nil || r.part.heads == 0 {
		if len(p) == 0 {
			return h, 0, nil
		}
		if h, n, err = parseHeader(p, deflated); err != nil || n > 0 {
			return h, n, err
		}
	}
	part := r.hold()
	had := part.heads
	part.heads += copy(part.head[had:], p)
	if h, n, err = parseHeader(part.head[:part.heads], deflated); n > 0 {
		part.heads = 0
		n -= had
	}
	return h, n, err
}

// begin checks a frame's header against the message it belongs to.
func (r *reader) begin(h ws.Header, limit int) error {
	if h.OpCode.IsControl() {
		return nil
	}
	inMessage := r.part != nil && r.part.op != 0
	deflated := h.Rsv == rsv1 || inMessage && r.part.deflated
	size := h.Length
	if deflated {
		limit = deflate.Bound(limit)
	}
	switch {
	case h.OpCode == ws.OpContinuation && !inMessage:
		return errContinuation
	case h.OpCode != ws.OpContinuation && inMessage:
		return errInterleaved
	case inMessage:
		size += int64(len(r.part.data))
	}
	if size > int64(limit) || size < h.Length {
		return errTooBig
	}
	if !inMessage && h.Fin {
		return nil
	}
	part := r.hold()
	if !inMessage {
		part.op, part.deflated = h.OpCode, deflated
	}
	if part.fragments++; part.fragments > maxFragments {
		return errFragments
	}
	return nil
}

// direct reports whether a frame that has come whole is a message by itself.
func (r *reader) direct(h ws.Header) bool {
	return h.OpCode.IsControl() || h.Fin && h.OpCode != ws.OpContinuation
}

// whole makes a message of a frame that has come whole.
func (r *reader) whole(h ws.Header, p []byte, rules rules) (message, error) {
	ws.Cipher(p, h.Mask, 0)
	r.rest()
	if h.Rsv == rsv1 {
		return rules.inflated(h.OpCode, p)
	}
	if h.OpCode == ws.OpText && !utf8.Valid(p) {
		return message{}, errUTF8
	}
	return message{op: h.OpCode, payload: p}, nil
}

// payload takes the next bytes of the frame being read, and returns the message if they complete it.
func (r *reader) payload(p []byte, rules rules) (message, error) {
	part := r.part
	h := part.frame
	ws.Cipher(p, h.Mask, int(h.Length)-part.left)
	part.left -= len(p)
	if h.OpCode.IsControl() {
		return r.controlPayload(p)
	}
	op, deflated := part.op, part.deflated
	if op == 0 { // an unfragmented message that comes in pieces
		op, deflated = h.OpCode, h.Rsv == rsv1
	}
	if op == ws.OpText && !deflated && !part.text.next(p) {
		return message{}, errUTF8
	}
	part.data = append(part.data, p...)
	if part.left > 0 || !h.Fin {
		return message{}, nil
	}
	if deflated {
		r.part = nil
		return rules.inflated(op, part.data)
	}
	if op == ws.OpText && !part.text.complete() {
		return message{}, errUTF8
	}
	r.part = nil
	return message{op: op, payload: part.data}, nil
}

func (r *reader) controlPayload(p []byte) (message, error) {
	part := r.part
	part.control = append(part.control, p...)
	if part.left > 0 {
		return message{}, nil
	}
	m := message{op: part.frame.OpCode, payload: part.control}
	part.control = nil
	r.rest()
	return m, nil
}

// inflated makes a message of a compressed one's payload.
func (u rules) inflated(op ws.OpCode, payload []byte) (message, error) {
	p, err := u.inflate.Inflate(payload, u.limit)
	switch {
	case errors.Is(err, deflate.ErrTooBig):
		return message{}, errTooBig
	case err != nil:
		return message{}, errDeflate
	case op == ws.OpText && !utf8.Valid(p):
		return message{}, errUTF8
	}
	return message{op, p, len(payload)}, nil
}

func (r *reader) hold() *partial {
	if r.part == nil {
		r.part = new(partial)
	}
	return r.part
}

// rest lets go of the partial unless a message is being read.
func (r *reader) rest() {
	if r.part != nil && r.part.op == 0 {
		r.part = nil
	}
}

// parseHeader reads a client's frame header and returns its length, or 0 when p is too short. What breaks RFC 6455 is
// refused as soon as its byte is there. deflated says whether permessage-deflate was negotiated.
func parseHeader(p []byte, deflated bool) (h ws.Header, n int, err error) {
	h.Fin, h.Rsv, h.OpCode = p[0]&0x80 != 0, p[0]>>4&7, ws.OpCode(p[0]&0x0f)
	begins := h.OpCode == ws.OpText || h.OpCode == ws.OpBinary
	switch {
	case h.Rsv == rsv1 && deflated && begins: // RFC 7692 §6: on the first frame of a message, and nowhere else
	case h.Rsv != 0: // §5.2: 0 unless an extension gives it a meaning
		return h, 0, errRSV
	case h.OpCode.IsReserved():
		return h, 0, errOpcode
	case h.OpCode.IsControl() && !h.Fin: // §5.5
		return h, 0, errControlFragment
	}
	if len(p) < 2 {
		return h, 0, nil
	}
	h.Masked = p[1]&0x80 != 0
	short := p[1] & 0x7f
	switch {
	case !h.Masked: // §5.1: a client masks all frames
		return h, 0, errUnmasked
	case h.OpCode.IsControl() && short > ws.MaxControlFramePayloadSize:
		return h, 0, errControlLong
	}
	if n, err = extendedLength(&h, short, p[2:]); err != nil || n < 0 {
		return h, 0, err
	}
	n += 2
	if len(p) < n+4 {
		return h, 0, nil
	}
	copy(h.Mask[:], p[n:])
	return h, n + 4, nil
}

// extendedLength sets h's length from its short form and the extended bytes, and returns how many of those there are, or -1
// when they have not all come. RFC 6455 §5.2: the minimal number of bytes MUST be used, and the top bit is 0.
func extendedLength(h *ws.Header, short byte, p []byte) (n int, err error) {
	switch {
	case short < 126:
		h.Length = int64(short)
		return 0, nil
	case short == 126 && len(p) >= 2:
		h.Length = int64(binary.BigEndian.Uint16(p))
		if h.Length < 126 {
			return 0, errLengthForm
		}
		return 2, nil
	case short == 127 && len(p) >= 1 && p[0]&0x80 != 0:
		return 0, errLengthSign
	case short == 127 && len(p) >= 8:
		h.Length = int64(binary.BigEndian.Uint64(p))
		if h.Length <= 0xffff {
			return 0, errLengthForm
		}
		return 8, nil
	}
	return -1, nil
}

// What ends a connection for breaking RFC 6455, ready made: an attack must not cost an allocation.
var (
	errRSV             = &closeError{relay.ReasonProtocol, "reserved bits are set"}
	errOpcode          = &closeError{relay.ReasonProtocol, "reserved opcode"}
	errUnmasked        = &closeError{relay.ReasonProtocol, "frame is not masked"}
	errControlLong     = &closeError{relay.ReasonProtocol, "control frame is longer than 125 bytes"}
	errControlFragment = &closeError{relay.ReasonProtocol, "control frame is fragmented"}
	errLengthForm      = &closeError{relay.ReasonProtocol, "length is not in its shortest form"}
	errLengthSign      = &closeError{relay.ReasonProtocol, "length has its top bit set"}
	errContinuation    = &closeError{relay.ReasonProtocol, "continuation of no message"}
	errInterleaved     = &closeError{relay.ReasonProtocol, "new message within a fragmented one"}
	errTooBig          = &closeError{relay.ReasonTooBig, ""}
	errFragments       = &closeError{relay.ReasonTooBig, "message has more than 1024 fragments"}
	errUTF8            = &closeError{relay.ReasonUTF8, ""}
	errDeflate         = &closeError{relay.ReasonProtocol, "compressed message is not valid DEFLATE"}
)
