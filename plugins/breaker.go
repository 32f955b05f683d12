package plugins

import (
	"sync"
	"sync/atomic"
	"time"
)

// breaker leaves a filter alone that fails too often: its state is closed (the filter is called), open (it is not, and
// events are treated by on_error), or half-open (one event is tried; its fate decides). Safe for concurrent use by the
// lanes. In the closed state a call that succeeds costs one atomic load.
type breaker struct {
	calls func() uint64 // how many calls the filter has had; set at construction

	state atomic.Int32 // written under mu

	// Guarded by mu.
	mu       sync.Mutex
	o        Breaker
	recent   []setback // the last failures, as a ring of o.Failures
	next     int       // in recent
	wait     time.Duration
	until    time.Time // open: when to try one
	probing  bool      // half-open: one is under way
	openings uint64
}

// setback is a failure, as the breaker remembers it.
type setback struct {
	at    time.Time
	calls uint64 // that the filter had had by then
}

// States of a breaker.
const (
	breakerClosed int32 = iota
	breakerHalfOpen
	breakerOpen
)

var breakerWords = [...]string{breakerClosed: "closed", breakerHalfOpen: "half-open", breakerOpen: "open"}

const (
	breakerShare   = 10 // failures open it when they are at least one of so many calls
	maxBreakerWait = time.Minute
)

// configure sets when it opens. It closes the breaker: what changed may be what was wrong.
func (b *breaker) configure(o Breaker) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.o = o
	b.close()
}

func (b *breaker) settings() Breaker {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.o
}

// close starts anew. The caller holds b.mu.
func (b *breaker) close() {
	b.recent, b.next, b.wait, b.probing = nil, 0, b.o.Probe, false
	b.state.Store(breakerClosed)
}

// admit reports whether the filter may be called now, and whether the call is a probe, whose end settle must be told.
func (b *breaker) admit() (ok, probe bool) {
	if b.state.Load() == breakerClosed {
		return true, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.state.Load() == breakerClosed:
		return true, false
	case b.probing || time.Now().Before(b.until):
		return false, false
	}
	b.probing = true
	b.state.Store(breakerHalfOpen)
	return true, true
}

// settle is told how a call ended, unless it succeeded and was no probe. It reports whether the breaker has opened.
func (b *breaker) settle(failed, probe bool) (opened bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case probe && !b.probing: // the breaker was closed meanwhile, for a new version
		return false
	case probe && failed:
		b.probing = false
		b.open(min(2*b.wait, maxBreakerWait))
		return true
	case probe:
		b.close()
		return false
	case !failed || b.state.Load() != breakerClosed: // a failure from before it opened says nothing new
		return false
	}
	if b.tooMany(setback{time.Now(), b.calls()}) {
		b.open(b.o.Probe)
		return true
	}
	return false
}

// tooMany remembers a failure and reports whether the last o.Failures of them are too close together.
func (b *breaker) tooMany(now setback) bool {
	if len(b.recent) < b.o.Failures {
		b.recent = append(b.recent, now)
	} else {
		b.recent[b.next] = now
	}
	b.next = (b.next + 1) % b.o.Failures
	if len(b.recent) < b.o.Failures {
		return false
	}
	first := b.recent[b.next%len(b.recent)]
	return now.at.Sub(first.at) <= b.o.Window && uint64(b.o.Failures)*breakerShare >= now.calls-first.calls
}

func (b *breaker) open(wait time.Duration) {
	b.recent, b.next = b.recent[:0], 0
	b.wait, b.until = wait, time.Now().Add(wait)
	b.openings++
	b.state.Store(breakerOpen)
}

// status returns the state's word, how often it has opened, and when it tries an event.
func (b *breaker) status() (state string, openings uint64, until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state.Load() == breakerOpen {
		until = b.until
	}
	return breakerWords[b.state.Load()], b.openings, until
}
