package plugins

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"eventrelay/relay"
)

// newTestBreaker counts every admit as a call.
func newTestBreaker(o Breaker) (b *breaker, call func(failed bool) (admitted bool)) {
	calls := uint64(0)
	b = &breaker{calls: func() uint64 { return calls }}
	b.configure(o.withDefaults())
	return b, func(failed bool) bool {
		ok, probe := b.admit()
		if ok {
			calls++
			if failed || probe {
				b.settle(failed, probe)
			}
		}
		return ok
	}
}

func (b *breaker) word() string {
	word, _, _ := b.status()
	return word
}

func TestBreaker_OpensProbesCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, call := newTestBreaker(Breaker{})
		for range 5 {
			assert.Equal(t, "closed", b.word())
			assert.True(t, call(true))
			time.Sleep(2 * time.Second) // of the bubble's clock: five failures span 8 s
		}
		assert.Equal(t, "open", b.word())
		ok, probe := b.admit()
		assert.True(t, ok && probe, "a second has passed")
		assert.Equal(t, "half-open", b.word())
		assert.False(t, call(false), "one probe at a time")
		assert.True(t, b.settle(true, probe))
		time.Sleep(time.Second) // of the bubble's clock, as all below
		assert.False(t, call(false), "after a failed probe it waits twice as long")
		time.Sleep(time.Second)
		assert.True(t, call(false))
		assert.Equal(t, "closed", b.word())
		assert.True(t, call(true), "failures from before do not count")
		assert.Equal(t, "closed", b.word())
		_, openings, _ := b.status()
		assert.Equal(t, uint64(2), openings)
	})
}

func TestBreaker_WaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, call := newTestBreaker(Breaker{Failures: 1, Probe: 20 * time.Second})
		call(true)
		for range 10 {
			_, _, until := b.status()
			assert.LessOrEqual(t, time.Until(until), maxBreakerWait)
			time.Sleep(time.Until(until)) // of the bubble's clock
			assert.True(t, call(true))
		}
	})
}

func TestBreaker_StaysClosed(t *testing.T) {
	t.Run("when failures are far apart", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b, call := newTestBreaker(Breaker{Failures: 3})
			for range 20 {
				call(true)
				time.Sleep(6 * time.Second) // of the bubble's clock: two within ten seconds, not three
			}
			assert.Equal(t, "closed", b.word())
		})
	})
	t.Run("when they are few among many calls", func(t *testing.T) {
		b, call := newTestBreaker(Breaker{})
		for i := range 1000 {
			call(i%20 == 0)
		}
		assert.Equal(t, "closed", b.word())
	})
	t.Run("after a failure of a call that began before", func(t *testing.T) {
		b, call := newTestBreaker(Breaker{Failures: 1, Probe: time.Nanosecond})
		call(true)
		call(false) // the probe
		assert.Equal(t, "closed", b.word())
	})
}

func TestBreaker_NewVersionCloses(t *testing.T) {
	b, call := newTestBreaker(Breaker{Failures: 1, Probe: time.Nanosecond})
	call(true)
	_, probe := b.admit()
	b.configure(Breaker{Failures: 2}.withDefaults())
	assert.False(t, b.settle(true, probe), "the probe of the old version says nothing about the new one")
	assert.Equal(t, "closed", b.word())
}

// A filter that fails on everything is left alone; meanwhile its events follow on_error, and one is tried now and then.
func TestChain_BreakerOpens(t *testing.T) {
	for _, onError := range []string{dropOnError, passOnError} {
		f := puppet("f")
		f.OnError, f.Breaker = onError, Breaker{Failures: 5, Probe: 300 * time.Millisecond}
		r := openRig(t, Options{Lanes: 1}, f)
		for range 5 {
			assert.Equal(t, onError == passOnError, r.say("u").Verdict == relay.Accepted)
		}
		res := r.say("p")
		if onError == dropOnError {
			assert.Equal(t, relay.Failed, res.Verdict)
			assert.Contains(t, res.Reason, "breaker: ")
		} else {
			assert.Equal(t, relay.Accepted, res.Verdict)
		}
		assert.Equal(t, 5., r.metric("relay_plugin_errors_total", "cause", "trap"))
		assert.Equal(t, 1., r.metric("relay_plugin_errors_total", "cause", "breaker"))
		assert.Equal(t, 1., r.metric("relay_plugin_breaker_openings_total"))
		assert.Positive(t, r.metric("relay_plugin_breaker_state"))
		assert.Eventually(t, func() bool { return r.say("d").Verdict == relay.Dropped }, eventually, tick, "the probe finds it well")
		assert.Zero(t, r.metric("relay_plugin_breaker_state"))
	}
}
