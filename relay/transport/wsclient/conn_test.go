package wsclient_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"eventrelay/relay"
	"eventrelay/relay/transport/wsclient"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve accepts one connection, shakes hands and hands it to peer, and returns its URL.
func serve(t *testing.T, peer func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := (ws.Upgrader{Protocol: func(p []byte) bool { return string(p) == "relay.v1.json" }}).Upgrade(conn); err == nil {
			peer(conn)
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done })
	return "ws://" + ln.Addr().String() + "/ws"
}

func dial(t *testing.T, url string, o wsclient.Options) *wsclient.Conn {
	t.Helper()
	c, err := wsclient.Dial(ctx(t), url, o)
	require.NoError(t, err)
	t.Cleanup(func() { c.CloseNow() })
	return c
}

func ctx(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func wire(t *testing.T, s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return b
}

// readFrame reads one frame of the client's.
func readFrame(conn net.Conn) (f ws.Frame, err error) {
	if f.Header, err = ws.ReadHeader(conn); err != nil {
		return f, err
	}
	f.Payload = make([]byte, f.Header.Length)
	_, err = io.ReadFull(conn, f.Payload)
	return f, err
}

// drain reads until the client closes.
func drain(conn net.Conn) { io.Copy(io.Discard, conn) }

func TestConn_ReadMessage(t *testing.T) {
	tests := []struct {
		name, wire string
		kind       relay.Kind
		want       string
	}{
		{"text", "81 05 48 65 6c 6c 6f", relay.KindText, "Hello"},
		{"binary", "82 02 00 ff", relay.KindBinary, "\x00\xff"},
		{"empty", "81 00", relay.KindText, ""},
		{"fragments", "01 03 48 65 6c 80 02 6c 6f", relay.KindText, "Hello"},
		{"a code point across fragments", "01 01 c3 80 01 a9", relay.KindText, "é"},
		{"a ping between fragments", "01 03 48 65 6c 89 01 21 80 02 6c 6f", relay.KindText, "Hello"},
		{"a pong nobody asked for", "8a 00 81 01 61", relay.KindText, "a"},
		{"16-bit length", "82 7e 00 7e" + strings.Repeat("00", 126), relay.KindBinary, strings.Repeat("\x00", 126)},
		{"64-bit length", "82 7f 00 00 00 00 00 01 00 00" + strings.Repeat("00", 65536), relay.KindBinary, strings.Repeat("\x00", 65536)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := dial(t, serve(t, func(conn net.Conn) { conn.Write(wire(t, tt.wire)); drain(conn) }), wsclient.Options{})
			kind, got, err := c.ReadMessage(ctx(t))
			require.NoError(t, err)
			assert.Equal(t, tt.kind, kind)
			assert.Equal(t, tt.want, string(got))
		})
	}
}

func TestConn_ReadMessage_byteByByte(t *testing.T) {
	c := dial(t, serve(t, func(conn net.Conn) {
		for _, b := range wire(t, "01 03 48 65 6c 89 01 21 80 02 6c 6f") {
			conn.Write([]byte{b})
		}
		drain(conn)
	}), wsclient.Options{})
	_, got, err := c.ReadMessage(ctx(t))
	require.NoError(t, err)
	assert.Equal(t, "Hello", string(got))
}

func TestConn_ReadMessage_brokenProtocol(t *testing.T) {
	tests := []struct {
		name, wire string
		code       int
	}{
		{"masked", "81 81 00 00 00 00 61", wsclient.CodeProtocol},
		{"reserved bit", "c1 01 61", wsclient.CodeProtocol},
		{"reserved opcode", "83 00", wsclient.CodeProtocol},
		{"continuation of nothing", "80 01 61", wsclient.CodeProtocol},
		{"text inside a message", "01 01 61 81 01 61", wsclient.CodeProtocol},
		{"fragmented ping", "09 00", wsclient.CodeProtocol},
		{"large ping", "89 7e 00 7e", wsclient.CodeProtocol},
		{"length in more bytes than needed", "81 7e 00 01 61", wsclient.CodeProtocol},
		{"length in eight bytes, needs two", "82 7f 00 00 00 00 00 00 ff ff", wsclient.CodeProtocol},
		{"length with its top bit set", "82 7f ff ff ff ff ff ff ff ff", wsclient.CodeProtocol},
		{"close with one byte", "88 01 03", wsclient.CodeProtocol},
		{"close code 1005", "88 02 03 ed", wsclient.CodeProtocol},
		{"close reason", "88 03 03 e8 ff", wsclient.CodeUTF8},
		{"text", "81 01 ff", wsclient.CodeUTF8},
		{"too big", "82 7e 04 01", wsclient.CodeTooBig},
		{"too big in sum", "02 01 00 80 7e 04 00", wsclient.CodeTooBig},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answer := make(chan []byte, 1)
			c := dial(t, serve(t, func(conn net.Conn) {
				conn.Write(wire(t, tt.wire))
				h, _ := ws.ReadHeader(conn)
				p := make([]byte, h.Length)
				io.ReadFull(conn, p)
				ws.Cipher(p, h.Mask, 0)
				answer <- p
			}), wsclient.Options{MaxMessage: 1024})
			_, _, err := c.ReadMessage(ctx(t))
			var broke *wsclient.ProtocolError
			require.ErrorAs(t, err, &broke)
			assert.Equal(t, tt.code, broke.Code)
			code, _ := ws.ParseCloseFrameData(<-answer)
			assert.EqualValues(t, tt.code, code, "the close frame sent")
			_, _, again := c.ReadMessage(ctx(t))
			assert.Equal(t, err, again, "the error is final")
		})
	}
}

func TestConn_ReadMessage_close(t *testing.T) {
	tests := []struct {
		name, wire string
		want       wsclient.CloseError
	}{
		{"with reason", "88 05 10 04 62 79 65", wsclient.CloseError{Code: 4100, Reason: "bye"}},
		{"try again later", "88 02 03 f5", wsclient.CloseError{Code: 1013}},
		{"without code", "88 00", wsclient.CloseError{Code: wsclient.CodeNoStatus}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			echo := make(chan ws.Header, 1)
			c := dial(t, serve(t, func(conn net.Conn) {
				conn.Write(wire(t, tt.wire))
				h, _ := ws.ReadHeader(conn)
				echo <- h
			}), wsclient.Options{})
			_, _, err := c.ReadMessage(ctx(t))
			var closed *wsclient.CloseError
			require.ErrorAs(t, err, &closed)
			assert.Equal(t, tt.want, *closed)
			assert.Equal(t, ws.OpClose, (<-echo).OpCode)
			assert.ErrorIs(t, c.WriteText(ctx(t), []byte("late")), wsclient.ErrClosed)
		})
	}
}

func TestConn_ReadMessage_lost(t *testing.T) {
	c := dial(t, serve(t, func(conn net.Conn) { conn.Write([]byte{0x81, 5, 'H'}) }), wsclient.Options{})
	_, _, err := c.ReadMessage(ctx(t))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// A read that is interrupted, in the middle of a header and of a payload, loses nothing.
func TestConn_ReadMessage_interrupted(t *testing.T) {
	next := make(chan string)
	c := dial(t, serve(t, func(conn net.Conn) {
		for part := range next {
			conn.Write([]byte(part))
		}
	}), wsclient.Options{})
	defer close(next)
	for _, part := range []string{"\x81", "\x05H", "el"} {
		next <- part
		short, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		_, _, err := c.ReadMessage(short)
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	next <- "lo"
	_, got, err := c.ReadMessage(ctx(t))
	require.NoError(t, err)
	assert.Equal(t, "Hello", string(got))
}

func TestConn_answersPings(t *testing.T) {
	pong := make(chan ws.Frame, 1)
	c := dial(t, serve(t, func(conn net.Conn) {
		ws.WriteFrame(conn, ws.NewPingFrame([]byte("are you there")))
		f, _ := readFrame(conn)
		pong <- ws.UnmaskFrame(f)
		ws.WriteFrame(conn, ws.NewTextFrame([]byte("good")))
		drain(conn)
	}), wsclient.Options{})
	before := c.Heard()
	_, got, err := c.ReadMessage(ctx(t))
	require.NoError(t, err)
	assert.Equal(t, "good", string(got))
	f := <-pong
	assert.Equal(t, ws.OpPong, f.Header.OpCode)
	assert.Equal(t, "are you there", string(f.Payload))
	assert.True(t, c.Heard().After(before))
}

func TestConn_Write(t *testing.T) {
	large := strings.Repeat("é", 100_000)
	c := dial(t, serve(t, func(conn net.Conn) {
		for {
			data, op, err := wsutil.ReadClientData(conn)
			if err != nil {
				return
			}
			wsutil.WriteServerMessage(conn, op, data)
		}
	}), wsclient.Options{})
	for _, want := range []string{"", "Hello", large, "small again"} {
		require.NoError(t, c.WriteText(ctx(t), []byte(want)))
		kind, got, err := c.ReadMessage(ctx(t))
		require.NoError(t, err)
		assert.Equal(t, relay.KindText, kind)
		assert.Equal(t, want, string(got))
	}
	require.NoError(t, c.WriteBinary(ctx(t), []byte{0, 255}))
	kind, got, err := c.ReadMessage(ctx(t))
	require.NoError(t, err)
	assert.Equal(t, relay.KindBinary, kind)
	assert.Equal(t, []byte{0, 255}, got)
	require.NoError(t, c.Ping(ctx(t), bytes.Repeat([]byte("x"), 200)))
	require.NoError(t, c.Close(wsclient.CodeNormal, "done"))
}

func TestConn_Write_stalledPeer(t *testing.T) {
	release := make(chan struct{})
	c := dial(t, serve(t, func(net.Conn) { <-release }), wsclient.Options{})
	defer close(release)
	large := make([]byte, 64<<20) // more than the socket buffers hold
	// NOTE: a context that has ended before the write begins leaves the connection usable, so it must not be too short.
	short, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
	defer cancel()
	err := c.WriteBinary(short, large)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorIs(t, c.WriteText(ctx(t), nil), wsclient.ErrClosed)
}

func TestConn_Close(t *testing.T) {
	body := make(chan []byte, 1)
	c := dial(t, serve(t, func(conn net.Conn) {
		conn.Write(wire(t, "81 01 61")) // on the way when the client closes
		f, _ := readFrame(conn)
		f = ws.UnmaskFrame(f)
		body <- f.Payload
		ws.WriteFrame(conn, ws.NewCloseFrame(f.Payload))
		drain(conn)
	}), wsclient.Options{})
	require.NoError(t, c.Close(4000, strings.Repeat("é", 100)))
	code, reason := ws.ParseCloseFrameData(<-body)
	assert.EqualValues(t, 4000, code)
	assert.Equal(t, strings.Repeat("é", 61), reason, "cut to 123 bytes, between code points")
	_, _, err := c.ReadMessage(ctx(t))
	assert.ErrorIs(t, err, wsclient.ErrClosed)
	assert.NoError(t, c.Close(1000, ""), "twice")
}

func TestConn_Close_besideReader(t *testing.T) {
	c := dial(t, serve(t, func(conn net.Conn) {
		f, _ := readFrame(conn)
		ws.WriteFrame(conn, ws.NewCloseFrame(ws.UnmaskFrame(f).Payload))
		drain(conn)
	}), wsclient.Options{})
	ended := make(chan error, 1)
	go func() {
		_, _, err := c.ReadMessage(context.Background())
		ended <- err
	}()
	require.NoError(t, c.Close(1000, ""))
	require.Error(t, <-ended)
}

func TestConn_Close_silentPeer(t *testing.T) {
	c := dial(t, serve(t, drain), wsclient.Options{WriteTimeout: 20 * time.Millisecond})
	start := time.Now()
	require.NoError(t, c.Close(1000, ""))
	assert.Less(t, time.Since(start), 5*time.Second)
}

// respond answers every handshake on a new listener with these bytes.
func respond(t *testing.T, answer string) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			io.WriteString(conn, answer)
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done })
	return "http://" + ln.Addr().String()
}

func TestDial_refused(t *testing.T) {
	tests := []struct {
		name, answer, want string
		status             int
	}{
		{
			"problem", "HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\nContent-Length: 51\r\n\r\n" +
				`{"title":"Forbidden","detail":"origin not allowed"}`,
			"the server refused the WebSocket handshake: 403 Forbidden: origin not allowed", 403,
		},
		{
			"title only", "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n" +
				`{"title":"show a token"}`,
			"the server refused the WebSocket handshake: 401 Unauthorized: show a token", 401,
		},
		{
			"text with an escape sequence", "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\x1b[2Jno\nway\n",
			"the server refused the WebSocket handshake: 400 Bad Request: [2Jno way", 400,
		},
		{"page", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", "the server refused the WebSocket handshake: 200 OK", 200},
		{"status line only", "HTTP/1.1 503 Service Unavailable\r\n", "the server refused the WebSocket handshake: 503 Service Unavailable", 503},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := wsclient.Dial(ctx(t), respond(t, tt.answer), wsclient.Options{})
			var refused *wsclient.HandshakeError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, tt.status, refused.Status)
			assert.EqualError(t, err, tt.want)
		})
	}
}

func TestDial_notWebSocket(t *testing.T) {
	tests := []struct{ name, url string }{
		{"scheme", "ftp://localhost"},
		{"no host", "ws:///ws"},
		{"no scheme", "localhost:8080"},
		{"nobody listens", "ws://127.0.0.1:1"},
		{"wrong accept", respond(t, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := wsclient.Dial(ctx(t), tt.url, wsclient.Options{})
			assert.Error(t, err)
		})
	}
}

func TestDial_timeout(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close() // accepts in the kernel, never answers
	_, err = wsclient.Dial(ctx(t), "ws://"+ln.Addr().String(), wsclient.Options{HandshakeTimeout: 20 * time.Millisecond})
	require.Error(t, err)
}

func TestDial_sends(t *testing.T) {
	seen := make(chan *http.Request, 1)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r
		w.WriteHeader(http.StatusTeapot)
	})}
	go srv.Serve(ln)
	defer srv.Close()
	_, err = wsclient.Dial(ctx(t), "ws://"+ln.Addr().String()+"/ws?topic=a%20b#part", wsclient.Options{
		Header:       http.Header{"Authorization": {"Bearer t"}, "Host": {"relay.example"}},
		Subprotocols: []string{"relay.v1.json", "other"},
	})
	require.Error(t, err)
	r := <-seen
	assert.Equal(t, "/ws?topic=a%20b", r.RequestURI)
	assert.Equal(t, "relay.example", r.Host)
	assert.Equal(t, "Bearer t", r.Header.Get("Authorization"))
	assert.Contains(t, strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ","), "relay.v1.json")
}

func TestDial_subprotocolAndEarlyFrames(t *testing.T) {
	c := dial(t, serve(t, func(conn net.Conn) { ws.WriteFrame(conn, ws.NewTextFrame([]byte("early"))); drain(conn) }),
		wsclient.Options{Subprotocols: []string{"relay.v1.json"}})
	assert.Equal(t, "relay.v1.json", c.Subprotocol())
	_, got, err := c.ReadMessage(ctx(t))
	require.NoError(t, err)
	assert.Equal(t, "early", string(got))
}
