package wsclient

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Close codes of RFC 6455 §7.4.1 that this client sends or reports.
const (
	CodeNormal   = 1000
	CodeProtocol = 1002
	CodeNoStatus = 1005 // reported when the peer's close frame has no code; never sent
	CodeUTF8     = 1007
	CodeTooBig   = 1009
)

// ErrClosed is returned by calls on a connection after Close, or after it broke while a frame was being written.
var ErrClosed = errors.New("the connection is closed")

// CloseError is returned by ReadMessage when the peer closed the connection with a close frame.
type CloseError struct {
	Code   int // CodeNoStatus when the frame had none
	Reason string
}

func (e *CloseError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("the server closed the connection (%d)", e.Code)
	}
	return fmt.Sprintf("the server closed the connection (%d): %s", e.Code, oneLine([]byte(e.Reason)))
}

// ProtocolError is returned by ReadMessage when the peer broke RFC 6455. The connection was closed with Code.
type ProtocolError struct {
	Code   int // the close code sent: CodeProtocol, CodeUTF8 or CodeTooBig
	Reason string
}

func (e *ProtocolError) Error() string { return "the server broke the WebSocket protocol: " + e.Reason }

// parseClose reads the body of a close frame.
func parseClose(p []byte) (*CloseError, error) {
	if len(p) == 0 {
		return &CloseError{Code: CodeNoStatus}, nil
	}
	if len(p) == 1 {
		return nil, &ProtocolError{CodeProtocol, "a close frame with one byte"}
	}
	e := &CloseError{Code: int(binary.BigEndian.Uint16(p)), Reason: string(p[2:])}
	switch {
	case !validCode(e.Code):
		return nil, &ProtocolError{CodeProtocol, fmt.Sprintf("close code %d", e.Code)}
	case !utf8.ValidString(e.Reason):
		return nil, &ProtocolError{CodeUTF8, "a close reason that is not UTF-8"}
	}
	return e, nil
}

// validCode reports whether code may stand in a close frame. 1012–1014 are IANA's, which gobwas/ws doesn't know.
func validCode(code int) bool {
	switch code {
	case 1004, 1005, 1006:
		return false
	}
	return code >= 1000 && code <= 1014 || code >= 3000 && code <= 4999
}

// closeBody is what a close frame carries; a reason is cut to the 123 bytes that fit (RFC 6455 §5.5).
func closeBody(code int, reason string) []byte {
	if code == CodeNoStatus {
		return nil
	}
	for len(reason) > 123 {
		_, n := utf8.DecodeLastRuneInString(reason)
		reason = reason[:len(reason)-n]
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)
}
