package transport_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
	"eventrelay/relay/transport"
)

func TestHandshake_refused(t *testing.T) {
	good := handshake("")
	edit := func(old, new string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, new, 1)
	}
	header := func(lines ...string) string { return handshake("", lines...) }
	cases := []struct {
		name, request string
		want          int // 0: any 4xx or 5xx
	}{
		{"HTTP/1.0", edit("HTTP/1.1", "HTTP/1.0"), 400},
		{"HTTP/2.0", edit("HTTP/1.1", "HTTP/2.0"), 400},
		{"no version", edit(" HTTP/1.1", ""), 0},
		{"POST", edit("GET", "POST"), 405},
		{"no Host", edit("Host: localhost\r\n", ""), 400},
		{"empty Host", edit("Host: localhost\r\n", "Host:\r\n"), 400},
		{"two Hosts", header("Host: other"), 400},
		{"no Upgrade", edit("Upgrade: websocket\r\n", ""), 426},
		{"Upgrade to something else", edit("Upgrade: websocket\r\n", "Upgrade: h2c\r\n"), 426},
		{"no Connection", edit("Connection: keep-alive, Upgrade\r\n", ""), 400},
		{"Connection: close", edit("keep-alive, Upgrade", "close"), 400},
		{"no key", edit("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""), 400},
		{"two keys", header("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400},
		{"short key", edit("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="), 400},
		{"key that is not base64", edit("dGhlIHNhbXBsZSBub25jZQ==", "!!!!IHNhbXBsZSBub25jZQ=="), 400},
		{"version 8", edit("Version: 13", "Version: 8"), 426},
		{"no version header", edit("Sec-WebSocket-Version: 13\r\n", ""), 426},
		{"two versions", header("Sec-WebSocket-Version: 13"), 426},
		{"bare LF", strings.ReplaceAll(good, "\r\n", "\n"), 400},
		{"bare CR", edit("Host: localhost\r\n", "Host: local\rhost\r\n"), 400},
		{"folded header", header("X-A: 1", " 2"), 400},
		{"space before the colon", header("X-A : 1"), 400},
		{"no colon", header("X-A"), 400},
		{"no header name", header(": x"), 400},
		{"NUL", header("X-A: \x00"), 400},
		{"control character", header("X-A: \x01"), 400},
		{"body by length", header("Content-Length: 5") + "hello", 400},
		{"body in chunks", header("Transfer-Encoding: chunked") + "0\r\n\r\n", 400},
		{"both", header("Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n", 400},
		{"two lengths", header("Content-Length: 0", "Content-Length: 0"), 400},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0},
		{"TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400},
		{"garbage", "\x80\x81\x82\x00\xff", 400},
		{"spaces in the target", edit("/ws", "/ws /x"), 0},
		{"line of 64 KiB", header("X-A: " + strings.Repeat("a", 64<<10)), 431},
		{"10,000 headers", header(strings.Repeat("X-A: 1\r\n", 9999) + "X-A: 1"), 431},
		{"65 headers", header(strings.Repeat("X-A: 1\r\n", 65) + "X-A: 1"), 431},
		{"16 KiB in all", header(strings.Repeat("X-A: "+strings.Repeat("a", 500)+"\r\n", 40) + "X-A: 1"), 431},
		{"endless header", strings.TrimSuffix(good, "\r\n") + "X-A: " + strings.Repeat("a", 20<<10), 431},
		{"target of 1 MiB", edit("/ws", "/ws?"+strings.Repeat("a", 1<<20)), 414},
		{"subprotocols of commas", header("Sec-WebSocket-Protocol: " + strings.Repeat(", ", 4000)), 400},
		{"bad query", edit("/ws", "/ws?a=%zz"), 400},
		{"bad topic", edit("/ws", "/ws?topic=a..b"), 400},
		{"empty topic", edit("/ws", "/ws?topic="), 400},
		{"bad publish topic", edit("/ws", "/ws?publish=a.*"), 400},
		{"two publish topics", edit("/ws", "/ws?publish=a&publish=b"), 400},
		{"more topics than allowed", edit("/ws", "/ws?topic=a"+strings.Repeat("&topic=a", 128)), 400},
	}
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				r.t = t
				p := r.dial()
				_, _ = io.WriteString(p.Conn, c.request+"\x81\x80\x00\x00\x00\x00") // a frame, as if it were open; never read as one
				res := p.response()
				if c.want != 0 {
					assert.Equal(t, c.want, res.StatusCode)
				}
				assert.GreaterOrEqual(t, res.StatusCode, 400)
				switch res.StatusCode {
				case 426:
					assert.Equal(t, "13", res.Header.Get("Sec-WebSocket-Version"))
				case 405:
					assert.Equal(t, "GET", res.Header.Get("Allow"))
				}
				_, err := io.Copy(io.Discard, res.Body)
				require.NoError(t, err)
				p.wantEnd()
			})
		}
		r.t = t
		assert.Zero(t, r.metric("relay_connections_total"))
		assert.NotZero(t, r.metric("relay_handshakes_refused_total", "431"))
	})
}

func TestHandshake_accepted(t *testing.T) {
	lower := strings.NewReplacer("Host", "hOST", "Upgrade: websocket", "UPGRADE:WebSocket", "Connection", "connection", "Sec-WebSocket-Key", "SEC-WEBSOCKET-KEY")
	cases := map[string]struct{ request, protocol string }{
		"plain":                      {handshake(""), ""},
		"any case":                   {lower.Replace(handshake("")), ""},
		"our subprotocol":            {handshake("", envelopes), transport.Subprotocol},
		"ours among others":          {handshake("", "Sec-WebSocket-Protocol: mqtt, relay.v1.json"), transport.Subprotocol},
		"ours in a second header":    {handshake("", "Sec-WebSocket-Protocol: mqtt", envelopes), transport.Subprotocol},
		"unknown subprotocols":       {handshake("", "Sec-WebSocket-Protocol: mqtt, stomp"), ""},
		"extensions are not taken":   {handshake("", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"), ""},
		"a thousand offers":          {handshake("", "Sec-WebSocket-Extensions: "+strings.Repeat("a, ", 1000)+"a"), ""},
		"128 topics":                 {handshake("?topic=a" + strings.Repeat("&topic=a", 127)), ""},
		"zero length":                {handshake("", "Content-Length: 0"), ""},
		"64 headers":                 {handshake("", strings.Repeat("X-A: 1\r\n", 58)+"X-A: 1"), ""},
		"obs-text in a header value": {handshake("", "X-A: \xe9"), ""},
	}
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		for name, c := range cases {
			for _, write := range []func(io.Writer, []byte){atOnce, byteByByte} {
				p := r.dial()
				write(p.Conn, []byte(c.request))
				res := p.response()
				require.Equal(t, 101, res.StatusCode, name)
				assert.Equal(t, c.protocol, res.Header.Get("Sec-WebSocket-Protocol"), name)
				assert.Empty(t, res.Header.Values("Sec-WebSocket-Extensions"), name)
				assert.Equal(t, "websocket", strings.ToLower(res.Header.Get("Upgrade")), name)
			}
		}
	})
}

// Frames may follow the request in the same segment.
func TestHandshake_earlyFrames(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		p := r.dial()
		p.send(handshake("") + "\x81\x85\x00\x00\x00\x00early\x81\x84\x00\x00")
		require.Equal(t, 101, p.response().StatusCode)
		p.wantText("early")
		p.send("\x00\x00next")
		p.wantText("next")
	})
}

func TestHandshake_gate(t *testing.T) {
	refuse := func(status int) gate {
		return func(*relay.Handshake) (relay.Grant, error) {
			return relay.Grant{}, &relay.Refusal{Status: status, Reason: `say "please"`}
		}
	}
	drivers(t, func(t *testing.T, driver string) {
		for _, status := range []int{401, 403, 429} {
			r := serve(t, driver, func(_ *transport.Options, d *transport.Deps) { d.Gate = refuse(status) })
			p := r.knock("")
			res := p.response()
			assert.Equal(t, status, res.StatusCode)
			assert.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
			assert.Equal(t, status == 401, res.Header.Get("WWW-Authenticate") != "")
			assert.Equal(t, status == 429, res.Header.Get("Retry-After") != "")
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			assert.Contains(t, string(body), `"detail":"say \"please\""`)
			p.wantEnd()
		}
		saw := make(chan relay.Handshake, 1)
		r := serve(t, driver, func(_ *transport.Options, d *transport.Deps) {
			d.Gate = gate(func(h *relay.Handshake) (relay.Grant, error) {
				saw <- *h
				return relay.Grant{Publish: true}, nil
			})
		})
		p := r.knock("?token=abc&topic=x", "Origin: https://a.example", "Authorization: Bearer k")
		assert.Equal(t, 401, p.response().StatusCode, "may not subscribe")
		seen := <-saw
		assert.Equal(t, "/ws", seen.Path)
		assert.Equal(t, "abc", seen.Query.Get("token"))
		assert.Equal(t, "localhost", seen.Host)
		assert.Equal(t, "https://a.example", seen.Header.Get("Origin"))
		assert.Equal(t, p.LocalAddr().String(), seen.Remote.String())
	})
}

// Who may do nothing here does not get a connection either.
func TestHandshake_nothingGranted(t *testing.T) {
	for _, tc := range []struct {
		name    string
		grant   relay.Grant
		inbound bool
		want    int
	}{
		{"nothing", relay.Grant{}, true, 401},
		{"nothing, though a key is known", relay.Grant{Known: true}, true, 403},
		{"to publish", relay.Grant{Publish: true}, true, 101},
		{"to publish, which no socket may", relay.Grant{Publish: true, Known: true}, false, 403},
		{"to subscribe", relay.Grant{Subscribe: true}, false, 101},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := serve(t, "auto", func(o *transport.Options, d *transport.Deps) {
				o.Inbound = tc.inbound
				d.Gate = gate(func(*relay.Handshake) (relay.Grant, error) { return tc.grant, nil })
			})
			assert.Equal(t, tc.want, r.tryTo("", envelopes).StatusCode)
		})
	}
}

// From accept to the last byte of the request there are 5 seconds in all (here: 200 ms), however the bytes trickle.
func TestHandshake_timeout(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver, func(o *transport.Options, _ *transport.Deps) { o.HandshakeTimeout = 200 * time.Millisecond })
		bystander := r.connect("")
		silent, slow := r.dial(), r.dial()
		begun := time.Now()
		go func() {
			for i := range len(handshake("")) {
				if _, err := slow.Write([]byte(handshake("")[i : i+1])); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond) // the pace of the attack
			}
		}()
		silent.wantEnd()
		res, err := http.ReadResponse(slow.r, nil)
		if err == nil { // a reset may overtake it
			assert.Equal(t, 408, res.StatusCode)
		}
		_, _ = io.Copy(io.Discard, slow.Conn)
		assert.Less(t, time.Since(begun), 2*time.Second)
		r.eventually("counted", func() bool { return r.metric("relay_handshake_timeouts_total") == 2 })
		bystander.text("alive")
		bystander.wantText("alive")
	})
}

func TestMaxConnections(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver, func(o *transport.Options, _ *transport.Deps) { o.MaxConnections = 2 })
		first := r.connect("")
		r.connect("")
		res := r.tryTo("")
		assert.Equal(t, 503, res.StatusCode)
		assert.NotEmpty(t, res.Header.Get("Retry-After"))
		_ = first.Close()
		r.eventually("room again", func() bool { return r.metric("relay_connections") == 1 })
		r.connect("")
	})
}

func TestOpen_portTaken(t *testing.T) {
	r := serve(t, "auto")
	for _, driver := range []string{"auto", "portable"} {
		o := transport.DefaultOptions()
		o.Driver = driver
		_, err := transport.Open(r.addr, o, transport.Deps{
			NewShard: r.fan.NewShard, Connect: func(c net.Conn) (relay.Client, error) { return r.fan.Attach(c) }, Publisher: r.pub, Gate: anyone,
		})
		require.ErrorContains(t, err, "the port is taken, perhaps by another relay")
		require.ErrorContains(t, err, r.addr)
	}
}

func TestOptions_Validate(t *testing.T) {
	require.NoError(t, transport.Options{}.Validate())
	require.NoError(t, transport.DefaultOptions().Validate())
	err := transport.Options{
		Driver: "kqueue", Loops: -1, Path: "ws", DefaultTopic: "a..b", HandshakeTimeout: -1, PingInterval: -1, PongTimeout: -1,
		MaxMessageSize: -1, MaxConnections: -1, MaxSubscriptions: -1, SendBuffer: 1,
	}.Validate()
	for _, key := range []string{
		"driver", "loops", "path", "default_topic", "handshake_timeout", "ping_interval", "pong_timeout",
		"max_message_size", "max_connections", "max_subscriptions", "send_buffer",
	} {
		assert.ErrorContains(t, err, key+": ")
	}
}
