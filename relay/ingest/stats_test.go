package ingest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// samples reads the metrics, as name{label=value}, and checks that those of one name agree.
func (r rig) samples(t *testing.T) map[string]float64 {
	t.Helper()
	out, first := map[string]float64{}, map[string]relay.Metric{}
	r.Metrics(func(m relay.Metric) {
		if was, ok := first[m.Name]; ok {
			assert.Equal(t, [2]any{was.Help, was.Kind}, [2]any{m.Help, m.Kind}, m.Name)
			assert.Len(t, m.Labels, len(was.Labels), m.Name)
		}
		first[m.Name] = m
		assert.True(t, strings.HasPrefix(m.Name, "relay_publish_"), m.Name)
		assert.Equal(t, m.Kind == relay.Counter, strings.HasSuffix(m.Name, "_total"), m.Name)
		assert.NotEmpty(t, m.Help)
		name := m.Name
		if len(m.Labels) > 0 {
			name += "{" + strings.Join(m.Labels, "=") + "}"
		}
		require.NotContains(t, slices.Collect(maps.Keys(out)), name)
		if out[name] = m.Value; m.Kind == relay.HistogramKind {
			counts, _ := m.Histogram.Read()
			for _, n := range counts {
				out[name] += float64(n)
			}
		}
	})
	return out
}

func TestHandler_Metrics(t *testing.T) {
	r := newRig(Options{}, fakeGate{}, func(_ context.Context, ev *relay.Event) relay.Result {
		switch string(ev.Payload) {
		case "2":
			return relay.Result{Verdict: relay.Rejected}
		case "3":
			return relay.Result{Err: relay.ErrTooLarge}
		}
		return relay.Result{}
	})
	before := r.samples(t)
	assert.Zero(t, before["relay_publish_events_total{result=accepted}"], "there before anything happened")
	r.post("/publish", "1", "Idempotency-Key: k")
	r.post("/publish", "1", "Idempotency-Key: k")
	r.post("/publish/a", "1\n2\n3\nx", lines)
	r.post("/publish", "x")
	r.do("GET", "/publish", "")
	got := r.samples(t)
	for name, want := range map[string]float64{
		"relay_publish_requests_total{status=200}":        3,
		"relay_publish_requests_total{status=400}":        1,
		"relay_publish_requests_total{status=405}":        1,
		"relay_publish_events_total{result=accepted}":     2,
		"relay_publish_events_total{result=rejected}":     1,
		"relay_publish_events_total{result=too_large}":    1,
		"relay_publish_events_total{result=invalid}":      1,
		"relay_publish_idempotent_total{result=first}":    1,
		"relay_publish_idempotent_total{result=replayed}": 1,
		"relay_publish_idempotency_keys":                  1,
		"relay_publish_body_bytes_total":                  1 + 1 + 7 + 1,
		"relay_publish_duration_seconds":                  5,
		"relay_publish_inflight":                          0,
	} {
		assert.InDelta(t, want, got[name], 0, name)
	}
}

func TestOptions_Validate(t *testing.T) {
	require.NoError(t, Options{}.Validate())
	require.NoError(t, DefaultOptions().Validate())
	assert.Equal(t, DefaultOptions(), Options{}.withDefaults())
	err := Options{MaxBody: 2 * relay.GiB, BodyTimeout: -1, MaxBatch: -1, IdempotencyWindow: -1, IdempotencyKeys: -1}.Validate()
	for _, key := range []string{"max_body", "body_timeout", "max_batch", "idempotency_window", "idempotency_keys"} {
		assert.ErrorContains(t, err, key)
	}
}
