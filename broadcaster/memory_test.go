package broadcaster_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// heapOf returns how much the heap grows by what build makes.
func heapOf(build func() any) float64 {
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	before := heap()
	built := build()
	grown := heap() - before
	runtime.KeepAlive(built)
	return grown
}

// A topic with one subscriber, and an event behind it, holds at most 400 bytes, the subscriber's place included.
func TestMemory_perTopic(t *testing.T) {
	const n = 10_000
	for _, form := range []relay.Form{relay.Plain, relay.Envelope} {
		per := heapOf(func() any {
			c := newCrowd(t, n, 1, form)
			for _, ev := range c.events {
				c.fan.Append(ev)
				c.pass()
			}
			c.events = nil
			return c
		}) / n
		t.Logf("form %d: %.0f bytes per topic", form, per)
		assert.LessOrEqual(t, per, 400.0)
	}
}

// A further subscription of a connection, to a feed that others have too, holds at most 64 bytes.
func TestMemory_perSubscription(t *testing.T) {
	const connections, subscriptions = 1000, 50
	patterns := make([]relay.Pattern, subscriptions)
	for i := range patterns {
		patterns[i] = relay.Pattern(fmt.Sprintf("orders.%d", i))
	}
	c := newCrowd(t, 1, connections, relay.Plain)
	per := heapOf(func() any {
		for slot := range relay.Slot(connections) {
			for _, p := range patterns {
				require.NoError(t, c.shard.Subscribe(slot, p, relay.Plain))
			}
		}
		return c
	}) / (connections * subscriptions)
	t.Logf("%.0f bytes per subscription", per)
	assert.LessOrEqual(t, per, 64.0)
}
