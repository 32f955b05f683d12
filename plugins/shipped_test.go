package plugins

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"eventrelay/relay"
)

// fromEverywhere publishes n events on each of several topics at once, all from one address.
func fromEverywhere(r *rig, topics, n int) (results [][]relay.Result) {
	results = make([][]relay.Result, topics)
	var wg sync.WaitGroup
	for i := range topics {
		wg.Go(func() {
			for range n {
				ev := jsonEvent(relay.Topic(fmt.Sprintf("t.%d", i)), `{}`)
				ev.Attributes = relay.Attributes{{Key: "remote_address", Value: fmt.Sprintf("10.0.0.1:%d", i)}}
				results[i] = append(results[i], r.publish(ev)...)
			}
		})
	}
	wg.Wait()
	return results
}

// A limit by publisher holds over all lanes, to the event.
func TestShipped_RateLimitAcrossLanes(t *testing.T) {
	r := openRig(t, Options{Lanes: 4}, Filter{Name: "limit", Use: "ratelimit", Config: map[string]any{"events": 100, "per": "1h", "by": "publisher"}})
	passed := 0
	for _, results := range fromEverywhere(r, 16, 20) {
		for _, res := range results {
			if res.Verdict == relay.Accepted {
				passed++
			}
		}
	}
	assert.Equal(t, 100, passed)
}

// A running number has no gap, and none twice, whichever lanes count.
func TestShipped_CountAcrossLanes(t *testing.T) {
	r := openRig(t, Options{Lanes: 4}, Filter{Name: "number", Use: "enrich", Config: map[string]any{"count": "seq", "by": "publisher"}})
	fromEverywhere(r, 16, 20)
	seen := map[string]bool{}
	for _, ev := range r.sink.all() {
		seen[ev.Attributes.Get("seq")] = true
	}
	for i := range 16 * 20 {
		assert.True(t, seen[fmt.Sprint(i+1)], i+1)
	}
	assert.Len(t, seen, 16*20)
}

// When the store is full, what was used longest ago is forgotten, and the metrics say so.
func TestShipped_FullStore(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, Filter{Name: "once", Use: "dedupe", Limits: Limits{KV: 2048}})
	say := func(i int) relay.Verdict { return r.publish(jsonEvent("t", fmt.Sprint(i)))[0].Verdict }
	for i := range 100 {
		assert.Equal(t, relay.Accepted, say(i))
	}
	assert.Equal(t, relay.Dropped, say(99))
	assert.Equal(t, relay.Accepted, say(0), "forgotten")
	assert.LessOrEqual(t, r.metric("relay_plugin_kv_bytes", "plugin", "once"), 2048.0)
	assert.Greater(t, r.metric("relay_plugin_kv_evicted_total", "plugin", "once"), 50.0)
	r = openRig(t, Options{Lanes: 1}, Filter{Name: "once", Use: "dedupe", Limits: Limits{KV: 100}})
	res := r.publish(jsonEvent("t", "1"))[0]
	assert.Equal(t, relay.Failed, res.Verdict)
	assert.Contains(t, res.Reason, "raise limits.kv")
}
