package plugins

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero/api"

	"eventrelay/plugins/meter"
)

// metering is what the guest of one instance may spend in the call at hand: fuel, time and stack. The module was
// rewritten (package meter) so that it asks the host, by tick, whenever a slice of fuel is spent: there, and nowhere
// else, time and cancelling are looked at, and other goroutines and the garbage collector get their turn. A call that
// ends within its slice costs one read of a global. Owned by the instance's caller, whose goroutine tick runs on.
type metering struct {
	// Set once the module is instantiated.
	fuel, stack api.MutableGlobal

	// Of the call at hand.
	limit   time.Duration
	most    int64 // fuel; 0: as much as it likes
	begun   int64 // by nanos
	resumed int64 // by nanos: when the guest went on after the last tick
	entered int64 // by nanos: a host function, or what of its time is not counted yet
	yielded int64 // by nanos: when it last let others run
	ran     time.Duration
	given   int64 // what the fuel global was last known to be
	spent   int64

	cancelled atomic.Bool // from elsewhere, while the instance starts
}

// Why a guest is stopped in a tick. wazero unwinds the guest and returns it.
var (
	errTime      = errors.New("out of time")
	errFuel      = errors.New("out of fuel")
	errStack     = errors.New("out of stack")
	errCancelled = errors.New("cancelled")
)

const (
	// maxStretch is how many times its limit a call may last by the clock on the wall.
	maxStretch = 10
	// maxCounted is the most that the time between two ticks counts: a slice of fuel takes less. What is beyond it was
	// not the guest's: a busy machine kept its thread from running. Measured with two cores busy, at a limit of 10 ms,
	// one innocent event of 6,000 would be lost to that.
	maxCounted = time.Millisecond
	// yieldEvery is how long a guest runs before it lets others run: a fraction of what a network takes, and so seldom
	// that yielding costs the guest nothing.
	yieldEvery = 50 * time.Microsecond
)

// nanos is a clock that never goes back, from the start of the process.
func nanos() int64 { return int64(time.Since(processStart)) }

// unread is a time at which nobody has looked at the clock.
const unread = -1

// begin starts a call at the given time by nanos. It may be unread: reading the clock takes as long as a small filter, and
// most calls end within their first slice of fuel. Then the call's time begins with the first look: it has a slice more.
func (m *metering) begin(now int64, limit time.Duration, fuel int64) {
	m.limit, m.most = limit, fuel
	m.begun, m.resumed, m.yielded, m.ran, m.spent = now, now, now, 0, 0
	if fuel > 0 && m.given > fuel {
		m.given = fuel
		m.fuel.Set(uint64(fuel))
	}
}

// end returns what the call spent.
func (m *metering) end() uint64 {
	if m.fuel != nil {
		left := int64(m.fuel.Get())
		m.spent += m.given - left
		m.given = left
	}
	return uint64(m.spent)
}

// tick is called by the guest when fuel or stack is below zero. It returns the fuel to go on with, or panics.
func (m *metering) tick(fuel, stack int64) int64 {
	now := m.look()
	m.spent += m.given - fuel
	m.given = fuel
	m.ran += min(time.Duration(now-m.resumed), maxCounted)
	switch {
	case stack < 0:
		panic(errStack)
	case m.most > 0 && m.spent > m.most:
		panic(errFuel)
	case m.ran > m.limit || time.Duration(now-m.begun) > maxStretch*m.limit:
		panic(errTime)
	case m.cancelled.Load():
		panic(errCancelled)
	}
	if m.resumed = now; now-m.yielded > int64(yieldEvery) {
		runtime.Gosched()
		m.yielded = nanos()
		m.resumed = m.yielded
	}
	m.given = meter.Slice
	if m.most > 0 {
		m.given = min(m.given, m.most-m.spent)
	}
	return m.given
}

// look looks at the clock, and begins the call's time if nobody has.
func (m *metering) look() int64 {
	now := nanos()
	if m.begun == unread {
		m.begun, m.resumed, m.yielded = now, now, now
	}
	return now
}

// enter begins a host function, whose time counts: a slice of fuel may be a thousand calls of the host.
func (m *metering) enter() { m.entered = m.look() }

// hosted counts the time since enter, or since it last did, and panics when that was too much.
func (m *metering) hosted() {
	now := nanos()
	took := now - m.entered
	m.entered = now
	m.resumed += took
	m.ran += min(time.Duration(took), maxCounted)
	if m.ran > m.limit || time.Duration(now-m.begun) > maxStretch*m.limit {
		panic(errTime)
	}
}

// nested does what hosted does for a host function that has called the guest: what the guest's ticks have counted
// meanwhile is not counted twice.
func (m *metering) nested() {
	now := nanos()
	m.ran += min(time.Duration(now-max(m.entered, m.resumed)), maxCounted)
	m.resumed = now
	if m.ran > m.limit || time.Duration(now-m.begun) > maxStretch*m.limit {
		panic(errTime)
	}
}

// bind finds the globals of an instantiated module.
func (m *metering) bind(mod api.Module) {
	m.fuel = mod.ExportedGlobal(meter.FuelGlobal).(api.MutableGlobal)
	m.stack = mod.ExportedGlobal(meter.StackGlobal).(api.MutableGlobal)
}

// hostTick is the host function that rewritten modules import.
func hostTick(ctx context.Context, _ api.Module, stack []uint64) {
	in := ctx.Value(instanceKey{}).(*instance)
	stack[0] = uint64(in.meter.tick(int64(stack[0]), int64(stack[1])))
}

// callContext is the context of all calls of an instance: it carries the instance to host functions, and nothing else,
// so that a call allocates none.
type callContext struct{ inst *instance }

type instanceKey struct{}

// Value implements context.Context.
func (c *callContext) Value(key any) any {
	if key == (instanceKey{}) {
		return c.inst
	}
	return nil
}

// Deadline implements context.Context: tick knows it.
func (c *callContext) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements context.Context.
func (c *callContext) Done() <-chan struct{} { return nil }

// Err implements context.Context.
func (c *callContext) Err() error { return nil }

var _ context.Context = (*callContext)(nil)
