package broadcaster

import (
	"encoding/base64"
	"encoding/binary"
	"unicode/utf8"

	"eventrelay/relay"
)

const (
	opText   = 0x1
	opBinary = 0x2
	opClose  = 0x8
	fin      = 0x80
)

// appendHeader appends the header of a single-frame, unmasked server message (RFC 6455 §5.2).
func appendHeader(b []byte, op byte, n int) []byte {
	b = append(b, fin|op)
	switch {
	case n < 126:
		return append(b, byte(n))
	case n <= 0xFFFF:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
}

// CloseFrame returns the close frame for reason (RFC 6455 §5.5.1), or nil when none can be sent.
func CloseFrame(reason relay.CloseReason) []byte {
	code, text := reason.Code(), reason.Text()
	if code == 0 {
		return nil
	}
	b := appendHeader(nil, opClose, 2+len(text))
	return append(binary.BigEndian.AppendUint16(b, code), text...)
}

// envelopePrefix begins an envelope; it differs per feed, the rest per event.
func envelopePrefix(p relay.Pattern) []byte {
	return append(appendString([]byte(`{"subscription":`), string(p)), ',')
}

// appendEnvelope appends what follows the prefix. JSON payloads stand inline; text is a string with its type; binary is
// base64, as in CloudEvents.
func appendEnvelope(b []byte, ev *relay.Event, at relay.Position) []byte {
	b = appendString(append(b, `"topic":`...), string(ev.Topic))
	b = append(at.AppendTo(append(b, `,"id":"`...)), '"')
	b = appendString(append(b, `,"event_id":`...), ev.ID)
	switch ev.Kind {
	case relay.KindJSON:
		b = append(append(b, `,"data":`...), ev.Payload...)
	case relay.KindText:
		b = appendString(append(b, `,"type":`...), contentType(ev, "text/plain"))
		b = appendString(append(b, `,"data":`...), ev.Payload)
	default:
		b = appendString(append(b, `,"type":`...), contentType(ev, "application/octet-stream"))
		b = base64.StdEncoding.AppendEncode(append(b, `,"data_base64":"`...), ev.Payload)
		b = append(b, '"')
	}
	return append(b, '}')
}

func contentType(ev *relay.Event, otherwise string) string {
	if t := ev.Attributes.Get("content_type"); t != "" {
		return t
	}
	return otherwise
}

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string (RFC 8259 §7). Bytes that are not UTF-8 become U+FFFD.
func appendString[S ~string | ~[]byte](b []byte, s S) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))])) // NOTE: does not escape, no allocation.
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[start:i]...), `\ufffd`...)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
