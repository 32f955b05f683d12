package transport

import (
	"crypto/sha1"
	"encoding/base64"
	"strings"

	"eventrelay/relay"
	"eventrelay/relay/transport/deflate"
)

// Subprotocol is the WebSocket subprotocol of envelopes and commands.
const Subprotocol = "relay.v1.json"

// negotiate chooses the wire form and writes the answer of RFC 6455 §4.2.2. gobwas/ws would read the whole head again,
// and allocate; a test holds the two answers together. compress says whether the client gets compression if it offers it;
// what it offers must be well formed in any case (§9.1).
func (u *upgrade) negotiate(r *request, compress bool) *relay.Refusal {
	extensions, err := deflate.Accept(r.header["Sec-Websocket-Extensions"])
	if err != nil {
		return badRequest(err.Error())
	}
	chosen, refusal := subprotocol(r.header["Sec-Websocket-Protocol"])
	if refusal != nil {
		return refusal
	}
	u.answer = append(u.answer[:0], "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	u.answer = appendAccept(u.answer, r.header["Sec-Websocket-Key"][0])
	if chosen {
		u.form = relay.Envelope
		u.answer = append(u.answer, "\r\nSec-WebSocket-Protocol: "+Subprotocol...)
	}
	if compress && extensions != "" {
		u.form = u.form.Deflated()
		u.answer = append(append(u.answer, "\r\nSec-WebSocket-Extensions: "...), extensions...)
	}
	u.answer = append(u.answer, "\r\n\r\n"...)
	return nil
}

// subprotocol reports whether a client offers Subprotocol. One that offers only unknown subprotocols gets none, as RFC
// 6455 §4.2.2 has it, and so plain frames.
func subprotocol(lines []string) (offered bool, refusal *relay.Refusal) {
	for _, line := range lines {
		some := false
		for name := range strings.SplitSeq(line, ",") {
			name = strings.Trim(name, " \t")
			if name == "" { // RFC 9110 §5.6.1.2: empty elements are no elements
				continue
			}
			if !isToken(name) {
				return false, badRequest("Sec-WebSocket-Protocol is no list of names")
			}
			some = true
			offered = offered || name == Subprotocol
		}
		if !some {
			return false, badRequest("Sec-WebSocket-Protocol is empty")
		}
	}
	return offered, nil
}

// appendAccept appends the proof that the server has understood key (RFC 6455 §4.2.2, 5.4).
func appendAccept(b []byte, key string) []byte {
	const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	var buf [24 + len(guid)]byte
	sum := sha1.Sum(append(append(buf[:0], key...), guid...))
	return base64.StdEncoding.AppendEncode(b, sum[:])
}
