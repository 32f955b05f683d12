package plugins

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// PL-15: with reset: every 1, nothing of an event can be read in the next. Without, it can.
func TestReset_NothingLeaksFromEventToEvent(t *testing.T) {
	answers := func(reset string) []string {
		r := openRig(t, Options{Lanes: 1}, Filter{Name: "f", Path: guest("leaks"), Reset: reset})
		for _, payload := range []string{"A", "B", "C", "D"} {
			r.say(payload)
		}
		var got []string
		for _, ev := range r.sink.all() {
			got = append(got, string(ev.Payload))
		}
		return got
	}
	assert.Equal(t, []string{"\x00\x00\x00\x00", "AAAA", "BBBB", "CCCC"}, answers(""))
	clean := "\x00\x00\x00\x00"
	assert.Equal(t, []string{clean, clean, clean, clean}, answers("every 1"))
	assert.Equal(t, []string{clean, "AAAA", clean, "CCCC"}, answers("every 2"))
}

func TestReset_AfterFailures(t *testing.T) {
	for _, tt := range []struct {
		reset              string
		restores, restarts float64
	}{{resetOnError, 3, 0}, {resetNever, 0, 3}, {"every 1000", 3, 0}} {
		f := puppet("f")
		f.Reset = tt.reset
		r := openRig(t, Options{Lanes: 1}, f)
		for range 3 {
			r.say("c")
			r.say("u")
			assert.Equal(t, uint32(1), r.seenBy(), "the instance is as it was after its start")
		}
		restores := r.metric("relay_plugin_restores_total")
		assert.Equal(t, tt.restores, restores, tt.reset)
		assert.Equal(t, tt.restarts, r.metric("relay_plugin_restarts_total"), tt.reset)
	}
}

// Memory that has grown is not given back by the guest, so the instance is replaced.
func TestReset_GrownMemoryIsReplaced(t *testing.T) {
	f := puppet("f")
	f.Limits.Memory, f.Reset = 4*relay.MiB, "every 1"
	r := openRig(t, Options{Lanes: 1}, f)
	for range 5 {
		assert.Equal(t, relay.Accepted, r.say("g").Verdict)
	}
	assert.Equal(t, 4., r.metric("relay_plugin_restarts_total"))
	r.say("p")
	assert.Eventually(t, func() bool { return r.metric("relay_plugin_memory_bytes") < float64(4*relay.MiB) }, eventually, tick)
}

func TestReset_ChangedTablesAreReplaced(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, Filter{Name: "f", Path: guest("changes_table")})
	for _, payload := range []string{"a", "b", "u", "c", "d"} {
		r.say(payload)
	}
	assert.Equal(t, []string{"t 1", "t 0", "t 1", "t 0"}, r.sink.texts())
	assert.Equal(t, 1., r.metric("relay_plugin_restarts_total"))
}

// Instances that came out of their start alike share what they are brought back to.
func TestReset_InstancesShareTheirImage(t *testing.T) {
	r := openRig(t, Options{Lanes: 4}, puppet("f"))
	slots := r.last.steps[0].filter.slots
	for i := range slots {
		assert.Same(t, slots[0].inst.start.memory, slots[i].inst.start.memory)
	}
}

func TestReset_GoGuest(t *testing.T) {
	f := redact(t)
	f.Reset = "every 3"
	r := openRig(t, Options{Lanes: 1}, steady(f))
	for range 50 {
		ev := jsonEvent("orders.new", `{"id":7,"card":"4111","to":{"card":1}}`)
		require.Equal(t, relay.Transformed, r.publish(ev)[0].Verdict)
	}
	for _, ev := range r.sink.all() {
		require.Equal(t, `{"id":7,"card":"[redacted]","to":{"card":"[redacted]"}}`, string(ev.Payload))
	}
	assert.Positive(t, r.metric("relay_plugin_restores_total"))
}

// BenchmarkRecovery is what it takes to bring an instance back after a trap.
func BenchmarkRecovery(b *testing.B) {
	small := steady(Filter{Name: "f", Path: guest("leaks")})
	for name, f := range map[string]Filter{"128 KiB": small, "1.3 MiB": steady(puppet("f")), "stock Go": steady(redact(b))} {
		b.Run(name, func(b *testing.B) {
			p := benchPipeline(b, f)
			s := &p.last.steps[0].filter.slots[0]
			ev := jsonEvent("orders.new", `{"id":7,"card":"4111","to":{"card":1}}`)
			var total time.Duration
			n := 0
			var out outgoing
			out.set(ev)
			for b.Loop() {
				s.handle(&out, callBudget(&s.filter.limits, 1<<20), nanos())
				begun := time.Now()
				if !s.inst.rewind() {
					s.empty()
					continue
				}
				total += time.Since(begun)
				n++
			}
			b.ReportMetric(float64(total.Nanoseconds())/float64(n)/1000, "µs/restore")
			b.ReportMetric(float64(n)/float64(b.N), "in-place")
		})
	}
}
