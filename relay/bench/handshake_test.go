package bench

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHandshake_request(t *testing.T) {
	h := newHandshake("relay.v1.json")
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(h.request("h:80", "/ws?topic=a", http.Header{"Authorization": {"Bearer x"}}, true))))
	require.NoError(t, err)
	assert.Equal(t, "h:80", req.Host)
	assert.Equal(t, "/ws?topic=a", req.RequestURI)
	assert.Equal(t, "Bearer x", req.Header.Get("Authorization"))
	assert.Equal(t, "relay.v1.json", req.Header.Get("Sec-Websocket-Protocol"))
	assert.Contains(t, req.Header.Get("Sec-Websocket-Extensions"), "server_no_context_takeover")
	assert.Len(t, req.Header.Get("Sec-Websocket-Key"), 24)
}

func TestHandshake_answer(t *testing.T) {
	h := newHandshake("")
	ok := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + h.accept + "\r\n"
	tests := []struct {
		name, text string
		offered    bool
		deflate    bool
		want       string // of the error
	}{
		{"taken", ok + "\r\n", false, false, ""},
		{"offered, not taken", ok + "\r\n", true, false, ""},
		{"deflated", ok + "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n\r\n", true, true, ""},
		{"with context takeover", ok + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", true, false, "without server_no_context_takeover"},
		{"not offered", ok + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", false, false, "was not offered"},
		{"wrong key", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n", false, false, "Sec-WebSocket-Accept"},
		{"subprotocol", ok + "Sec-WebSocket-Protocol: x\r\n\r\n", false, false, `subprotocol "x"`},
		{"refused", "HTTP/1.1 503 x\r\nContent-Type: application/problem+json\r\nContent-Length: 24\r\n\r\n" + `{"detail":"no room now"}`, false, false, "503 Service Unavailable: no room now"},
		{"no HTTP", "220 ready\r\n\r\n", false, false, "no HTTP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for cut := range len(tt.text) {
				n, _, err := h.answer([]byte(tt.text[:cut]), tt.offered, false)
				require.NoError(t, err)
				require.Zero(t, n)
			}
			n, deflate, err := h.answer([]byte(tt.text), tt.offered, false)
			if tt.want != "" {
				require.ErrorContains(t, err, tt.want)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, len(tt.text), n)
			assert.Equal(t, tt.deflate, deflate)
		})
	}
	_, _, err := h.answer([]byte("HTTP"), false, true)
	assert.ErrorContains(t, err, "closed the connection in the handshake")
	_, _, err = h.answer([]byte(strings.Repeat("x", maxAnswer+1)), false, false)
	assert.ErrorContains(t, err, "without end")
	_, _, err = h.answer([]byte("HTTP/1.1 403 x\r\nContent-Length: 99\r\n\r\ncut"), false, true)
	assert.ErrorContains(t, err, "403 Forbidden: cut")
}
