package conformance

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/relay"
)

// request is a connect record of a client that asks for the topic orders.
func request(query string, more ...string) *relay.Event {
	ev := event(relay.KindBinary, "", append([]string{"path", "/ws", "query", query, "remote", "192.0.2.1:5", "connection", "7", "header.host", "relay"}, more...)...)
	ev.Topic = "orders"
	return ev
}

func tryConnect(t *testing.T, d *desk) {
	got := d.Connect(request("user", "header.x-seen", "größe", "before", "this"))
	require.Equal(t, "transform", got.Verdict, "%+v", got)
	assert.Equal(t, "tenants.ada", got.Event.Topic)
	assert.Equal(t, map[string]string{"before": "this", "seen": "größe", "user": "ada"}, kept(got.Event.Attributes), "and nothing of the request")
	got = d.Connect(request("user"))
	require.Equal(t, "transform", got.Verdict, "%+v", got)
	assert.Equal(t, map[string]string{"seen": "", "user": "ada"}, kept(got.Event.Attributes))

	for _, tt := range []struct {
		query, verdict, reason string
		status                 int
	}{
		{"refuse", "refuse", "who are you?", 401},
		{"reject", "refuse", "no entry", 403},
		{"drop", "refuse", "not now", 403},
	} {
		got := d.Connect(request(tt.query))
		assert.Equal(t, tt.verdict, got.Verdict, "%q: %+v", tt.query, got)
		assert.Equal(t, tt.reason, got.Reason, tt.query)
		assert.Equal(t, tt.status, got.Status, tt.query)
	}
	for _, query := range []string{"", "a=b&user", "any other"} {
		accepted(t, d.Connect(request(query)), "orders")
	}
	got = d.Connect(request("fail"))
	assert.Equal(t, "guest", got.Cause, "%+v", got)
	assert.Contains(t, got.Error, "no idea")
	d.log.take()
	got = d.Connect(request("panic"))
	assert.Equal(t, d.panics(), got.Cause, "%+v", got)
	assert.Contains(t, got.Error+strings.Join(d.log.take(), "\n"), "at connect")
	accepted(t, d.Connect(request("")), "orders")
}

// accepted checks that nothing was changed. A script that has looked at the attributes answers with them.
func accepted(t *testing.T, got plugins.Trial, topic relay.Topic) {
	t.Helper()
	if got.Verdict == "pass" {
		return
	}
	require.Equal(t, "transform", got.Verdict, "%+v", got)
	assert.Equal(t, string(topic), got.Event.Topic)
	assert.Empty(t, kept(got.Event.Attributes))
}

// kept leaves out what the host adds to the attributes of every connection.
func kept(attributes map[string]string) map[string]string {
	delete(attributes, "connection")
	delete(attributes, "remote_address")
	return attributes
}

func trySubscribe(t *testing.T, d *desk) {
	ask := func(pattern relay.Topic) *relay.Event {
		ev := event(relay.KindBinary, "", "user", "ada")
		ev.Topic = pattern
		return ev
	}
	got := d.Subscribe(ask("mine.>"))
	require.Equal(t, "transform", got.Verdict, "%+v", got)
	assert.Equal(t, "tenants.ada.>", got.Event.Topic)
	got = d.Subscribe(ask("secret.>"))
	assert.Equal(t, []any{"refuse", "secret", 404}, []any{got.Verdict, got.Reason, got.Status}, "%+v", got)
	for _, pattern := range []relay.Topic{">", "mine", "orders.*", "größe.>"} {
		assert.Equal(t, "pass", d.Subscribe(ask(pattern)).Verdict, pattern)
	}
}

func tryDisconnect(t *testing.T, d *desk) {
	d.log.take()
	ev := event(relay.KindBinary, "", "user", "ada", "zone", "eu")
	ev.Topic = ""
	assert.Equal(t, "pass", d.Disconnect(ev).Verdict)
	assert.Equal(t, []string{"INFO filter says text=bye ada"}, d.log.take())
}
