package transport_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"

	"eventrelay/broadcaster"
	"eventrelay/relay"
	"eventrelay/relay/transport"
)

const patience = 10 * time.Second

// publisher appends what it is given, as filters that pass everything would.
type publisher struct {
	sink relay.Sink

	mu      sync.Mutex
	busy    bool // Submit answers ErrBusy
	refused int  // how often it did
	err     error
	result  relay.Result // when Verdict is not Accepted
	waiting []func()
	events  []*relay.Event
}

func (p *publisher) Publish(context.Context, []*relay.Event, []relay.Result) { panic("not used") }

func (p *publisher) Submit(ev *relay.Event, done func(relay.Result), ready func()) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.busy:
		p.refused++
		p.waiting = append(p.waiting, ready)
		return relay.ErrBusy
	case p.err != nil:
		return p.err
	}
	p.events = append(p.events, ev)
	res := p.result
	res.EventID = ev.ID
	if res.Verdict.Passed() {
		res.Position = p.sink.Append(ev)
	}
	if done != nil {
		go done(res)
	}
	return nil
}

func (p *publisher) setBusy(busy bool) {
	p.mu.Lock()
	p.busy = busy
	waiting := p.waiting
	if !busy {
		p.waiting = nil
	}
	p.mu.Unlock()
	if !busy {
		for _, ready := range waiting {
			ready()
		}
	}
}

func (p *publisher) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

func (p *publisher) taken() []*relay.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.events
}

// gate admits as it is told.
type gate func(h *relay.Handshake) (relay.Grant, error)

func (g gate) Admit(h *relay.Handshake) (relay.Grant, error) { return g(h) }

var anyone gate = func(*relay.Handshake) (relay.Grant, error) {
	return relay.Grant{Subscribe: true, Publish: true}, nil
}

// rig is a running server with the real fan-out behind it.
type rig struct {
	*transport.Server
	t    *testing.T
	fan  *broadcaster.Broadcaster
	pub  *publisher
	addr string

	keptAlive bool // dial's connections have served a request before
}

type setting func(*transport.Options, *transport.Deps)

func serve(t *testing.T, driver string, settings ...setting) *rig {
	t.Helper()
	r := &rig{t: t, fan: broadcaster.New(broadcaster.Options{})}
	r.pub = &publisher{sink: r.fan}
	o := transport.DefaultOptions()
	o.Driver, o.Loops, o.MaxConnections = driver, 2, 1000
	d := transport.Deps{
		NewShard:  r.fan.NewShard,
		Connect:   func(c net.Conn) (relay.Client, error) { return r.fan.Attach(c) },
		Publisher: r.pub,
		Gate:      anyone,
		HTTP:      http.HandlerFunc(hello),
		Log:       slog.New(slog.DiscardHandler),
	}
	for _, s := range settings {
		s(&o, &d)
	}
	var err error
	r.Server, err = transport.Open("127.0.0.1:0", o, d)
	require.NoError(t, err)
	r.addr = r.Addr().String()
	t.Cleanup(r.close)
	return r
}

// close checks the server's invariants: all that were opened are closed, each for one reason.
func (r *rig) close() {
	require.NoError(r.t, r.Close())
	require.NoError(r.t, r.Close(), "again")
	require.NoError(r.t, r.fan.Close())
	require.Zero(r.t, r.metric("relay_connections"))
	require.Equal(r.t, r.metric("relay_connections_total"), r.metric("relay_disconnects_total"))
}

// metric returns the sum of the samples of one name, optionally of those with a label value.
func (r *rig) metric(name string, value ...string) (sum float64) {
	r.Metrics(func(m relay.Metric) {
		if m.Name == name && (len(value) == 0 || len(m.Labels) == 2 && m.Labels[1] == value[0]) {
			sum += m.Value
		}
	})
	return sum
}

func (r *rig) eventually(what string, ok func() bool) {
	r.t.Helper()
	require.Eventually(r.t, ok, patience, 2*time.Millisecond, what)
}

// hello answers with the address it sees and the body.
func hello(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s", r.URL.Path, r.RemoteAddr, body)
}

// drivers runs test over every driver of this system.
func drivers(t *testing.T, test func(t *testing.T, driver string)) {
	for _, d := range []string{"auto", "portable"} {
		t.Run(d, func(t *testing.T) { test(t, d) })
	}
}

// peer is a client that speaks bytes.
type peer struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

func (r *rig) dial() *peer {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = c.Close() })
	require.NoError(r.t, c.SetReadDeadline(time.Now().Add(patience)))
	p := &peer{c, r.t, bufio.NewReader(c)}
	if r.keptAlive {
		p.serveOnce()
	}
	return p
}

func handshake(query string, headers ...string) string {
	h := "GET /ws" + query + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for _, line := range headers {
		h += line + "\r\n"
	}
	return h + "\r\n"
}

const envelopes = "Sec-WebSocket-Protocol: relay.v1.json"

// knock asks for a WebSocket.
func (r *rig) knock(query string, headers ...string) *peer {
	r.t.Helper()
	p := r.dial()
	p.send(handshake(query, headers...))
	return p
}

// tryTo asks for a WebSocket and returns the answer.
func (r *rig) tryTo(query string, headers ...string) *http.Response {
	r.t.Helper()
	return r.knock(query, headers...).response()
}

// connect opens a WebSocket.
func (r *rig) connect(query string, headers ...string) *peer {
	r.t.Helper()
	p := r.knock(query, headers...)
	res := p.response()
	require.Equal(r.t, http.StatusSwitchingProtocols, res.StatusCode)
	require.Equal(r.t, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", res.Header.Get("Sec-WebSocket-Accept"), "RFC 6455 1.3")
	return p
}

// serveOnce has net/http serve a request of the connection.
func (p *peer) serveOnce() {
	p.t.Helper()
	p.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	_, err := io.Copy(io.Discard, p.response().Body)
	require.NoError(p.t, err)
}

func (p *peer) send(s string) {
	p.t.Helper()
	_, err := io.WriteString(p.Conn, s)
	require.NoError(p.t, err)
}

func (p *peer) response() *http.Response {
	p.t.Helper()
	res, err := http.ReadResponse(p.r, nil)
	require.NoError(p.t, err)
	return res
}

// textFrame returns the bytes of a client's text message.
func textFrame(s string) string {
	return string(ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(s)))))
}

func (p *peer) text(s string) { p.frame(ws.NewTextFrame([]byte(s))) }

func (p *peer) frame(f ws.Frame) {
	p.t.Helper()
	require.NoError(p.t, ws.WriteFrame(p.Conn, ws.MaskFrame(f)))
}

// next returns the next frame.
func (p *peer) next() ws.Frame {
	p.t.Helper()
	require.NoError(p.t, p.SetReadDeadline(time.Now().Add(patience)))
	h, err := ws.ReadHeader(p.r)
	require.NoError(p.t, err)
	require.Zero(p.t, h.Rsv)
	require.True(p.t, h.Fin)
	require.False(p.t, h.Masked)
	f := ws.Frame{Header: h, Payload: make([]byte, h.Length)}
	_, err = io.ReadFull(p.r, f.Payload)
	require.NoError(p.t, err)
	return f
}

func (p *peer) wantText(s string) {
	p.t.Helper()
	f := p.next()
	require.Equal(p.t, s, string(f.Payload))
	require.Equal(p.t, ws.OpText, f.Header.OpCode)
}

// wantClose expects a close frame and then the end of the stream.
func (p *peer) wantClose(code int) (reason string) {
	p.t.Helper()
	f := p.next()
	require.Equal(p.t, ws.OpClose, f.Header.OpCode, "%q", f.Payload)
	got, reason := closeData(f.Payload)
	require.Equal(p.t, code, int(got), reason)
	p.wantEnd()
	return reason
}

// wantEnd expects the server to close at once.
func (p *peer) wantEnd() {
	p.t.Helper()
	rest, err := io.ReadAll(p.r)
	require.Empty(p.t, rest, "%s", hex.EncodeToString(rest))
	if err != nil && !errors.Is(err, io.EOF) {
		require.False(p.t, isTimeout(err), "the server did not close")
	}
}

func isTimeout(err error) bool {
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout()
}

func frames(hexes []string) []byte { return transport.Unhex(strings.Join(hexes, "")) }

func closeData(p []byte) (code uint16, reason string) {
	if len(p) < 2 {
		return 1005, ""
	}
	return binary.BigEndian.Uint16(p), string(p[2:])
}
