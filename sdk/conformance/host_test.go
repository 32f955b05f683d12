package conformance

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/relay"
)

func tryLog(t *testing.T, d *desk) {
	d.log.take()
	for _, level := range []string{"debug", "info", "warn", "error"} {
		got := d.do(relay.KindText, "", "log", "level", level, "with", level+" größe 🚚")
		assert.Equal(t, "pass", got.Verdict, "%+v", got)
	}
	assert.Equal(t, []string{
		"DEBUG filter says text=debug größe 🚚", "INFO filter says text=info größe 🚚",
		"WARN filter says text=warn größe 🚚", "ERROR filter says text=error größe 🚚",
	}, d.log.take())
}

func tryKV(t *testing.T, d *desk) {
	get := func(key string) plugins.Trial { return d.do(relay.KindBinary, "before", "kv-get", "key", key) }
	set := func(key, value string) {
		got := d.do(relay.KindBinary, value, "kv-set", "key", key)
		require.Equal(t, "pass", got.Verdict, "%+v", got)
	}
	assert.Equal(t, "absent", get("k").Reason)
	long := string(bytes.Repeat([]byte{0, 0xff, 'x'}, 70_000)) // more than a first guess has room for
	for _, value := range []string{"v", "", "\x00\xff", long, "short"} {
		set("k", value)
		assert.True(t, value == payloadOf(t, get("k")), "%.20q", value)
	}
	set("größe 🚚", "other")
	assert.Equal(t, "short", payloadOf(t, get("k")))
	assert.Equal(t, "other", payloadOf(t, get("größe 🚚")))
	assert.Equal(t, "pass", d.do(relay.KindText, "", "kv-delete", "key", "k").Verdict)
	assert.Equal(t, "pass", d.do(relay.KindText, "", "kv-delete", "key", "k").Verdict, "twice")
	assert.Equal(t, "absent", get("k").Reason)

	for _, step := range []struct{ delta, sum string }{
		{"40", "40"},
		{"2", "42"},
		{"-50", "-8"},
		{"0", "-8"},
		{"9007199254740993", "9007199254740985"}, // more than a double holds
	} {
		if d.script() && len(step.delta) > 15 {
			continue
		}
		assert.Equal(t, step.sum, d.text(t, "kv-add", "key", "n", "delta", step.delta))
	}

	full := d.do(relay.KindBinary, strings.Repeat("x", 1<<20), "kv-set", "key", "large")
	assert.Equal(t, "drop", full.Verdict, "%.200v", full)
	assert.Equal(t, "no room", full.Reason)
	longKey := d.do(relay.KindText, "", "kv-add", "key", strings.Repeat("k", 60_000), "delta", "1")
	assert.Equal(t, "1", payloadOf(t, longKey))

	set("text", "no number")
	assert.Equal(t, d.panics(), d.do(relay.KindText, "", "kv-add", "key", "text", "delta", "1").Cause)
}

func tryTTL(t *testing.T, d *desk) {
	gone := func(key string) func() bool {
		return func() bool { return d.do(relay.KindBinary, "", "kv-get", "key", key).Reason == "absent" }
	}
	for _, e := range []struct{ key, ttl string }{{"brief", "30"}, {"long", "3600000"}, {"endless", "0"}} {
		require.Equal(t, "pass", d.do(relay.KindBinary, "v", "kv-set", "key", e.key, "ttl", e.ttl).Verdict)
	}
	d.text(t, "kv-add", "key", "window", "delta", "1", "ttl", "30")
	assert.Eventually(t, gone("brief"), 5*time.Second, time.Millisecond)
	assert.Eventually(t, gone("window"), 5*time.Second, time.Millisecond)
	assert.False(t, gone("long")())
	assert.False(t, gone("endless")())
}

func tryWorld(t *testing.T, d *desk) {
	before := time.Now().Truncate(time.Millisecond).UnixNano()
	got, err := strconv.ParseInt(d.text(t, "now"), 10, 64)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, got, before)
	assert.LessOrEqual(t, got, time.Now().UnixNano())

	seen := map[string]bool{}
	for range 20 {
		b := payloadOf(t, d.do(relay.KindBinary, "before", "random", "count", "32"))
		assert.Len(t, b, 32)
		seen[b] = true
	}
	assert.Len(t, seen, 20)
	assert.Len(t, payloadOf(t, d.do(relay.KindBinary, "before", "random", "count", "60000")), 60_000)
	assert.Empty(t, payloadOf(t, d.do(relay.KindBinary, "before", "random", "count", "0")))
}

// sink takes what goes on.
type sink struct{}

func (sink) Append(*relay.Event) relay.Position               { return relay.Position{Epoch: "e", N: 1} }
func (sink) AppendBatch(_ []*relay.Event, _ []relay.Position) {}
func (sink) Full(func()) bool                                 { return false }

// Metrics are the relay's, so this takes a whole pipeline.
func TestMetric(t *testing.T) {
	each(t, func(t *testing.T, f plugins.Filter) {
		f = equip(f, nil)
		p, err := plugins.Open(t.Context(), plugins.Options{Lanes: 1}, []plugins.Filter{f}, sink{}, (&lines{}).logger())
		require.NoError(t, err)
		defer func() { require.NoError(t, p.Close()) }()
		for _, delta := range []string{"2", "40", "-1"} {
			evs, res := []*relay.Event{event(relay.KindText, "", "do", "metric", "with", "orders_seen", "delta", delta)}, make([]relay.Result, 1)
			p.Publish(context.Background(), evs, res)
			require.Equal(t, relay.Accepted, res[0].Verdict, "%+v", res[0])
		}
		var found []float64
		p.Metrics(func(m relay.Metric) {
			if strings.Contains(strings.Join(m.Labels, " "), "orders_seen") {
				found = append(found, m.Value)
			}
		})
		assert.Equal(t, []float64{41}, found)
	})
}
