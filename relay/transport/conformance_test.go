package transport_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay/transport"
)

// A plain client of one topic sees its own events, so the relay echoes, and the table of the frame reader holds.
func TestConformance(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) { conform(t, serve(t, driver), transport.WireCases) })
}

// A WebSocket that begins on a kept-alive HTTP connection is no worse.
func TestConformance_keptAlive(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		r.keptAlive = true
		conform(t, r, transport.WireCases)
	})
}

func conform(t *testing.T, r *rig, cases []transport.WireCase, headers ...string) {
	for i, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			for _, write := range []func(io.Writer, []byte){atOnce, byteByByte} {
				r.t = t
				conformCase(t, r.connect("?topic="+topicName(i), headers...), c, write)
			}
		})
	}
	r.t = t
}

func conformCase(t *testing.T, p *peer, c transport.WireCase, write func(io.Writer, []byte)) {
	write(p.Conn, transport.Unhex(c.In))
	want := frames(c.Out)
	got := make([]byte, len(want))
	_, err := io.ReadFull(p.r, got)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	switch {
	case c.Code != 0:
		p.wantClose(int(c.Code))
	case strings.HasPrefix(c.Name, "close"):
		p.wantEnd()
	default: // still open
		p.text("still")
		p.wantText("still")
	}
	_ = p.Close()
}

func topicName(i int) string { return "case." + string(rune('a'+i/26)) + string(rune('a'+i%26)) }

func atOnce(w io.Writer, p []byte) { _, _ = w.Write(p) }

// byteByByte sends each byte as a segment of its own, as TCP_NODELAY is Go's default.
func byteByByte(w io.Writer, p []byte) {
	if len(p) > 300 {
		atOnce(w, p)
		return
	}
	for i := range p {
		if _, err := w.Write(p[i : i+1]); err != nil {
			return // the server may have closed on an earlier byte
		}
	}
}

func TestMessageSize(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		p := r.connect("")
		exact := make([]byte, 64<<10)
		p.frame(ws.NewBinaryFrame(exact))
		assert.Equal(t, exact, p.next().Payload)

		// The header alone is enough.
		require.NoError(t, ws.WriteHeader(p.Conn, ws.Header{Fin: true, OpCode: ws.OpBinary, Masked: true, Length: 64<<10 + 1}))
		p.wantClose(1009)
		r.eventually("counted", func() bool { return r.metric("relay_disconnects_total", "too_big") == 1 })
	})
}

func TestFloods(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		for name, frame := range map[string]ws.Frame{
			"pings": ws.NewPingFrame([]byte(strings.Repeat("p", 125))),
			"pongs": ws.NewPongFrame(nil),
		} {
			p := r.connect("")
			flood := strings.Repeat(string(ws.MustCompileFrame(ws.MaskFrame(frame))), 200)
			_, _ = io.WriteString(p.Conn, flood)
			f := p.next()
			for f.Header.OpCode == ws.OpPong {
				f = p.next()
			}
			code, reason := closeData(f.Payload)
			assert.EqualValues(t, 1008, code, name)
			assert.Contains(t, reason, "too many pings")
		}
	})
}

func TestPingsAndPongTimeout(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver, func(o *transport.Options, _ *transport.Deps) {
			o.PingInterval, o.PongTimeout = 40*time.Millisecond, 80*time.Millisecond
		})
		p := r.connect("")
		for range 3 { // answered: stays
			require.Equal(t, ws.OpPing, p.next().Header.OpCode)
			p.frame(ws.NewPongFrame(nil))
		}
		require.Equal(t, ws.OpPing, p.next().Header.OpCode)
		p.text("any frame proves life")
		p.wantText("any frame proves life")
		require.Equal(t, ws.OpPing, p.next().Header.OpCode)
		p.wantClose(4101)
		r.eventually("counted", func() bool { return r.metric("relay_disconnects_total", "pong_timeout") == 1 })
	})
}

// A client that vanishes, or closes its half without a close frame, is gone at once.
func TestGone(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		p, q := r.connect(""), r.connect("")
		_ = p.Close()
		require.NoError(t, q.Conn.(interface{ CloseWrite() error }).CloseWrite())
		q.wantEnd()
		r.eventually("counted", func() bool { return r.metric("relay_disconnects_total", "gone") == 2 })
		assert.Zero(t, r.metric("relay_connections"))
	})
}

// A client that does not close its half after the close frames is cut.
func TestLingerIsBounded(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		p := r.connect("")
		p.frame(ws.NewCloseFrame(nil))
		p.wantClose(1005)
		begun := time.Now()
		for time.Since(begun) < patience {
			if _, err := p.Write([]byte("x")); err != nil {
				break
			}
			time.Sleep(10 * time.Millisecond) // a pace, not a wait
		}
		assert.Less(t, time.Since(begun), 3*time.Second)
	})
}
