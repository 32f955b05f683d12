package transport_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay/transport"
)

func TestHTTP_onTheSamePort(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		p := r.dial()
		for i, path := range []string{"/", "/publish/x", "/wsx"} { // kept alive
			p.send(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo%02d", path, i))
			res := p.response()
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprintf("%s %s bo%02d", path, p.LocalAddr(), i), string(body))
		}
	})
}

// Connections that are kept alive over HTTP are bounded, and leave room for WebSockets.
func TestHTTP_atMost(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver, func(o *transport.Options, _ *transport.Deps) { o.MaxConnections = 600 })
		request := func() (*peer, int) {
			p := r.dial()
			p.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			return p, p.response().StatusCode
		}
		var kept []*peer
		for range 600 / 8 {
			p, status := request()
			require.Equal(t, 200, status)
			kept = append(kept, p)
		}
		_, status := request()
		require.Equal(t, 503, status)
		r.connect("?topic=x") // a WebSocket has its own room
		_ = kept[0].Close()
		r.eventually("room for another", func() bool { _, status := request(); return status == 200 })
	})
}

// The body may begin in the segment of the head, and a second request may follow it.
func TestHTTP_splitAnywhere(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		one := "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
		two := one + "GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
		for cut := range len(two) {
			p := r.dial()
			p.send(two[:cut])
			p.send(two[cut:])
			for _, path := range []string{"/a", "/b"} {
				res := p.response()
				body, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				require.True(t, strings.HasPrefix(string(body), path))
			}
			_ = p.Close()
		}
	})
}

func TestHTTP_largeBody(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		body := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
		res, err := http.Post("http://"+r.addr+"/big", "text/plain", bytes.NewReader(body))
		require.NoError(t, err)
		got, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.True(t, bytes.HasSuffix(got, body))
		http.DefaultClient.CloseIdleConnections()
	})
}

func TestHTTP_upgradeOnKeptAliveConnection(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		p := r.dial()
		p.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
		_, err := io.Copy(io.Discard, p.response().Body)
		require.NoError(t, err)
		p.send(handshake("?topic=x.y") + "\x81\x81\x00\x00\x00\x00a") // with a frame behind it
		require.Equal(t, 101, p.response().StatusCode)
		p.wantText("a")
		p.text("b")
		p.wantText("b")
		assert.EqualValues(t, 1, r.metric("relay_connections_total", "portable"))
		assert.Equal(t, p.LocalAddr().String(), r.pub.taken()[0].Attributes.Get("remote_address"))

		p = r.dial()
		p.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
		_, err = io.Copy(io.Discard, p.response().Body)
		require.NoError(t, err)
		p.send(strings.Replace(handshake(""), "Version: 13", "Version: 7", 1))
		res := p.response()
		assert.Equal(t, 426, res.StatusCode)
		assert.Equal(t, "13", res.Header.Get("Sec-WebSocket-Version"))
		_, err = io.Copy(io.Discard, res.Body)
		require.NoError(t, err)
		p.wantEnd()
	})
}

func TestHTTP_absoluteTarget(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		p := r.dial()
		p.send(strings.Replace(handshake("?topic=q"), "GET /ws", "GET http://localhost/ws", 1))
		require.Equal(t, 101, p.response().StatusCode)
		p.text("a")
		p.wantText("a")
	})
}

// Another spelling of the path is another path: a proxy that forbids one may let the other through.
func TestHTTP_pathAsSent(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		p := serve(t, driver).dial()
		p.send(strings.Replace(handshake(""), "GET /ws", "GET /%77s", 1))
		assert.Equal(t, 200, p.response().StatusCode, "the HTTP handler's")
	})
}

func TestHTTP_noHandler(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver, func(_ *transport.Options, d *transport.Deps) { d.HTTP = nil })
		p := r.dial()
		p.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		assert.Equal(t, 404, p.response().StatusCode)
	})
}
