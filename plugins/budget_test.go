package plugins

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// flood is a chain whose first filter emits 64 events from one, on each of which the second loops for ever.
func flood(limit time.Duration) []Filter {
	first, second := puppet("first"), puppet("second")
	first.Topics, second.Topics = []relay.Pattern{"root"}, []relay.Pattern{"child"}
	first.Limits.Time, second.Limits.Time = 10*time.Millisecond, limit
	return []Filter{first, second}
}

func (r *rig) flood() relay.Result { return r.publish(event("root", "F"+record(0, "child", "l")))[0] }

// However many events a filter emits, one event holds its lane no longer than plugins.event_time.
func TestEventTime_BoundsWhatIsEmitted(t *testing.T) {
	r := openRig(t, Options{Lanes: 1, EventTime: 50 * time.Millisecond}, flood(10*time.Millisecond)...)
	begun := time.Now()
	res := r.flood()
	assert.Less(t, time.Since(begun), 50*time.Millisecond+lateness, "64 calls of 10 ms each would take 640")
	assert.Equal(t, relay.Transformed, res.Verdict, "the event itself is through")
	assert.Zero(t, res.Emitted)
	timeouts := r.metric("relay_plugin_errors_total", "plugin", "second", "cause", "timeout")
	assert.InDelta(t, 4, timeouts, 1, "as many calls as there was time for")
	assert.Equal(t, 64., timeouts+r.metric("relay_plugin_errors_total", "plugin", "second", "cause", "event_time"))
	assert.Equal(t, 64., r.metric("relay_plugin_verdicts_total", "plugin", "second", "verdict", "fail"))
	assert.Equal(t, relay.Accepted, r.publish(event("child", "p"))[0].Verdict, "the next event has its own time")
}

// A filter that is stopped because others took the time is not to blame: its breaker stays closed.
func TestEventTime_IsNoFaultOfTheFilter(t *testing.T) {
	filters := flood(50 * time.Millisecond)
	filters[1].Breaker.Failures = 2
	r := openRig(t, Options{Lanes: 1, EventTime: 50 * time.Millisecond}, filters...)
	for range 3 {
		r.flood() // the first takes some of the time, so that the second never has all of its own
	}
	assert.Equal(t, 3*64., r.metric("relay_plugin_errors_total", "plugin", "second", "cause", "event_time"))
	assert.Zero(t, r.metric("relay_plugin_breaker_openings_total", "plugin", "second"))
	kept := r.plugins.find("second").quarantine.list()
	require.Len(t, kept, 3, "those on which it was called")
	assert.Equal(t, "event_time", kept[0].Cause)
}

// It is on_error that says what becomes of what there was no time for.
func TestEventTime_FollowsOnError(t *testing.T) {
	filters := flood(10 * time.Millisecond)
	filters[1].OnError = passOnError
	r := openRig(t, Options{Lanes: 1, EventTime: 20 * time.Millisecond}, filters...)
	assert.Equal(t, 64, r.flood().Emitted)
}

// Nobody who gives a filter more time needs to know of the other key.
func TestEventTime_IsAtLeastACalls(t *testing.T) {
	long := puppet("long")
	long.Limits.Time = time.Second
	r := openRig(t, Options{Lanes: 1}, puppet("f"), long)
	assert.Equal(t, testLimits.Time, r.last.time)
	assert.Equal(t, 100*time.Millisecond, newGeneration(nil, DefaultOptions().EventTime).time)
}

// Calls that end within a slice of fuel are counted when the next event is looked at, and no more than they can take.
func TestEventTime_CountsShortCalls(t *testing.T) {
	c := chain{room: budget{time: time.Second}}
	c.now = nanos() - int64(300*time.Microsecond)
	c.look()
	assert.InDelta(t, time.Second-300*time.Microsecond, c.room.time, float64(maxCounted))
	c.room.time, c.now = time.Second, nanos()-int64(time.Hour)
	c.look()
	assert.Equal(t, time.Second-maxCounted, c.room.time)
}

// A filter's time begins with its own call, not with the event.
func TestEventTime_BeginsAnewForEachCall(t *testing.T) {
	first := Filter{Name: "first", Path: guest("works"), Topics: []relay.Pattern{"slow"}}
	second := Filter{Name: "second", Path: guest("puppet"), Limits: Limits{Time: 20 * time.Millisecond}}
	r := openRig(t, Options{Lanes: 1}, first, second)
	turns := binary.LittleEndian.AppendUint32([]byte("w"), 1_000_000_000)
	res := r.publish(event("slow", string(turns)))[0]
	assert.Equal(t, relay.Accepted, res.Verdict, res.Reason)
}
