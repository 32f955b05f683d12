package conformance

import (
	"testing"

	"eventrelay/plugins"
)

// parts are what is tried on one guest, one after the other, on the same instance.
var parts = []struct {
	name string
	try  func(*testing.T, *desk)
}{
	{"what it sees", tryDescription},
	{"verdicts", tryVerdicts},
	{"payloads", tryPayloads},
	{"whole events", tryChanges},
	{"many attributes", tryManyAttributes},
	{"emitted events", tryEmit},
	{"log", tryLog},
	{"key-value store", tryKV},
	{"time to live", tryTTL},
	{"clock and randomness", tryWorld},
	{"connections", tryConnect},
	{"subscriptions", trySubscribe},
	{"ends of connections", tryDisconnect},
	{"failures", tryFailures}, // after which Go's stacks have used up what may be logged in a second
	{"much memory", tryMemory},
}

func TestConformance(t *testing.T) {
	for _, g := range guests {
		t.Run(g.name, func(t *testing.T) {
			d := start(t, g.filter(t), map[string]any{"start": 40})
			for _, part := range parts {
				t.Run(part.name, func(t *testing.T) { part.try(t, d) })
			}
		})
	}
}

// each runs a test for every guest by itself.
func each(t *testing.T, test func(*testing.T, plugins.Filter)) {
	for _, g := range guests {
		t.Run(g.name, func(t *testing.T) { test(t, g.filter(t)) })
	}
}
