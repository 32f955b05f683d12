package transport

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"eventrelay/relay"
)

// closeError says that a connection must end, and what to tell the client.
type closeError struct {
	Reason relay.CloseReason
	Text   string // for the close frame; "" means the reason's own
}

func (e *closeError) Error() string {
	if e.Text == "" {
		return e.Reason.Text()
	}
	return e.Text
}

var (
	errCloseBody = &closeError{relay.ReasonProtocol, "close frame with one byte"}
	errCloseCode = &closeError{relay.ReasonProtocol, "invalid close code"}
)

// pingFrame is the ping of every silent connection. Never written to.
var pingFrame = ws.CompiledPing

// closeFrame returns the close frame for e, or nil when none can be sent.
func closeFrame(e *closeError) []byte {
	code := e.Reason.Code()
	if code == 0 {
		return nil
	}
	text := e.Error()
	for len(text) > ws.MaxControlFramePayloadSize-2 { // RFC 6455 §5.5
		_, n := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-n]
	}
	body := binary.BigEndian.AppendUint16(make([]byte, 0, ws.MaxControlFramePayloadSize), code)
	return controlFrame(ws.OpClose, append(body, text...))
}

// controlFrame returns a server's control frame. payload must not exceed 125 bytes.
func controlFrame(op ws.OpCode, payload []byte) []byte {
	f := make([]byte, 0, 2+len(payload))
	f = append(f, 0x80|byte(op), byte(len(payload)))
	return append(f, payload...)
}

// textFrame returns a server's text frame.
func textFrame(payload []byte) []byte {
	f := make([]byte, 0, ws.MaxHeaderSize+len(payload))
	switch n := len(payload); {
	case n < 126:
		f = append(f, 0x81, byte(n))
	case n <= 0xffff:
		f = binary.BigEndian.AppendUint16(append(f, 0x81, 126), uint16(n))
	default:
		f = binary.BigEndian.AppendUint64(append(f, 0x81, 127), uint64(n))
	}
	return append(f, payload...)
}

// checkClose checks the body of a client's close frame (RFC 6455 §5.5.1, §7.4).
func checkClose(body []byte) error {
	switch {
	case len(body) == 0:
		return nil
	case len(body) == 1:
		return errCloseBody
	case !validCloseCode(binary.BigEndian.Uint16(body)):
		return errCloseCode
	case !utf8.Valid(body[2:]):
		return errUTF8
	}
	return nil
}

// validCloseCode reports whether a client may send code: those of RFC 6455 §7.4.1, and 3000 to 4999.
func validCloseCode(code uint16) bool {
	switch code {
	case 1004, 1005, 1006: // reserved, never on the wire
		return false
	}
	return 1000 <= code && code <= 1011 || 3000 <= code && code <= 4999
}

// asCloseError returns the *closeError in err; any other error is our own fault.
func asCloseError(err error) *closeError {
	if e, ok := errors.AsType[*closeError](err); ok {
		return e
	}
	return &closeError{Reason: relay.ReasonInternal}
}

// sendFailure says how a connection ends that could not take a private frame.
func sendFailure(err error) *closeError {
	if errors.Is(err, relay.ErrOutbox) {
		return &closeError{Reason: relay.ReasonOutbox}
	}
	return &closeError{Reason: relay.ReasonGone}
}

// beginFailure says how a connection ends that was let in and could not have its subscriptions.
func beginFailure(err error) *closeError {
	if errors.Is(err, relay.ErrNames) {
		return &closeError{relay.ReasonPolicy, err.Error()}
	}
	return &closeError{Reason: relay.ReasonInternal}
}

// submitFailure says how a plain connection ends whose event was refused for good.
func submitFailure(err error) *closeError {
	switch {
	case errors.Is(err, relay.ErrClosed):
		return &closeError{Reason: relay.ReasonShutdown}
	case errors.Is(err, relay.ErrTooLarge):
		return &closeError{Reason: relay.ReasonTooBig}
	}
	return &closeError{Reason: relay.ReasonInternal}
}
