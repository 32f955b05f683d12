package plugins

import (
	"context"
	"fmt"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins/meter"
	"eventrelay/relay"
)

// lateness is how long after its deadline a busy machine may stop a guest; alone, it is below 2 ms, which
// BenchmarkDeadline measures.
const lateness = 500 * time.Millisecond

// PL-01, PL-02: whatever a guest does with its time, it ends with its limit. Calls that fan out need no loop for that.
func TestMetering_Deadline(t *testing.T) {
	for _, name := range []string{"puppet", "exponential", "dag", "dag_indirect", "fills", "kv_storm", "random_storm"} {
		t.Run(name, func(t *testing.T) {
			f := Filter{Name: "f", Path: guest(name), Allow: []string{"kv"}, Limits: Limits{Time: 20 * time.Millisecond}}
			r := openRig(t, Options{Lanes: 1}, f)
			for range 3 {
				begun := time.Now()
				assert.Equal(t, "timeout: took longer than 20ms", r.say("l").Reason)
				assert.InDelta(t, 20*time.Millisecond, time.Since(begun), float64(lateness))
			}
			assert.GreaterOrEqual(t, r.metric("relay_plugin_restores_total"), 3.)
			assert.Zero(t, r.metric("relay_plugin_restarts_total"))
		})
	}
}

// PL-10: start functions are covered, as is everything else before the first event.
func TestMetering_Start(t *testing.T) {
	for _, name := range []string{"start_loops", "initialize_loops"} {
		begun := time.Now()
		err := Check(t.Context(), Options{}, []Filter{{Name: "f", Path: guest(name), Limits: Limits{Init: 20 * time.Millisecond}}})
		assert.ErrorContains(t, err, "took longer than 20ms")
		assert.Less(t, time.Since(begun), lateness)
	}
}

func TestMetering_Fuel(t *testing.T) {
	f := puppet("f")
	f.Limits.Fuel = 50_000
	r := openRig(t, Options{Lanes: 1}, f)
	assert.Equal(t, "fuel: spent more than 50000 units of fuel", r.say("l").Reason)
	spent := r.plugins.find("f").quarantine.list()[0].Fuel
	assert.InDelta(t, 50_000, spent, 100, "to the block")
	assert.Equal(t, relay.Accepted, r.say("p").Verdict)
	assert.InDelta(t, float64(spent), r.metric("relay_plugin_fuel_total"), 500)
}

// The same events cost the same, wherever and in whatever order, and however slices are cut.
func TestMetering_FuelIsDeterministic(t *testing.T) {
	spent := func(payloads ...string) (all []uint64) {
		r := openRig(t, Options{Lanes: 1}, puppet("f"))
		for _, p := range payloads {
			before := r.metric("relay_plugin_fuel_total")
			r.say(p)
			all = append(all, uint64(r.metric("relay_plugin_fuel_total")-before))
		}
		return all
	}
	words := "w" + "some text"
	a := spent("p", words, "u", "p", "o", words)
	b := spent(words, "p", "p", "u", "o", words)
	assert.Equal(t, a[0], a[3])
	assert.Equal(t, []uint64{a[1], a[0], a[0], a[2], a[4], a[1]}, b)
	assert.Greater(t, a[1], uint64(meter.Slice), "more than a slice")
}

// A trap in the middle of the guest's calls leaves the stack as if they had never been.
func TestMetering_StackIsGivenBack(t *testing.T) {
	f := puppet("f")
	f.Limits.Stack = 64 * relay.KiB
	r := openRig(t, Options{Lanes: 1}, f)
	for range 2000 {
		require.Contains(t, r.say("u").Reason, "trap: unreachable in relay_on_event")
	}
	assert.Equal(t, relay.Accepted, r.say("p").Verdict)
}

// Time in which a busy machine does not let the thread run is not the guest's.
func TestMetering_LostTimeDoesNotCount(t *testing.T) {
	m := &metering{}
	m.begin(nanos()-int64(8*time.Millisecond), 10*time.Millisecond, 0)
	m.tick(-1, 0)
	assert.LessOrEqual(t, m.ran, maxCounted)
	m.resumed -= int64(80 * time.Millisecond)
	assert.NotPanics(t, func() { m.tick(-1, 0) })
	m.begun -= int64(100 * time.Millisecond)
	assert.PanicsWithValue(t, errTime, func() { m.tick(-1, 0) }, "but there is an end")
}

// Where nobody looked at the clock when a call began, its time begins with the first look, of the guest or of a host function.
func TestMetering_UnreadClock(t *testing.T) {
	for what, look := range map[string]func(*metering){
		"tick":          func(m *metering) { m.tick(-1, 0) },
		"host function": func(m *metering) { m.enter(); m.hosted() },
	} {
		m := &metering{}
		m.begin(unread, 10*time.Millisecond, 0)
		before := nanos()
		look(m)
		assert.GreaterOrEqual(t, m.begun, before, what)
		assert.Less(t, m.ran, maxCounted, what)
		m.ran += 10 * time.Millisecond
		assert.PanicsWithValue(t, errTime, func() { m.tick(-1, 0) }, what)
	}
}

// Every event has its limit, not only one of those whose calls are timed.
func TestMetering_UntimedEventsEnd(t *testing.T) {
	f := puppet("f")
	f.Limits.Time, f.Breaker.Failures = 5*time.Millisecond, 1000
	r := openRig(t, Options{Lanes: 1}, f)
	for range timedEvery + 2 {
		begun := time.Now()
		require.Contains(t, r.say("l").Reason, "timeout")
		require.Less(t, time.Since(begun), 5*time.Millisecond+lateness)
	}
}

func TestMetering_Tick(t *testing.T) {
	m := &metering{}
	m.begin(nanos(), time.Hour, 2*meter.Slice+5_000)
	assert.Equal(t, int64(meter.Slice), m.tick(0, 0))
	assert.Equal(t, int64(meter.Slice), m.tick(-5, 0), "slice + 5 are spent")
	assert.Equal(t, int64(4_995), m.tick(0, 0))
	assert.PanicsWithValue(t, errFuel, func() { m.tick(-1, 0) })
	assert.Equal(t, int64(2*meter.Slice+5_001), m.spent)
	assert.PanicsWithValue(t, errStack, func() { m.tick(-1, -1) })
	m.begin(nanos(), time.Hour, 0)
	m.cancelled.Store(true)
	assert.PanicsWithValue(t, errCancelled, func() { m.tick(-1, 0) })
}

// A guest that loops does not keep the garbage collector, and with it everybody, waiting. The bound is wide, as other
// things stop the world late on a busy machine too: without the meter it would be the guest's second.
func TestMetering_StopTheWorld(t *testing.T) {
	f := puppet("f")
	f.Limits.Time = time.Second
	r := openRig(t, Options{Lanes: 1}, f)
	longest := collectDuring(func() { r.say("l") })
	assert.Less(t, longest, lateness)
}

// collectDuring collects garbage again and again while f runs and returns the longest wait for the world to stop.
func collectDuring(f func()) time.Duration {
	before := stoppings()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	for {
		select {
		case <-done:
			return longestOf(before, stoppings())
		default:
			runtime.GC()
		}
	}
}

func stoppings() *metrics.Float64Histogram {
	s := []metrics.Sample{{Name: "/sched/pauses/stopping/gc:seconds"}}
	metrics.Read(s)
	h := *s[0].Value.Float64Histogram()
	h.Counts = append([]uint64(nil), h.Counts...)
	return &h
}

// longestOf returns the upper end of the last bucket that has grown.
func longestOf(before, after *metrics.Float64Histogram) time.Duration {
	for i := len(after.Counts) - 1; i >= 0; i-- {
		if after.Counts[i] > before.Counts[i] {
			return time.Duration(after.Buckets[i+1] * float64(time.Second))
		}
	}
	return 0
}

// BenchmarkDeadline reports how late guests are stopped, and how long they keep the garbage collector waiting.
func BenchmarkDeadline(b *testing.B) {
	const limit = 10 * time.Millisecond
	for _, name := range []string{"puppet", "dag", "dag_indirect", "fills", "kv_storm", "random_storm"} {
		b.Run(name, func(b *testing.B) {
			p := benchPipeline(b, steady(Filter{Name: "f", Path: guest(name), Allow: []string{"kv"}, Limits: Limits{Time: limit}}))
			evs, results := []*relay.Event{event("t", "l")}, make([]relay.Result, 1)
			var worst time.Duration
			for b.Loop() {
				begun := time.Now()
				p.Publish(context.Background(), evs, results)
				worst = max(worst, time.Since(begun)-limit)
			}
			stopping := collectDuring(func() {
				for range 20 {
					p.Publish(context.Background(), evs, results)
				}
			})
			if results[0].Verdict != relay.Failed {
				b.Fatal(fmt.Sprint(results[0]))
			}
			b.ReportMetric(worst.Seconds()*1000, "worst-ms-late")
			b.ReportMetric(stopping.Seconds()*1000, "worst-ms-gc-wait")
		})
	}
}
