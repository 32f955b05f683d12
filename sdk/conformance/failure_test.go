package conformance

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/relay"
)

func tryFailures(t *testing.T, d *desk) {
	require.Equal(t, d.panics(), d.do(relay.KindText, "", "panic", "with", "restart").Cause)
	require.Equal(t, "40", d.text(t, "state"), "nothing is left of what the parts before did")

	got := d.do(relay.KindText, "", "fail", "with", "größe is wrong")
	assert.Equal(t, []string{"fail", "guest"}, []string{got.Verdict, got.Cause}, "%+v", got)
	assert.Contains(t, got.Error, "größe is wrong")
	assert.Equal(t, "41", d.text(t, "state"), "a failure that the guest reports leaves its state")

	got = d.do(relay.KindText, "", "no such verb")
	assert.Contains(t, got.Error, "unknown verb: no such verb")

	d.log.take()
	got = d.do(relay.KindText, "", "panic", "with", "the lever broke")
	assert.Equal(t, []string{"fail", d.panics()}, []string{got.Verdict, got.Cause}, "%+v", got)
	assert.Contains(t, got.Error+strings.Join(d.log.take(), "\n"), "the lever broke", "in the error, or in the log")
	assert.Empty(t, got.Emitted)
	if d.script() {
		return
	}
	assert.Equal(t, "40", d.text(t, "state"), "a panic takes the guest back to its start")
	assert.Equal(t, "41", d.text(t, "state"))

	for range 20 {
		assert.Equal(t, "trap", d.do(relay.KindText, large(), "panic", "with", "again").Cause)
	}
	assert.Equal(t, "40", d.text(t, "state"), "configuration included")
	assert.Equal(t, "pass", d.do(relay.KindText, large(), "echo").Verdict, "as good as new")
}

// What a guest allocates for an event must not add up.
func tryMemory(t *testing.T, d *desk) {
	payload := large()
	for range 60 {
		got := d.do(relay.KindText, payload, "change", "set", "a=b")
		require.Equal(t, "transform", got.Verdict, "%.200v", got)
	}
	for range 2000 {
		got := d.do(relay.KindText, payload[:1000], "emit-event", "with", "copies")
		require.Equal(t, "drop", got.Verdict, "%.200v", got)
	}
	assert.NotEqual(t, "40", d.text(t, "state"), "it has not been started again")
}

// A guest that never returns is stopped, and is as good as new afterwards.
func TestLoop(t *testing.T) {
	each(t, func(t *testing.T, f plugins.Filter) {
		f = equip(f, nil)
		f.Limits.Time = 300 * time.Millisecond
		d, err := plugins.OpenDesk(t.Context(), plugins.Options{}, f, (&lines{}).logger())
		require.NoError(t, err)
		defer d.Close()
		got := d.Try(event(relay.KindText, "", "do", "loop"))
		assert.Equal(t, "timeout", got.Cause, "%+v", got)
		assert.Equal(t, "0", payloadOf(t, d.Try(event(relay.KindText, "", "do", "state"))))
	})
}

// A guest that was not granted what it imports is refused by name, not at its first call.
func TestGrants(t *testing.T) {
	each(t, func(t *testing.T, f plugins.Filter) {
		if f.Script != "" {
			t.Skip("a script finds all functions, and those that were not granted throw")
		}
		f = equip(f, nil)
		f.Allow = nil
		_, err := plugins.OpenDesk(t.Context(), plugins.Options{}, f, (&lines{}).logger())
		for _, grant := range []string{"kv", "now", "random", "metric"} {
			require.ErrorContains(t, err, grant)
		}
	})
}
