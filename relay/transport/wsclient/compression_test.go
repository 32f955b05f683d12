package wsclient_test

import (
	"bytes"
	"compress/flate"
	"encoding/hex"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
	"eventrelay/relay/transport/wsclient"
)

const agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

// serveExtensions is serve with an answer about extensions. It returns what the client offered, too.
func serveExtensions(t *testing.T, answer string, peer func(net.Conn)) (url string, offered <-chan string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done, offers := make(chan struct{}), make(chan string, 1)
	go func() {
		defer close(done)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		offer := ""
		u := ws.Upgrader{Header: ws.HandshakeHeaderString("Sec-WebSocket-Extensions: " + answer + "\r\n")}
		tap := &tapped{Conn: conn}
		_, err = u.Upgrade(tap)
		for line := range strings.SplitSeq(tap.read.String(), "\r\n") {
			if value, ok := strings.CutPrefix(line, "Sec-WebSocket-Extensions: "); ok {
				offer = value
			}
		}
		offers <- offer
		if err == nil {
			peer(conn)
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done })
	return "ws://" + ln.Addr().String() + "/ws", offers
}

// tapped keeps what was read.
type tapped struct {
	net.Conn
	read strings.Builder
}

func (c *tapped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Write(p[:n])
	return n, err
}

func TestDial_compress(t *testing.T) {
	for _, tc := range []struct {
		answer string
		want   bool
		err    string
	}{
		{agreed, true, ""},
		{"permessage-deflate; server_no_context_takeover; server_max_window_bits=12", true, ""},
		{"permessage-deflate", false, "did not agree to server_no_context_takeover"},
		{agreed + "; client_max_window_bits=10", false, "malformed"},
		{agreed + "; foo", false, "malformed"},
		{"x-other", false, "extensions"},
	} {
		t.Run(tc.answer, func(t *testing.T) {
			url, offered := serveExtensions(t, tc.answer, drain)
			c, err := wsclient.Dial(ctx(t), url, wsclient.Options{Compress: true})
			assert.Equal(t, agreed, strings.ReplaceAll(strings.ReplaceAll(<-offered, " ", ""), ";", "; "))
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.want, c.Compressed())
			c.CloseNow()
		})
	}
	c := dial(t, serve(t, drain), wsclient.Options{Compress: true})
	assert.False(t, c.Compressed(), "the server knows no extension")
	url, _ := serveExtensions(t, agreed, drain)
	_, err := wsclient.Dial(ctx(t), url, wsclient.Options{})
	require.Error(t, err, "compression that was not offered")
}

func TestConn_ReadMessage_compressed(t *testing.T) {
	for _, tc := range []struct {
		name, wire string
		kind       relay.Kind
		want       string
	}{
		{"text", "c1 07 f2 48 cd c9 c9 07 00", relay.KindText, "Hello"},
		{"binary", "c2 07 f2 48 cd c9 c9 07 00", relay.KindBinary, "Hello"},
		{"empty", "c1 01 00", relay.KindText, ""},
		{"fragments", "41 03 f2 48 cd 89 01 21 80 04 c9 c9 07 00", relay.KindText, "Hello"},
		{"not compressed", "81 01 61", relay.KindText, "a"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			url, _ := serveExtensions(t, agreed, func(conn net.Conn) { conn.Write(wire(t, tc.wire)); conn.Write(wire(t, "81 01 7a")); drain(conn) })
			c := dial(t, url, wsclient.Options{Compress: true})
			kind, got, err := c.ReadMessage(ctx(t))
			require.NoError(t, err)
			assert.Equal(t, tc.kind, kind)
			assert.Equal(t, tc.want, string(got))
			_, got, err = c.ReadMessage(ctx(t))
			require.NoError(t, err)
			assert.Equal(t, "z", string(got))
		})
	}
}

// deflatedZeros returns a compressed message of n zeros, in hex.
func deflatedZeros(t *testing.T, n int) string {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 9)
	require.NoError(t, err)
	_, err = w.Write(make([]byte, n))
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	f := ws.NewBinaryFrame(b.Bytes()[:b.Len()-4])
	f.Header.Rsv = 4
	return hex.EncodeToString(ws.MustCompileFrame(f))
}

func TestConn_ReadMessage_brokenCompression(t *testing.T) {
	for _, tc := range []struct {
		name, wire string
		code       int
	}{
		{"garbage", "c1 03 ff ff ff", wsclient.CodeProtocol},
		{"cut", "c1 03 f2 48 cd", wsclient.CodeProtocol},
		{"not UTF-8", "c1 07 00 01 00 fe ff ff 00", wsclient.CodeUTF8},
		{"RSV1 on a continuation", "41 03 f2 48 cd c0 04 c9 c9 07 00", wsclient.CodeProtocol},
		{"RSV1 on a ping", "c9 00", wsclient.CodeProtocol},
		{"RSV2", "a1 00", wsclient.CodeProtocol},
		{"RSV1 and RSV2", "e1 00", wsclient.CodeProtocol},
		{"longer than can be", "c2 7e 05 00", wsclient.CodeTooBig},
		{"bomb", deflatedZeros(t, 1025), wsclient.CodeTooBig},
	} {
		t.Run(tc.name, func(t *testing.T) {
			url, _ := serveExtensions(t, agreed, func(conn net.Conn) { conn.Write(wire(t, tc.wire)); drain(conn) })
			c := dial(t, url, wsclient.Options{Compress: true, MaxMessage: 1024})
			_, _, err := c.ReadMessage(ctx(t))
			var broke *wsclient.ProtocolError
			require.ErrorAs(t, err, &broke)
			assert.Equal(t, tc.code, broke.Code, broke.Reason)
		})
	}
}
