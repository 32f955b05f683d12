package transport_test

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay/transport"
)

// offer is what browsers send.
const offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"

// compression is the setting that switches it on.
func compression(o *transport.Options, _ *transport.Deps) { o.Compression.Enabled = true }

func TestConformance_deflated(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		conform(t, serve(t, driver, compression), transport.DeflateCases, offer)
	})
}

func TestConformance_deflatedKeptAlive(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver, compression)
		r.keptAlive = true
		conform(t, r, transport.DeflateCases, offer)
	})
}

// Who did not offer compression may not use it, though others may.
func TestConformance_notDeflated(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver, compression)
		conform(t, r, transport.WireCases[:30])
		assert.Zero(t, r.metric("relay_connections_compressed_total"))
	})
}

func TestCompression_negotiated(t *testing.T) {
	const agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	drivers(t, func(t *testing.T, driver string) {
		off, on := serve(t, driver), serve(t, driver, compression)
		for _, tc := range []struct {
			name    string
			r       *rig
			headers []string
			want    []string
		}{
			{"off", off, []string{offer}, nil},
			{"not offered", on, nil, nil},
			{"offered", on, []string{offer}, []string{agreed}},
			{"declined", on, []string{"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9"}, nil},
			{"the second offer", on, []string{"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9", offer}, []string{agreed}},
			{"with a subprotocol", on, []string{offer, envelopes}, []string{agreed}},
		} {
			for _, tc.r.keptAlive = range []bool{false, true} {
				res := tc.r.tryTo("", tc.headers...)
				assert.Equal(t, http.StatusSwitchingProtocols, res.StatusCode, tc.name)
				assert.Equal(t, tc.want, res.Header["Sec-Websocket-Extensions"], tc.name)
			}
		}
		for _, r := range []*rig{off, on} {
			res := r.tryTo("", "Sec-WebSocket-Extensions: permessage-deflate;")
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			assert.Equal(t, http.StatusBadRequest, res.StatusCode)
			assert.Contains(t, string(body), "Sec-WebSocket-Extensions is malformed")
		}
		p := off.connect("", offer)
		p.send(string(transport.Unhex("c1 80 00 00 00 00")))
		p.wantClose(1002)
	})
}

// message reads the next message of a connection with compression, and says whether it came compressed.
func (p *peer) message() (payload string, deflated bool) {
	p.t.Helper()
	h, err := ws.ReadHeader(p.r)
	require.NoError(p.t, err)
	b := make([]byte, h.Length)
	_, err = io.ReadFull(p.r, b)
	require.NoError(p.t, err)
	if h.Rsv == 0 {
		return string(b), false
	}
	require.True(p.t, h.Rsv == 4 && h.OpCode.IsData() && h.Fin)
	return inflate(p.t, b), true
}

// inflate is what any client does (RFC 7692 §7.2.2), by the standard library.
func inflate(t testing.TB, b []byte) string {
	out, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(b), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff"))))
	require.NoError(t, err)
	return string(out)
}

// deflated returns a client's compressed message, masked with key 0.
func deflated(t testing.TB, op ws.OpCode, payload []byte) string {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 9)
	require.NoError(t, err)
	_, err = w.Write(payload)
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	f := ws.NewFrame(op, true, b.Bytes()[:b.Len()-4])
	f.Header.Rsv, f.Header.Masked = 4, true
	return string(ws.MustCompileFrame(f))
}

func TestCompression_delivers(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver, compression)
		plain, packed := r.connect("?topic=a.b"), r.connect("?topic=a.b", offer)
		enveloped := r.connect("?topic=a.>&topic=a.*", offer, envelopes)
		large := `{"text":"` + strings.Repeat("all work and no play ", 2000) + `"}`
		for _, want := range []string{large, `{"small":1}`, large} {
			packed.send(deflated(t, ws.OpText, []byte(want)))
			plain.wantText(want)
			got, compressed := packed.message()
			assert.Equal(t, want, got)
			assert.Equal(t, len(want) > 256, compressed)
			subscriptions := map[string]bool{}
			for range 2 {
				got, compressed = enveloped.message()
				var e struct {
					Subscription string
					Data         json.RawMessage
				}
				require.NoError(t, json.Unmarshal([]byte(got), &e))
				assert.Equal(t, want, string(e.Data))
				assert.Equal(t, len(want) > 256, compressed)
				subscriptions[e.Subscription] = true
			}
			assert.Len(t, subscriptions, 2)
		}
		assert.EqualValues(t, 2, r.metric("relay_connections_compressed_total"))
		assert.EqualValues(t, 4, r.fan.Stats().Deflates, "two large events in two forms")
	})
}

// What only one client gets goes uncompressed: it may be a secret beside what an attacker chose.
func TestCompression_notOfReplies(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver, compression)
		p := r.connect("?topic=other", offer, envelopes)
		p.send(deflated(t, ws.OpText, []byte(`{"id":1,"subscribe":{"topic":"`+strings.Repeat("a", 1000)+`"}}`)))
		got, compressed := p.message()
		assert.Contains(t, got, "bad_topic")
		assert.False(t, compressed)
		ping := strings.Repeat("p", 125)
		p.frame(ws.NewPingFrame([]byte(ping)))
		got, compressed = p.message()
		assert.Equal(t, ping, got)
		assert.False(t, compressed)
	})
}

func TestCompression_limits(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver, compression)
		p := r.connect("", offer)
		exact := make([]byte, 64<<10)
		p.send(deflated(t, ws.OpBinary, exact))
		got, _ := p.message()
		assert.Equal(t, string(exact), got)
		p.send(deflated(t, ws.OpBinary, append(exact, 0)))
		p.wantClose(1009)

		p = r.connect("", offer) // an endless stream of blocks that say nothing
		empty := strings.Repeat("\x00\x00\x00\xff\xff", 800)
		frame := ws.NewFrame(ws.OpBinary, false, []byte(empty))
		frame.Header.Masked, frame.Header.Rsv = true, 4
		for range 100 {
			if _, err := p.Write(ws.MustCompileFrame(frame)); err != nil {
				break // it was cut while we sent
			}
			frame.Header.OpCode, frame.Header.Rsv = ws.OpContinuation, 0
		}
		r.eventually("counted", func() bool { return r.metric("relay_disconnects_total", "too_big") == 2 })
	})
}

// A bomb of 512 MiB in 512 KiB is refused by its length; in pieces of what may come, each inflates to no more than may.
func TestCompression_bombs(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver, compression)
		bomb := deflated(t, ws.OpBinary, make([]byte, 60<<20)) // 60 KiB
		require.Less(t, len(bomb), 64<<10)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		const clients = 20
		for range clients {
			p := r.connect("", offer)
			p.send(bomb)
			p.wantClose(1009)
		}
		runtime.ReadMemStats(&after)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(clients<<20), "bytes allocated, for 1.2 GB")
	})
}

// A message that is not complete holds what came of it, and no inflater.
func TestCompression_unfinishedMessages(t *testing.T) {
	const clients = 200
	r := serve(t, "auto", compression)
	half := deflated(t, ws.OpText, []byte(strings.Repeat("half of a message ", 20)))
	half = half[:len(half)/2]
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	peers := make([]*peer, clients)
	for i := range peers {
		peers[i] = r.connect(fmt.Sprintf("?topic=t.%d", i), offer)
		peers[i].frame(ws.NewPingFrame(nil))
		_, _ = peers[i].message()
	}
	before := heap()
	for _, p := range peers {
		p.send("\x89\x80\x00\x00\x00\x00" + half) // the pong says that what follows it was read, too
		_, _ = p.message()
	}
	r.eventually("small", func() bool { return heap() < before+clients*4096 })
}

// Messages that inflate to no more than may, but from next to nothing, come at a rate; those of an honest ratio do not.
func TestCompression_floodOfBombs(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver, compression)
		bomb := deflated(t, ws.OpBinary, make([]byte, 64<<10))
		require.Less(t, len(bomb), 100)
		flood := r.connect("?topic=nobody.*&publish=x", offer)
		_, _ = io.WriteString(flood.Conn, strings.Repeat(bomb, 300)) // it is cut in the midst of them
		assert.Equal(t, "too much inflates to more than 32 times its size", flood.wantClose(1008))
		assert.LessOrEqual(t, len(r.pub.taken()), 120)

		honest := deflated(t, ws.OpText, []byte(strings.Repeat("all work and no play makes a dull day, ", 20)))
		p := r.connect("?topic=nobody.*&publish=y", offer)
		begun := len(r.pub.taken())
		p.send(strings.Repeat(honest, 1000))
		p.frame(ws.NewPingFrame(nil))
		require.Equal(t, ws.OpPong, p.next().Header.OpCode)
		assert.Len(t, r.pub.taken(), begun+1000)
	})
}
