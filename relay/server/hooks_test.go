package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
	"eventrelay/relay/transport/wsclient"
)

// tenants is a relay.yaml with the sample filter of that name, which alone decides who may come in.
func tenants(t *testing.T, driver string) string {
	t.Helper()
	return base(driver) + fmt.Sprintf(`auth: {by_filter: true}
filters:
  - name: tenants
    path: %s
    config: {tokens: ["s3cret-of-acme acme", "s3cret-of-globex globex"]}
    limits: {time: 5s}
`, sample(t, "tenants"))
}

// knock asks for a WebSocket and returns the HTTP status that answers, 101 if it was let in.
func (r *running) knock(query string, header http.Header) (int, *wsclient.Conn) {
	r.t.Helper()
	c, err := wsclient.Dial(r.t.Context(), "ws://"+r.Addr().String()+"/ws?"+query, wsclient.Options{Header: header})
	if err == nil {
		r.t.Cleanup(func() { _ = c.CloseNow() })
		return http.StatusSwitchingProtocols, c
	}
	refused, ok := errors.AsType[*wsclient.HandshakeError](err)
	require.True(r.t, ok, "%v", err)
	return refused.Status, nil
}

// Authentication and tenancy by a filter, over real sockets.
func TestHooks_Tenants(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, tenants(t, driver))
		status, _ := r.knock("topic=orders", nil)
		assert.Equal(t, 401, status)
		status, _ = r.knock("topic=orders&token=s3cret-of-nobody", nil)
		assert.Equal(t, 401, status)
		status, acme := r.knock("topic=orders", http.Header{"Authorization": {"Bearer s3cret-of-acme"}})
		require.Equal(t, 101, status)
		status, globex := r.knock("topic=orders&token=s3cret-of-globex", nil)
		require.Equal(t, 101, status)

		require.NoError(t, acme.WriteText(t.Context(), []byte(`"from acme"`)))
		assert.Equal(t, `"from acme"`, read(t, acme))
		assert.Equal(t, "accepted", r.publish("globex.orders", `"for globex"`).Verdict)
		assert.Equal(t, `"for globex"`, read(t, globex), "and nothing of acme's")
		require.NoError(t, r.Shutdown(t.Context()))
		assert.NotContains(t, r.logs.String(), "s3cret")
	})
}

// Where filters alone decide, a relay does not start without one that does, and does not lose it by a reload.
func TestHooks_ByFilterNeedsOne(t *testing.T) {
	c := configure(t, base(drivers[0])+"auth: {by_filter: true}\n")
	_, err := Open(t.Context(), c, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, ErrNoJudge)

	r := start(t, tenants(t, drivers[0]))
	require.NoError(t, os.WriteFile(r.file, []byte(base(drivers[0])+"auth: {by_filter: true}\n"), 0o600))
	require.ErrorIs(t, r.ReloadFile(t.Context()), ErrNoJudge)
	status, _ := r.knock("token=s3cret-of-acme", nil)
	assert.Equal(t, 101, status, "the running filters stay")
}

// A hostile hook, one that does what the first letter of the topic says, costs its own clients an answer, and nobody else anything.
func TestHooks_Hostile(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, base(driver)+fmt.Sprintf(`filters:
  - {name: gate, path: %s, allow: [metric], limits: {time: 20ms}, breaker: {failures: 1000}}
`, testGuest(t, "hooks")))
		bystander := r.subscribe("topic=p.bystander")
		var clients sync.WaitGroup
		for topic, want := range map[string]int{"d": 403, "r": 429, "k": 503, "K": 503, "n": 503, "u": 503, "l": 503, "x": 503, "P": 503, "b": 503, "o": 503, "g": 503, "y": 503, "e": 503, "p": 101} {
			clients.Go(func() {
				for range 3 {
					status, c := r.knock("topic="+topic, nil)
					assert.Equal(t, want, status, topic)
					if c != nil {
						_ = c.CloseNow()
					}
				}
			})
		}
		r.publish("p.bystander", `1`)
		assert.Equal(t, "1", read(t, bystander))
		clients.Wait()
		_ = bystander.CloseNow()
		require.NoError(t, r.drain(t.Context(), time.Now().Add(10*time.Second))) // what Close leaves has no metrics
		connects, leaves := r.custom("gate", "connect"), r.custom("gate", "disconnect")
		assert.EqualValues(t, 1+15*3, connects)
		assert.EqualValues(t, 1+3, leaves, "those that were accepted, once each")
	})
}

// custom returns what a filter has counted by a name.
func (r *running) custom(plugin, name string) (n float64) {
	r.pipeline.Metrics(func(m relay.Metric) {
		if m.Name == "relay_plugin_custom" && m.Labels[1] == plugin && m.Labels[3] == name {
			n = m.Value
		}
	})
	return n
}

// Many that come, subscribe and go at once, on a relay that stops with some still there: each left once.
func TestHooks_EachLeavesOnce(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, base(driver)+fmt.Sprintf(`filters:
  - {name: gate, path: %s, allow: [metric], limits: {time: 5s}}
`, testGuest(t, "hooks")))
		var clients sync.WaitGroup
		for i := range 50 {
			clients.Go(func() {
				status, c := r.knock(fmt.Sprintf("topic=p.%d", i), nil)
				assert.Equal(t, 101, status)
				if i%2 == 0 {
					_ = c.CloseNow()
				}
			})
		}
		clients.Wait()
		require.NoError(t, r.drain(t.Context(), time.Now().Add(10*time.Second))) // what Close leaves has no metrics
		assert.EqualValues(t, 50, r.custom("gate", "connect"))
		assert.EqualValues(t, 50, r.custom("gate", "disconnect"))
	})
}

// A subscription's own name is in its envelopes, on a relay whose filter rewrites what it is subscribed to.
func TestHooks_Envelope(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, tenants(t, driver))
		c, err := wsclient.Dial(t.Context(), "ws://"+r.Addr().String()+"/ws?token=s3cret-of-acme", wsclient.Options{Subprotocols: []string{"relay.v1.json"}})
		require.NoError(t, err)
		defer c.CloseNow()
		require.NoError(t, c.WriteText(t.Context(), []byte(`{"id":1,"subscribe":{"topic":"orders.>"}}`)))
		assert.JSONEq(t, `{"id":1,"subscribe":{"topic":"orders.>"}}`, read(t, c))
		r.publish("acme.orders.new", `7`)
		var push struct{ Subscription, Topic string }
		require.NoError(t, json.Unmarshal([]byte(read(t, c)), &push))
		assert.Equal(t, "orders.>", push.Subscription)
		assert.Equal(t, "acme.orders.new", push.Topic)
	})
}

// Connections outlive the filters that accepted them.
func TestHooks_Reload(t *testing.T) {
	r := start(t, tenants(t, drivers[0]))
	_, acme := r.knock("topic=orders&token=s3cret-of-acme", nil)
	text, err := os.ReadFile(r.file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(r.file, []byte(strings.ReplaceAll(string(text), "s3cret-of-acme acme", "another acme")), 0o600))
	require.NoError(t, r.ReloadFile(t.Context()))
	status, _ := r.knock("token=s3cret-of-acme", nil)
	assert.Equal(t, 401, status, "new clients are the new filter's")
	require.NoError(t, acme.WriteText(t.Context(), []byte(`"still"`)))
	assert.Equal(t, `"still"`, read(t, acme), "who is in stays in, with the attributes that it has")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, r.Shutdown(ctx))
}

// A script has the same hooks.
func TestHooks_Script(t *testing.T) {
	needQuickJS(t)
	file := filepath.Join(t.TempDir(), "tenants.js")
	require.NoError(t, os.WriteFile(file, []byte(`
		export function onConnect(event) {
			if (event.attributes["header.authorization"] !== "Bearer s3cret") return refuse(401, "who are you?");
			event.attributes.tenant = "acme";
			return event;
		}
		export function onSubscribe(event) {
			event.topic = event.attributes.tenant + "." + event.topic;
			return event;
		}
		export default function (event) {
			event.data.tenant = event.attributes.tenant + Object.keys(event.attributes).length;
			return event;
		}
	`), 0o600))
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, base(driver)+fmt.Sprintf("auth: {by_filter: true}\nfilters: [{name: tenants, script: %q, limits: {time: 5s}}]\n", file))
		status, _ := r.knock("topic=chat", nil)
		assert.Equal(t, 401, status)
		status, c := r.knock("topic=chat", http.Header{"Authorization": {"Bearer s3cret"}})
		require.Equal(t, 101, status)
		require.NoError(t, c.WriteText(t.Context(), []byte(`{"a":1}`)))
		assert.JSONEq(t, `{"a":1,"tenant":"acme3"}`, read(t, c), "of the request, nothing is kept")
	})
}
