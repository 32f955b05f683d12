package transport_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
	"eventrelay/relay/transport"
)

func TestHooks_accept(t *testing.T) {
	hooked(t, all, func(t *testing.T, r *rig, h *hooks) {
		p := r.connect("?topic=a.b&token=s%20t", "Authorization: Bearer s3cret", "X-Twice: 1", "x-twice: 2", "X-Odd: \xff\xc3\xa4\xff")
		p.text("mine")
		p.wantText("mine")
		ev := r.pub.taken()[0]
		assert.Equal(t, "acme", ev.Attributes.Get("tenant"))
		assert.NotEmpty(t, ev.Attributes.Get("connection"))
		assert.Equal(t, p.LocalAddr().String(), ev.Attributes.Get("remote_address"))
		assert.Len(t, ev.Attributes, 3, "nothing of the request")

		a := h.arrivals()[0]
		assert.Equal(t, []relay.Pattern{"a.b"}, a.Topics)
		got := map[string]string{}
		last := ""
		for _, x := range a.Request {
			assert.Less(t, last, x.Key, "sorted, and unique")
			got[x.Key], last = x.Value, x.Key
		}
		assert.Equal(t, "/ws", got["path"])
		assert.Equal(t, "topic=a.b&token=s%20t", got["query"])
		assert.Equal(t, p.LocalAddr().String(), got["remote"])
		assert.Equal(t, "Bearer s3cret", got["header.authorization"])
		assert.Equal(t, "1, 2", got["header.x-twice"])
		assert.Equal(t, "\uFFFDä\uFFFD", got["header.x-odd"])
		assert.Equal(t, "localhost", got["header.host"])
	})
}

func TestHooks_refuse(t *testing.T) {
	gate := func() *hooks {
		return &hooks{set: every, connect: func(*relay.Arrival) relay.Admission {
			return relay.Admission{Refusal: &relay.Refusal{Status: 401, Reason: "who are you?", Filter: "gate"}}
		}}
	}
	hooked(t, gate, func(t *testing.T, r *rig, _ *hooks) {
		res := r.tryTo("")
		assert.Equal(t, 401, res.StatusCode)
		assert.Equal(t, "Bearer", res.Header.Get("WWW-Authenticate"))
		assert.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.JSONEq(t, `{"title":"Unauthorized","status":401,"detail":"who are you?"}`, string(body))
		r.eventually("room is given back", func() bool { return r.metric("relay_connections") == 0 })
		assert.EqualValues(t, 1, r.metric("relay_handshakes_refused_total", "401"))
	})
}

// While a client waits for the filters, others come in, and what it sent early is not lost.
func TestHooks_wait(t *testing.T) {
	hooked(t, all, func(t *testing.T, r *rig, h *hooks) {
		bystander := r.connect("?topic=by.stander")
		release := h.holdOn()
		defer release()
		p := r.dial()
		p.send(handshake("?topic=a.b") + textFrame("early"))
		r.eventually("asked", func() bool { return len(h.arrivals()) == 2 })
		p.frame(ws.NewTextFrame([]byte("later")))
		bystander.text("alive")
		bystander.wantText("alive")
		release()
		require.Equal(t, http.StatusSwitchingProtocols, p.response().StatusCode)
		p.wantText("early")
		p.wantText("later")
	})
}

func TestHooks_goneWhileWaiting(t *testing.T) {
	hooked(t, all, func(t *testing.T, r *rig, h *hooks) {
		release := h.holdOn()
		defer release()
		half, whole := r.knock(""), r.knock("")
		r.eventually("asked", func() bool { return len(h.arrivals()) == 2 })
		assert.EqualValues(t, 2, r.metric("relay_connections"))
		require.NoError(t, half.Conn.(interface{ CloseWrite() error }).CloseWrite())
		_ = whole.Close()
		r.eventually("cleaned up", func() bool { return r.metric("relay_connections") == 0 })
		for _, a := range h.arrivals() {
			assert.True(t, a.Gone.Load())
		}
	})
}

func TestHooks_late(t *testing.T) {
	hooked(t, all, func(t *testing.T, r *rig, h *hooks) {
		release := h.holdOn()
		defer release()
		res := r.tryTo("")
		assert.Equal(t, 503, res.StatusCode)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.Contains(t, string(body), "did not decide in time")
		r.eventually("room is given back", func() bool { return r.metric("relay_connections") == 0 })
	}, func(o *transport.Options, _ *transport.Deps) { o.HandshakeTimeout = 100 * time.Millisecond })
}

func TestHooks_busy(t *testing.T) {
	hooked(t, all, func(t *testing.T, r *rig, h *hooks) {
		p := r.connect("", envelopes)
		h.refuse(relay.ErrBusy)
		res := r.tryTo("")
		assert.Equal(t, 503, res.StatusCode)
		assert.Equal(t, "1", res.Header.Get("Retry-After"))
		p.text(`{"id":1,"subscribe":{"topic":"a"}}`)
		p.wantJSON(`{"id":1,"error":{"code":"busy","message":"too many clients wait for the filters","temporary":true}}`)
		h.refuse(relay.ErrClosed)
		assert.Equal(t, 503, r.tryTo("").StatusCode)
		p.text(`{"id":2,"subscribe":{"topic":"a"}}`)
		p.wantJSON(`{"id":2,"error":{"code":"closing","message":"the relay is stopping","temporary":true}}`)
		r.eventually("room is given back", func() bool { return r.metric("relay_connections") == 1 })
	})
}

func TestHooks_drainWhileWaiting(t *testing.T) {
	hooked(t, all, func(t *testing.T, r *rig, h *hooks) {
		release := h.holdOn()
		defer release()
		p := r.knock("")
		r.eventually("asked", func() bool { return len(h.arrivals()) == 1 })
		require.NoError(t, r.Drain(t.Context(), 0))
		assert.Equal(t, 503, p.response().StatusCode)
	})
}

func TestHooks_closeWhileWaiting(t *testing.T) {
	hooked(t, all, func(t *testing.T, r *rig, h *hooks) {
		release := h.holdOn()
		defer release()
		p, q := r.connectLater(h), r.connectLater(h)
		require.NoError(t, r.Close())
		p.wantEnd()
		q.wantEnd()
	})
}

func (r *rig) connectLater(h *hooks) *peer {
	n := len(h.arrivals())
	p := r.knock("")
	r.eventually("asked", func() bool { return len(h.arrivals()) == n+1 })
	return p
}

// Where the gate leaves it to the filters, one must have accepted.
func TestHooks_byFilter(t *testing.T) {
	leave := func(_ *transport.Options, d *transport.Deps) {
		d.Gate = gate(func(h *relay.Handshake) (relay.Grant, error) {
			return relay.Grant{Subscribe: true, Publish: true, ByFilter: h.WebSocket}, nil
		})
	}
	for name, tt := range map[string]struct {
		set    relay.HookSet
		judged bool
		want   int
	}{
		"accepted":         {every, true, 101},
		"passed on error":  {every, false, 503},
		"no hook":          {0, true, 503},
		"for another hook": {relay.HookSubscribe | relay.HookDisconnect, true, 503},
	} {
		t.Run(name, func(t *testing.T) {
			hooked(t, func() *hooks {
				return &hooks{set: tt.set, connect: func(a *relay.Arrival) relay.Admission {
					return relay.Admission{Visit: &a.Visit, Judged: tt.judged}
				}}
			}, func(t *testing.T, r *rig, h *hooks) {
				assert.Equal(t, tt.want, r.tryTo("").StatusCode)
				for _, a := range h.arrivals() {
					assert.True(t, a.Visit.ByFilter)
				}
			}, leave)
		})
	}
}

// What filters subscribe a client to needs the same grant as what it asks for.
func TestHooks_mayNotSubscribe(t *testing.T) {
	news := func() *hooks {
		return &hooks{set: every, connect: func(a *relay.Arrival) relay.Admission {
			return relay.Admission{Visit: &a.Visit, Judged: true, Topics: []relay.Subscription{{Name: "news", Pattern: "news"}}}
		}}
	}
	hooked(t, news, func(t *testing.T, r *rig, _ *hooks) {
		p := r.connect("?publish=a", envelopes)
		_, err := r.fan.Broadcast("news", 1)
		require.NoError(t, err)
		p.text(`{"id":1,"ping":{}}`)
		p.wantJSON(`{"id":1,"ping":{}}`)
	}, func(_ *transport.Options, d *transport.Deps) {
		d.Gate = gate(func(*relay.Handshake) (relay.Grant, error) { return relay.Grant{Publish: true, Known: true}, nil })
	})
}

// Who comes when a pattern has too many names is told so.
func TestHooks_tooManyNames(t *testing.T) {
	one := func() *hooks {
		return &hooks{set: every, pattern: func(relay.Pattern) (relay.Pattern, *relay.Refusal) { return "one", nil }}
	}
	hooked(t, one, func(t *testing.T, r *rig, _ *hooks) {
		for i := range 2 {
			var query strings.Builder
			for j := range 128 {
				fmt.Fprintf(&query, "&topic=t.%d.%d", i, j)
			}
			r.connect("?"+query.String(), envelopes)
		}
		p := r.connect("?topic=late", envelopes)
		assert.Equal(t, "this is subscribed to under too many names", p.wantClose(1008))
	})
}

// However much comes early, nothing of it is lost.
func TestHooks_muchEarly(t *testing.T) {
	hooked(t, all, func(t *testing.T, r *rig, h *hooks) {
		release := h.holdOn()
		defer release()
		p := r.dial()
		var frames strings.Builder
		for i := range 20 {
			frames.WriteString(textFrame(strings.Repeat(string(rune('a'+i)), 2000)))
		}
		p.send(handshake("?topic=a.b", "X-Long: "+strings.Repeat("x", 5000)) + frames.String())
		r.eventually("asked", func() bool { return len(h.arrivals()) == 1 })
		release()
		require.Equal(t, http.StatusSwitchingProtocols, p.response().StatusCode)
		for i := range 20 {
			p.wantText(strings.Repeat(string(rune('a'+i)), 2000))
		}
	})
}

// A request's head is as bounded on a connection that was kept alive as on a new one.
func TestHooks_longHead(t *testing.T) {
	hooked(t, all, func(t *testing.T, r *rig, h *hooks) {
		var headers []string
		for i := range 64 {
			headers = append(headers, fmt.Sprintf("X-%d: \xff", i))
		}
		assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, r.tryTo("", headers...).StatusCode)
		assert.Empty(t, h.arrivals())
	})
}

// Many that come and go while the filters are slow leave nothing behind.
func TestHooks_storm(t *testing.T) {
	hooked(t, tenants, func(t *testing.T, r *rig, h *hooks) {
		var clients sync.WaitGroup
		for i := range 40 {
			clients.Go(func() {
				for j := range 5 {
					p := r.knock(fmt.Sprintf("?topic=t.%d", i))
					switch (i + j) % 3 {
					case 0: // at once
					case 1:
						_ = p.SetReadDeadline(time.Now().Add(time.Duration(j) * time.Millisecond))
						_, _ = p.r.ReadByte()
					case 2:
						if p.response().StatusCode == 101 {
							p.text("x")
							p.wantText("x")
						}
					}
					_ = p.Close()
				}
			})
		}
		clients.Wait()
		r.eventually("all gone", func() bool { return r.metric("relay_connections") == 0 })
	})
}
