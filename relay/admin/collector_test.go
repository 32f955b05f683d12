package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// meter reports what it holds.
type meter []relay.Metric

func (m meter) Metrics(yield func(relay.Metric)) {
	for _, x := range m {
		yield(x)
	}
}

// wild panics after its first metric.
type wild struct{}

func (wild) Metrics(yield func(relay.Metric)) {
	yield(relay.Metric{Name: "relay_before_total", Help: "h", Kind: relay.Counter, Value: 1})
	panic("boom")
}

func observed(durations ...time.Duration) *relay.Histogram {
	h := new(relay.Histogram)
	for _, d := range durations {
		h.Observe(d)
	}
	return h
}

func sound() meter {
	return meter{
		{Name: "relay_connections", Help: "Open connections.", Kind: relay.Gauge, Value: 3},
		{Name: "relay_events_total", Help: "Events.", Kind: relay.Counter, Labels: []string{"source", "inbound", "verdict", "dropped"}, Value: 7},
		{Name: "relay_events_total", Help: "Events.", Kind: relay.Counter, Labels: []string{"source", "inbound", "verdict", "accepted"}, Value: 1},
		{
			Name: "relay_call_duration_seconds", Help: "Calls.", Kind: relay.HistogramKind, Labels: []string{"plugin", `a"b` + "\n"},
			Histogram: observed(100*time.Nanosecond, 150*time.Microsecond, time.Minute),
		},
	}
}

func TestCollector(t *testing.T) {
	reg := newRegistry([]relay.Meter{sound()})
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	assert.Empty(t, problems)

	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`# HELP relay_events_total Events.
# TYPE relay_events_total counter
relay_events_total{source="inbound",verdict="accepted"} 1
relay_events_total{source="inbound",verdict="dropped"} 7
# HELP relay_connections Open connections.
# TYPE relay_connections gauge
relay_connections 3
`), "relay_events_total", "relay_connections"))

	s := start(t, Deps{Meters: []relay.Meter{sound()}})
	body := ask(t, s, "GET", "/metrics").body
	for _, line := range []string{
		`relay_call_duration_seconds_bucket{plugin="a\"b\n",le="2e-07"} 1`,
		`relay_call_duration_seconds_bucket{plugin="a\"b\n",le="0.0001"} 1`,
		`relay_call_duration_seconds_bucket{plugin="a\"b\n",le="0.0002"} 2`,
		`relay_call_duration_seconds_bucket{plugin="a\"b\n",le="5"} 2`,
		`relay_call_duration_seconds_bucket{plugin="a\"b\n",le="+Inf"} 3`,
		`relay_call_duration_seconds_count{plugin="a\"b\n"} 3`,
		`relay_call_duration_seconds_sum{plugin="a\"b\n"} 60.0001501`,
	} {
		assert.Contains(t, body, line+"\n")
	}
}

// Whatever a part reports, the scrape serves the rest and says what is wrong.
func TestCollector_wrongMetrics(t *testing.T) {
	ok := relay.Metric{Name: "relay_ok", Help: "h", Kind: relay.Gauge}
	with := func(change func(*relay.Metric)) relay.Metric { m := ok; change(&m); return m }
	tests := []struct {
		name  string
		meter relay.Meter
		want  string
	}{
		{"name", meter{with(func(m *relay.Metric) { m.Name = "relay_bad name" })}, "have only a-z"},
		{"prefix", meter{with(func(m *relay.Metric) { m.Name = "other" })}, "begin with relay_"},
		{"empty", meter{{}}, "begin with relay_"},
		{"odd labels", meter{with(func(m *relay.Metric) { m.Labels = []string{"a"} })}, "a label without a value"},
		{"label name", meter{with(func(m *relay.Metric) { m.Labels = []string{"a-b", "c"} })}, `label name "a-b"`},
		{"label name with digit", meter{with(func(m *relay.Metric) { m.Labels = []string{"0", "c"} })}, `label name "0"`},
		{"label value", meter{with(func(m *relay.Metric) { m.Labels = []string{"a", "\xff"} })}, "not valid UTF-8"},
		{"same label twice", meter{with(func(m *relay.Metric) { m.Labels = []string{"a", "b", "a", "c"} })}, "duplicate label"},
		{"no histogram", meter{with(func(m *relay.Metric) { m.Kind = relay.HistogramKind })}, "without a histogram"},
		{"kind", meter{with(func(m *relay.Metric) { m.Kind = 77 })}, "kind 77"},
		{"twice the same", meter{ok, ok}, "collected before with the same name"},
		{"two kinds", meter{ok, with(func(m *relay.Metric) { m.Kind, m.Labels = relay.Counter, []string{"a", "b"} })}, "relay_ok"},
		{"two helps", meter{ok, with(func(m *relay.Metric) { m.Help, m.Labels = "other", []string{"a", "b"} })}, "has help"},
		{"panic", wild{}, "the meter panicked: boom"},
		{"cardinality", func() (m meter) {
			for i := range maxSeries + 10 {
				m = append(m, relay.Metric{Name: "relay_many", Help: "h", Kind: relay.Gauge, Labels: []string{"topic", fmt.Sprint(i)}})
			}
			return m
		}(), "more than 2000 series"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			s := start(t, Deps{
				Meters: []relay.Meter{tt.meter, meter{{Name: "relay_sound_total", Help: "h", Kind: relay.Counter, Value: 5}}},
				Log:    slog.New(slog.NewTextHandler(&log, nil)),
			})
			got := ask(t, s, "GET", "/metrics")
			assert.Equal(t, 200, got.status)
			assert.Contains(t, got.body, "relay_sound_total 5\n", "what is sound is served")
			ask(t, s, "GET", "/metrics")
			assert.Equal(t, 1, strings.Count(log.String(), "some metrics are wrong"), "logged, and not at every scrape")
			assert.Contains(t, strings.ReplaceAll(log.String(), `\"`, `"`), tt.want)
			assert.LessOrEqual(t, strings.Count(got.body, "relay_many{"), maxSeries)
			assert.Equal(t, 200, ask(t, s, "GET", "/stats.json").status)
		})
	}
}

func TestStats(t *testing.T) {
	m := append(sound(), relay.Metric{Name: "relay_nan", Kind: relay.Gauge, Value: math.NaN()}, relay.Metric{Name: "bad name"})
	s := start(t, Deps{Meters: []relay.Meter{m, wild{}}})
	got := ask(t, s, "GET", "/stats.json")
	assert.Equal(t, "application/json", got.header.Get("Content-Type"))
	var st status
	require.NoError(t, json.Unmarshal([]byte(got.body), &st))
	assert.True(t, st.Ready)
	assert.Positive(t, st.Uptime)
	assert.Equal(t, []sample{
		{Name: "relay_connections", Value: 3},
		{Name: "relay_events_total", Value: 7, Labels: map[string]string{"source": "inbound", "verdict": "dropped"}},
		{Name: "relay_events_total", Value: 1, Labels: map[string]string{"source": "inbound", "verdict": "accepted"}},
		{Name: "relay_call_duration_seconds", Value: 60.0001501, Count: 3, P50: 200e-6, P99: 5, Labels: map[string]string{"plugin": "a\"b\n"}},
		{Name: "relay_before_total", Value: 1},
	}, st.Samples)
}

func TestQuantile(t *testing.T) {
	assert.Zero(t, quantile(new(relay.Histogram), 0.5))
	h := observed(time.Microsecond, time.Microsecond, time.Microsecond, time.Millisecond)
	assert.Equal(t, time.Microsecond, quantile(h, 0.5))
	assert.Equal(t, time.Millisecond, quantile(h, 0.99))
	assert.Equal(t, 5*time.Second, quantile(observed(time.Hour), 0.5))
}
