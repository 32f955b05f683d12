package bench

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"eventrelay/relay/transport/wsclient"
)

// handshake asks for WebSockets and reads the answers (RFC 6455 §4.1). One key serves a run: it guards against servers
// that don't know WebSocket, and drawing 18,000 of them would only slow the client down.
type handshake struct {
	key, accept string
	subprotocol string
}

func newHandshake(subprotocol string) *handshake {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	key := base64.StdEncoding.EncodeToString(nonce[:])
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return &handshake{key: key, accept: base64.StdEncoding.EncodeToString(sum[:]), subprotocol: subprotocol}
}

// request returns the bytes that ask for uri.
func (h *handshake) request(host, uri string, header http.Header, deflate bool) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n",
		uri, host, h.key)
	if h.subprotocol != "" {
		fmt.Fprintf(&b, "Sec-WebSocket-Protocol: %s\r\n", h.subprotocol)
	}
	if deflate { // each message on its own, so that the server may deflate it once for all
		b.WriteString("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n")
	}
	_ = header.Write(&b) // a buffer takes all
	b.WriteString("\r\n")
	return b.Bytes()
}

const maxAnswer = 64 << 10

// answer reads the server's answer in p and returns its length; 0: more bytes are needed. ended says that none will come.
// Anything but a switch is a *wsclient.HandshakeError.
func (h *handshake) answer(p []byte, offered, ended bool) (n int, deflate bool, err error) {
	end := bytes.Index(p, []byte("\r\n\r\n"))
	if end < 0 {
		switch {
		case len(p) > maxAnswer:
			return 0, false, broken("an answer to the handshake without end")
		case ended:
			return 0, false, fmt.Errorf("the server closed the connection in the handshake, after %d bytes", len(p))
		}
		return 0, false, nil
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(p)), nil)
	if err != nil {
		return 0, false, broken("its answer to the handshake is no HTTP: " + err.Error())
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return 0, false, refusal(resp, ended)
	}
	deflate, err = h.check(resp.Header, offered)
	return end + 4, deflate, err
}

// refusal reads why; nil when more of it is still to come.
func refusal(resp *http.Response, ended bool) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if err != nil && !ended {
		return nil
	}
	return &wsclient.HandshakeError{Status: resp.StatusCode, Header: resp.Header, Detail: wsclient.Problem(resp.Header, body)}
}

func (h *handshake) check(header http.Header, offered bool) (deflate bool, err error) {
	if header.Get("Sec-WebSocket-Accept") != h.accept || !strings.EqualFold(header.Get("Upgrade"), "websocket") {
		return false, broken("its answer to the handshake has not the right Upgrade and Sec-WebSocket-Accept")
	}
	if got := header.Get("Sec-WebSocket-Protocol"); got != h.subprotocol {
		return false, fmt.Errorf("the server answers with subprotocol %q to --subprotocol %q", got, h.subprotocol)
	}
	extensions := header.Get("Sec-WebSocket-Extensions")
	if extensions == "" {
		return false, nil
	}
	params := strings.Split(extensions, ";")
	for i := range params {
		params[i] = strings.TrimSpace(params[i])
	}
	switch {
	case !offered || params[0] != "permessage-deflate":
		return false, broken("an extension that was not offered: " + extensions)
	case !slices.Contains(params, "server_no_context_takeover"): // RFC 7692 §7.1.1.1: an offer with it is taken with it
		return false, broken("permessage-deflate without server_no_context_takeover, which was asked for")
	}
	return true, nil
}
