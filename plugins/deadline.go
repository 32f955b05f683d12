package plugins

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// callContext is the context of an instance's calls: it carries the instance to host functions, and the deadline of
// the call at hand to wazero, which closes the instance when it passes (WithCloseOnContextDone). It is made once per
// instance and armed for each call, so that a call costs no allocation of ours; once it has fired, the instance is
// of no more use, and neither is it.
//
// This is the place where a cheaper meter comes in.
type callContext struct {
	// Set at construction.
	inst  *instance
	timer *time.Timer
	done  chan struct{} // closed by fire

	// Guarded by mu: the timer runs beside the caller of arm.
	mu    sync.Mutex
	armed bool
	limit time.Duration
	begun time.Time
	cpu   cpuMark

	err atomic.Pointer[error]
}

func newCallContext(inst *instance) *callContext {
	c := &callContext{inst: inst, done: make(chan struct{})}
	c.timer = time.AfterFunc(time.Hour, c.expire)
	c.timer.Stop()
	return c
}

// arm starts the time of a call, which the caller makes on this goroutine.
func (c *callContext) arm(limit time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed, c.limit, c.begun, c.cpu = true, limit, time.Now(), markCPU()
	c.timer.Reset(limit)
}

// disarm ends the time of a call and reports whether it was in time. The timer alone does not tell: a guest that wazero
// does not interrupt keeps a garbage collection waiting, which keeps all timers waiting, and is back before they run.
func (c *callContext) disarm() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed = false
	c.timer.Stop()
	return c.err.Load() == nil && c.left() >= 0
}

// expire is what the timer does: it fires, or waits on when the guest has not had its time.
func (c *callContext) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.armed {
		return
	}
	if left := c.left(); left > 0 {
		c.timer.Reset(max(left, c.limit/16))
		return
	}
	c.fire(context.DeadlineExceeded)
}

// maxStretch is how many times its limit a call may last by the clock on the wall.
const maxStretch = 10

// left returns how much of its time the call has left. A busy machine may keep a thread from running for longer than
// the whole limit of a filter: measured at the default of 10ms, with two cores busy, one innocent event of 6,000 was
// lost to it. So when the limit has passed by the clock, what counts is how long the thread ran. A guest that moved to
// another thread meanwhile may get more than its due, but never more than maxStretch.
func (c *callContext) left() time.Duration {
	wall := time.Since(c.begun)
	if wall > c.limit && wall < maxStretch*c.limit {
		if ran, ok := c.cpu.since(); ok {
			return c.limit - ran
		}
	}
	return c.limit - wall
}

func (c *callContext) fire(why error) {
	if c.err.CompareAndSwap(nil, &why) {
		close(c.done)
	}
}

// Deadline tells wazero nothing that it would use.
func (c *callContext) Deadline() (time.Time, bool) { return time.Time{}, false }

func (c *callContext) Done() <-chan struct{} { return c.done }

func (c *callContext) Err() error {
	if err := c.err.Load(); err != nil {
		return *err
	}
	return nil
}

type instanceKey struct{}

func (c *callContext) Value(key any) any {
	if key == (instanceKey{}) {
		return c.inst
	}
	return nil
}
