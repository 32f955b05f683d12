package plugins

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestCallContext_disarm(t *testing.T) {
	c := newCallContext(nil)
	c.arm(time.Hour)
	assert.True(t, c.disarm(), "in time")
	assert.NoError(t, c.Err())

	c.arm(time.Hour)
	c.limit = time.Nanosecond // as if its timer had not come to run
	for time.Since(c.begun) <= c.limit {
	}
	assert.False(t, c.disarm(), "late, though the timer has not fired")

	c.arm(time.Nanosecond)
	<-c.Done()
	assert.False(t, c.disarm(), "fired")
}
