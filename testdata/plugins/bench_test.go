package shipped_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/relay"
	shipped "eventrelay/testdata/plugins"
)

// usualConfigs are what the filters that ship might be used with on the event of BenchmarkShipped.
var usualConfigs = map[string]map[string]any{
	"dedupe":    {"key": "field id", "window": "10m"},
	"enrich":    {"set": map[string]any{"region": "eu"}, "from": map[string]any{"venue": "venue"}},
	"match":     {"field": "price", "above": 100},
	"ratelimit": {"events": 1_000_000_000, "per": "10s"},
	"redact":    {"fields": []any{"card", "ssn"}},
	"sample":    {"keep": 1, "by": "field account"},
	"split":     {"field": "items"},
	"validate": {"schema": map[string]any{
		"type": "object", "required": []any{"id", "price"},
		"properties": map[string]any{"id": map[string]any{"type": "string"}, "price": map[string]any{"type": "number", "minimum": 0}, "side": map[string]any{"enum": []any{"buy", "sell"}}},
	}},
}

const usualEvent = `{"id":"01JA8Q0Z3V9W3K6X","type":"trade","symbol":"ACME","price":101.25,"quantity":300,"side":"buy","venue":"XNAS","account":"a-19-3321","card":"4111111111111111","note":"filled in two parts, settles on T+1","ts":1700000000000000}`

// BenchmarkShipped is what a call costs, of an event of 235 bytes, as a lane makes it.
func BenchmarkShipped(b *testing.B) {
	for _, f := range shipped.All() {
		b.Run(f.Name, func(b *testing.B) {
			d, err := plugins.OpenDesk(b.Context(), plugins.Options{}, plugins.Filter{Name: f.Name, Use: f.Name, Config: usualConfigs[f.Name]}, slog.New(slog.DiscardHandler))
			require.NoError(b, err)
			b.Cleanup(d.Close)
			events := make([]*relay.Event, 1000)
			for i := range events {
				events[i] = eventOf(relay.KindJSON, usualEvent)
			}
			b.ReportAllocs()
			n, fuel := 0, uint64(0)
			for b.Loop() {
				lap := d.Run(events, nil)
				require.Zero(b, lap.Failures, lap.Failure)
				n, fuel = n+lap.Calls, fuel+lap.Fuel
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
			b.ReportMetric(float64(fuel)/float64(n), "fuel/event")
		})
	}
}
