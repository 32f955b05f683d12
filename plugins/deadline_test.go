package plugins

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// spin keeps the calling goroutine, and so its thread, busy.
func spin(d time.Duration) {
	for begun := time.Now(); time.Since(begun) < d; {
	}
}

func TestCallContext(t *testing.T) {
	runtime.LockOSThread() // so that what the test does is what its thread does
	defer runtime.UnlockOSThread()
	const limit = 20 * time.Millisecond

	t.Run("in time", func(t *testing.T) {
		c := newCallContext(nil)
		c.arm(time.Hour)
		assert.True(t, c.disarm())
		assert.NoError(t, c.Err())
	})
	t.Run("fires on a busy thread", func(t *testing.T) {
		c := newCallContext(nil)
		c.arm(limit)
		for c.Err() == nil {
		}
		assert.False(t, c.disarm())
	})
	t.Run("late, though the timer has not come to run", func(t *testing.T) {
		c := newCallContext(nil)
		c.arm(time.Hour)
		spin(time.Millisecond)
		c.limit = time.Microsecond
		assert.False(t, c.disarm())
	})
	t.Run("disarmed before the timer came to run", func(t *testing.T) {
		c := newCallContext(nil)
		c.arm(time.Hour)
		assert.True(t, c.disarm())
		c.expire()
		assert.NoError(t, c.Err())
	})
}

// TestCallContext_StarvedThread: time in which the thread did not run is not the guest's, within bounds.
func TestCallContext_StarvedThread(t *testing.T) {
	if _, ok := markCPU().since(); !ok {
		t.Skip("the CPU time of a thread is known on Linux only")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const limit = 20 * time.Millisecond
	c := newCallContext(nil)
	c.arm(limit)
	<-time.After(2 * limit) // the thread waits: it is not let run
	assert.True(t, c.disarm())

	c.arm(limit)
	<-c.Done() // it is never let run
	assert.False(t, c.disarm())
	assert.Greater(t, time.Since(c.begun), (maxStretch-1)*limit)
}

func BenchmarkCallContext(b *testing.B) {
	c := newCallContext(nil)
	for b.Loop() {
		c.arm(time.Hour)
		c.disarm()
	}
}
