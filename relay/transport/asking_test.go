package transport_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
	"eventrelay/relay/transport"
)

// The client's own name for a subscription is what its envelopes have; a plain client publishes to what it subscribed to.
func TestHooks_rewrite(t *testing.T) {
	hooked(t, tenants, func(t *testing.T, r *rig, _ *hooks) {
		p := r.connect("?topic=at.once", envelopes)
		p.text(`{"id":1,"subscribe":{"topic":"orders.>"}}`)
		p.wantJSON(`{"id":1,"subscribe":{"topic":"orders.>"}}`)
		for topic, name := range map[relay.Topic]string{"acme.orders.eu": "orders.>", "acme.at.once": "at.once"} {
			_, err := r.fan.Broadcast(topic, 1)
			require.NoError(t, err)
			push := p.push()
			assert.Equal(t, name, push["subscription"])
			assert.Equal(t, string(topic), push["topic"])
		}
		_, err := r.fan.Broadcast("orders.eu", "another tenant's")
		require.NoError(t, err)
		p.text(`{"id":2,"subscribe":{"topic":"orders.>"}}`)
		p.wantJSON(`{"id":2,"error":{"code":"already_subscribed","message":"this connection already has this very subscription","temporary":false}}`)
		p.text(`{"id":3,"unsubscribe":{"topic":"orders.>"}}`)
		p.wantJSON(`{"id":3,"unsubscribe":{"topic":"orders.>"}}`)

		q := r.connect("?topic=chat")
		q.text("hello")
		q.wantText("hello")
		taken := r.pub.taken()
		assert.Equal(t, relay.Topic("acme.chat"), taken[len(taken)-1].Topic)
	})
}

func TestHooks_refusedSubscriptions(t *testing.T) {
	hooked(t, tenants, func(t *testing.T, r *rig, _ *hooks) {
		for topic, status := range map[string]int{"secret": 403, "a&topic=secret": 403, "flood": 429, "broken": 503} {
			assert.Equal(t, status, r.tryTo("?topic="+topic).StatusCode, topic)
		}
		p := r.connect("", envelopes)
		for topic, want := range map[string]string{
			"secret.x": `{"code":"refused","message":"not yours","temporary":false}`,
			"flood":    `{"code":"refused","message":"slowly","temporary":true}`,
			"broken":   `{"code":"busy","message":"the filter gate failed","temporary":true}`,
		} {
			p.text(fmt.Sprintf(`{"id":1,"subscribe":{"topic":%q}}`, topic))
			p.wantJSON(`{"id":1,"error":` + want + `}`)
		}
	})
}

// A connection's commands keep their order while one of them waits, and nobody else waits with it.
func TestHooks_commandOrder(t *testing.T) {
	hooked(t, all, func(t *testing.T, r *rig, h *hooks) {
		p, bystander := r.connect("", envelopes), r.connect("?topic=by.stander")
		release := h.holdOn()
		defer release()
		for i := 1; i <= 30; i += 3 {
			p.text(fmt.Sprintf(`{"id":%d,"subscribe":{"topic":"t.%d"}}`, i, i))
			p.text(fmt.Sprintf(`{"id":%d,"publish":{"topic":"t.%d","data":%d}}`, i+1, i, i))
			p.text(fmt.Sprintf(`{"id":%d,"ping":{}}`, i+2))
		}
		bystander.text("alive")
		bystander.wantText("alive")
		release()
		var order []float64
		events := 0
		for len(order) < 20 || events < 10 {
			m := p.push()
			switch id, isReply := m["id"].(float64); {
			case isReply && m["publish"] == nil:
				order = append(order, id)
			case !isReply:
				events++
			}
		}
		for i := 1; i < len(order); i++ {
			assert.Less(t, order[i-1], order[i])
		}
	})
}

func TestHooks_lateCommand(t *testing.T) {
	hooked(t, all, func(t *testing.T, r *rig, h *hooks) {
		p := r.connect("", envelopes)
		release := h.holdOn()
		defer release()
		p.text(`{"id":1,"subscribe":{"topic":"a"}}`)
		p.text(`{"id":2,"ping":{}}`)
		p.wantJSON(`{"id":1,"error":{"code":"busy","message":"the filters did not decide in time","temporary":true}}`)
		p.wantJSON(`{"id":2,"ping":{}}`)
		release() // what the filters say now comes too late
		p.text(`{"id":3,"subscribe":{"topic":"a"}}`)
		p.wantJSON(`{"id":3,"subscribe":{"topic":"a"}}`)
	}, func(o *transport.Options, _ *transport.Deps) { o.HandshakeTimeout = 300 * time.Millisecond })
}

func TestHooks_goneWhileAsking(t *testing.T) {
	hooked(t, all, func(t *testing.T, r *rig, h *hooks) {
		p := r.connect("", envelopes)
		release := h.holdOn()
		p.text(`{"id":1,"subscribe":{"topic":"a"}}`)
		r.eventually("read", func() bool { return r.metric("relay_received_messages_total") == 1 })
		_ = p.Close()
		release()
		r.eventually("gone", func() bool { return r.metric("relay_connections") == 0 })
	})
}

// A relay with hooks only for subscriptions asks about those of connections that came in unasked.
func TestHooks_subscribeOnly(t *testing.T) {
	hooked(t, func() *hooks { return &hooks{set: relay.HookSubscribe, pattern: acme} }, func(t *testing.T, r *rig, h *hooks) {
		p := r.connect("", envelopes)
		assert.Empty(t, h.arrivals())
		p.text(`{"id":1,"subscribe":{"topic":"orders"}}`)
		p.wantJSON(`{"id":1,"subscribe":{"topic":"orders"}}`)
		_, err := r.fan.Broadcast("acme.orders", json.RawMessage("1"))
		require.NoError(t, err)
		assert.Equal(t, "orders", p.push()["subscription"])
		assert.Equal(t, 403, r.tryTo("?topic=secret").StatusCode)
	})
}

// Commands that come with the handshake are answered though the client says nothing more.
func TestHooks_commandsWithHandshake(t *testing.T) {
	hooked(t, all, func(t *testing.T, r *rig, h *hooks) {
		p := r.dial()
		p.send(handshake("", envelopes) + textFrame(`{"id":1,"subscribe":{"topic":"a"}}`) + textFrame(`{"id":2,"ping":{}}`))
		require.Equal(t, http.StatusSwitchingProtocols, p.response().StatusCode)
		p.wantJSON(`{"id":1,"subscribe":{"topic":"a"}}`)
		p.wantJSON(`{"id":2,"ping":{}}`)
	})
}
