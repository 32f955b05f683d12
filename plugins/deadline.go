package plugins

import (
	"context"
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

	// Owned by the caller of arm.
	limit time.Duration
	begun time.Time

	err atomic.Pointer[error]
}

func newCallContext(inst *instance) *callContext {
	c := &callContext{inst: inst, done: make(chan struct{})}
	c.timer = time.AfterFunc(time.Hour, func() { c.fire(context.DeadlineExceeded) })
	c.timer.Stop()
	return c
}

// arm starts the time of a call.
func (c *callContext) arm(limit time.Duration) {
	c.limit, c.begun = limit, time.Now()
	c.timer.Reset(limit)
}

// disarm ends the time of a call and reports whether it was in time. The timer alone does not tell: a guest that wazero
// does not interrupt keeps a garbage collection waiting, which keeps all timers waiting, and is back before they run.
func (c *callContext) disarm() bool {
	return c.timer.Stop() && c.err.Load() == nil && time.Since(c.begun) <= c.limit
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
