package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay/transport/wsclient"
)

// fakeSockets is a WebSocket server that treats each connection as a script says.
type fakeSockets struct {
	*httptest.Server
	mu   sync.Mutex
	got  []*http.Request
	open sync.WaitGroup
}

func newFakeSockets(t *testing.T, script func(n int, conn net.Conn)) *fakeSockets {
	f := new(fakeSockets)
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		n := len(f.got)
		f.got = append(f.got, r)
		f.mu.Unlock()
		up := ws.HTTPUpgrader{Protocol: func(p string) bool { return p == "relay.v1.json" && r.URL.Path == "/ws" }}
		conn, _, _, err := up.Upgrade(r, w)
		if err != nil {
			return
		}
		f.open.Add(1)
		defer f.open.Done()
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		script(n, conn)
	}))
	t.Cleanup(func() { f.Close(); f.open.Wait() })
	return f
}

func sendText(conn net.Conn, texts ...string) {
	for _, s := range texts {
		wsutil.WriteServerText(conn, []byte(s))
	}
}

func sendClose(conn net.Conn, code int, reason string) {
	ws.WriteFrame(conn, ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(code), reason)))
	ws.ReadHeader(conn) // the echo
}

// untilClosed reads until the client goes.
func untilClosed(conn net.Conn) {
	for {
		if _, _, err := wsutil.ReadClientData(conn); err != nil {
			return
		}
	}
}

func TestSubscribe(t *testing.T) {
	f := newFakeSockets(t, func(_ int, conn net.Conn) {
		sendText(conn, `{"a":1}`, "two\nlines")
		wsutil.WriteServerBinary(conn, []byte{0, 255})
		sendText(conn, "one too many")
		untilClosed(conn)
	})
	got := run(t, "subscribe", "orders.>", "a.*", "--url", f.URL, "-n", "3", "--token-file", file(t, "token", "t0ken"))
	assert.Equal(t, outcome{0, "{\"a\":1}\n\"two\\nlines\"\nAP8=\n", ""}, got)
	assert.Equal(t, "/ws?topic=orders.%3E&topic=a.%2A", f.got[0].RequestURI)
	assert.Equal(t, "Bearer t0ken", f.got[0].Header.Get("Authorization"))
}

func TestSubscribe_envelope(t *testing.T) {
	f := newFakeSockets(t, func(_ int, conn net.Conn) { sendText(conn, `{"topic":"events"}`); untilClosed(conn) })
	got := run(t, "subscribe", "--url", f.URL+"/", "--envelope", "--count", "1")
	assert.Equal(t, outcome{0, "{\"topic\":\"events\"}\n", ""}, got)
	assert.Equal(t, "relay.v1.json", f.got[0].Header.Get("Sec-WebSocket-Protocol"))
	assert.Equal(t, "topic=events", f.got[0].URL.RawQuery, "the default topic is named, as an envelope connection has none")

	got = run(t, "subscribe", "--url", f.URL, "--envelope", "--ws-path", "/other")
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.err, "does not speak relay.v1.json")
}

func TestSubscribe_compress(t *testing.T) {
	f := newFakeSockets(t, func(_ int, conn net.Conn) { sendText(conn, "1"); untilClosed(conn) })
	got := run(t, "subscribe", "--url", f.URL, "--compress", "--count", "1")
	assert.Equal(t, 0, got.code)
	assert.Equal(t, "1\n", got.out)
	assert.Contains(t, got.err, "the relay does not compress; is websocket.compression enabled there? Going on without")
	assert.Contains(t, f.got[0].Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate")
}

func TestSubscribe_missed(t *testing.T) {
	const event, quoting = `{"subscription":"a","topic":"a","data":{"missed":1}}`, `{"subscription":"a","missed":3}`
	f := newFakeSockets(t, func(_ int, conn net.Conn) { sendText(conn, quoting, event); untilClosed(conn) })
	got := run(t, "subscribe", "a", "--url", f.URL, "--envelope", "--count", "1")
	assert.Equal(t, outcome{0, event + "\n", "relay: too slow: missed 3 of the events of a\n"}, got)
	got = run(t, "subscribe", "a", "--url", f.URL, "--count", "1")
	assert.Equal(t, outcome{0, quoting + "\n", ""}, got, "plain data may look like anything")
}

func TestSubscribe_timeout(t *testing.T) {
	f := newFakeSockets(t, func(_ int, conn net.Conn) { sendText(conn, "1"); untilClosed(conn) })
	assert.Equal(t, outcome{0, "1\n", ""}, run(t, "subscribe", "--url", f.URL, "--timeout", "200ms"))
	assert.Equal(t, outcome{exitTimeout, "1\n", "relay: 1 of 2 events came within 200ms\n"},
		run(t, "subscribe", "--url", f.URL, "--timeout", "200ms", "--count", "2"))
}

func TestSubscribe_interrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	f := newFakeSockets(t, func(_ int, conn net.Conn) { cancel(&exitError{code: 130}); untilClosed(conn) })
	assert.Equal(t, outcome{130, "", ""}, invocation{}.runContext(ctx, "subscribe", "--url", f.URL))
}

func TestSubscribe_comesBack(t *testing.T) {
	tests := []struct {
		name string
		end  func(net.Conn)
		want string
	}{
		{"drain", func(c net.Conn) { sendClose(c, 1001, "the relay is stopping") }, "closed the connection (1001): the relay is stopping; connecting again in"},
		{"slow", func(c net.Conn) { sendClose(c, 4100, "slow consumer") }, "(4100): slow consumer; connecting again in"},
		{"overload", func(c net.Conn) { sendClose(c, 1013, "") }, "(1013); connecting again in"},
		{"lost", func(net.Conn) {}, "the connection was lost: unexpected EOF; connecting again in"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFakeSockets(t, func(n int, conn net.Conn) {
				if n == 0 {
					sendText(conn, "1")
					tt.end(conn)
					return
				}
				sendText(conn, "2")
				untilClosed(conn)
			})
			got := run(t, "subscribe", "--url", f.URL, "-n", "2")
			assert.Equal(t, 0, got.code)
			assert.Equal(t, "1\n2\n", got.out)
			assert.Contains(t, got.err, tt.want)
			assert.Contains(t, got.err, "relay: connected again\n")
		})
	}
}

func TestSubscribe_staysAway(t *testing.T) {
	for _, code := range []int{1000, 1002, 1003, 1007, 1008, 1009, 4000, 4099} {
		f := newFakeSockets(t, func(_ int, conn net.Conn) { sendClose(conn, code, "no") })
		got := run(t, "subscribe", "--url", f.URL)
		assert.Equal(t, exitFailed, got.code)
		assert.Contains(t, got.err, "): no\n")
		assert.Len(t, f.got, 1, "close code %d", code)
	}
	f := newFakeSockets(t, func(_ int, conn net.Conn) { sendClose(conn, 1001, "") })
	got := run(t, "subscribe", "--url", f.URL, "--no-reconnect")
	assert.Equal(t, outcome{exitFailed, "", "relay: the server closed the connection (1001)\n"}, got)
	assert.Len(t, f.got, 1)
}

func TestSubscribe_refused(t *testing.T) {
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnauthorized)
		w.Write([]byte(`{"detail":"subscribing needs a token"}`))
	}))
	defer srv.Close()
	got := run(t, "subscribe", "--url", srv.URL)
	assert.Equal(t, outcome{exitFailed, "", "relay: the server refused the WebSocket handshake: 401 Unauthorized: subscribing needs a token; put the token into a file for --token-file\n"}, got)
	assert.Equal(t, 1, n)
}

func TestSubscribe_nobodyThere(t *testing.T) {
	got := run(t, "subscribe", "--url", "ws://127.0.0.1:1")
	assert.Equal(t, exitFailed, got.code)
	assert.True(t, strings.HasPrefix(got.err, "relay: no relay answers at http://127.0.0.1:1"), got.err)
}

// full is a standard output that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, &net.OpError{Op: "write", Err: net.ErrClosed} }

func TestSubscribe_outputFull(t *testing.T) {
	f := newFakeSockets(t, func(_ int, conn net.Conn) { sendText(conn, "1"); untilClosed(conn) })
	var errs buffer
	a := &app{in: strings.NewReader(""), out: full{}, err: &errs, getenv: func(string) string { return "" }}
	require.Equal(t, exitFailed, a.run(t.Context(), []string{"subscribe", "--url", f.URL}))
	assert.Contains(t, errs.String(), "print an event")
	assert.Len(t, f.got, 1)
}

// A relay that takes long not to answer is not one that was connected for long.
func TestSubscriber_backsOffFromSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &subscriber{
			url: "ws://relay.example/ws", reconnect: true, connected: true, notef: func(string, ...any) {},
			backoff: backoff{min: 500 * time.Millisecond, max: 30 * time.Second},
			options: wsclient.Options{HandshakeTimeout: 20 * time.Second, NetDial: func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}},
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		require.ErrorIs(t, s.run(ctx), context.DeadlineExceeded)
		assert.Equal(t, s.backoff.max, s.backoff.next)
	})
}

func TestBackoff(t *testing.T) {
	b := backoff{min: 500 * time.Millisecond, max: 30 * time.Second}
	for _, limit := range []time.Duration{500, 1000, 2000, 4000, 8000, 16000, 30000, 30000} {
		limit *= time.Millisecond
		d := b.delay(0)
		assert.LessOrEqual(t, d, limit)
		assert.GreaterOrEqual(t, d, limit/2)
	}
	assert.GreaterOrEqual(t, b.delay(time.Hour), time.Hour)
	b.reset()
	assert.LessOrEqual(t, b.delay(0), 500*time.Millisecond)
}
