package broadcaster

import (
	"encoding/base64"
	"encoding/binary"

	"eventrelay/relay"
	"eventrelay/relay/rawjson"
)

const (
	opText   = 0x1
	opBinary = 0x2
	opClose  = 0x8
	fin      = 0x80
	rsv1     = 0x40 // the message is compressed (RFC 7692 §6)
)

// appendHeader appends the header of a single-frame, unmasked server message (RFC 6455 §5.2). op may have rsv1 set.
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

// appendPrefix begins an envelope; it differs per feed, the rest per event.
func appendPrefix(b []byte, p relay.Pattern) []byte {
	return append(rawjson.AppendQuoted(append(b, `{"subscription":`...), string(p)), ',')
}

// appendEnvelope appends what follows the prefix. JSON payloads stand inline; text is a string with its type; binary is
// base64, as in CloudEvents.
func appendEnvelope(b []byte, ev *relay.Event, at relay.Position) []byte {
	b = rawjson.AppendQuoted(append(b, `"topic":`...), string(ev.Topic))
	b = append(at.AppendTo(append(b, `,"id":"`...)), '"')
	b = rawjson.AppendQuoted(append(b, `,"event_id":`...), ev.ID)
	switch ev.Kind {
	case relay.KindJSON:
		b = append(append(b, `,"data":`...), ev.Payload...)
	case relay.KindText:
		b = rawjson.AppendQuoted(append(b, `,"type":`...), contentType(ev, "text/plain"))
		b = rawjson.AppendQuoted(append(b, `,"data":`...), ev.Payload)
	default:
		b = rawjson.AppendQuoted(append(b, `,"type":`...), contentType(ev, "application/octet-stream"))
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
