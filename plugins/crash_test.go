package plugins

import (
	"log/slog"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// brokenSink stands for a bug of ours.
type brokenSink struct{ nowhere }

func (brokenSink) Append(*relay.Event) relay.Position { panic("broken sink") }

// TestCrash: a panic of our own in a lane ends the process, though the goroutine that the lane runs on would recover it.
func TestCrash(t *testing.T) {
	if os.Getenv("RELAY_TEST_CRASH") != "" {
		defer func() { _ = recover() }() // as net/http does
		p, err := Open(t.Context(), Options{Lanes: 1}, []Filter{puppet("puppet")}, brokenSink{}, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		p.Publish(t.Context(), []*relay.Event{event("t", "p")}, make([]relay.Result, 1))
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrash$")
	cmd.Env = append(os.Environ(), "RELAY_TEST_CRASH=1")
	out, err := cmd.CombinedOutput()
	require.Error(t, err, "%s", out)
	assert.Contains(t, string(out), "BUG: in a lane: broken sink")
	assert.Contains(t, string(out), "brokenSink.Append", "the stack is that of the bug")
}
