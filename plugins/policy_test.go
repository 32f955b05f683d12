package plugins

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// PL-20: on_error decides alike whatever the failure is, and drop is the default.
func TestPolicy_Matrix(t *testing.T) {
	failures := []struct {
		cause, guest, payload string
		before                int // failures that it takes first
		change                func(*Filter)
	}{
		{cause: "trap", payload: "u"},
		{cause: "timeout", payload: "l", change: func(f *Filter) { f.Limits.Time = 10 * time.Millisecond }},
		{cause: "fuel", payload: "l", change: func(f *Filter) { f.Limits.Fuel = 1000 }},
		{cause: "stack", payload: "s"},
		{cause: "exit", payload: "x"},
		{cause: "bad_answer", payload: rawAnswer(2)},
		{cause: "too_large", payload: strings.Repeat("x", 1114112)},
		{cause: "guest", payload: "n"},
		{cause: "unavailable", guest: "restart_fails", payload: "x", before: 2, change: func(f *Filter) { f.Reset, f.Allow = resetNever, []string{"kv"} }},
		{cause: "breaker", payload: "u", before: 1, change: func(f *Filter) { f.Breaker = Breaker{Failures: 1, Probe: time.Hour} }},
	}
	for _, tt := range failures {
		for _, onError := range []string{"", dropOnError, passOnError} {
			t.Run(fmt.Sprintf("%s/%s", tt.cause, onError), func(t *testing.T) {
				f := puppet("f")
				if tt.guest != "" {
					f.Path = guest(tt.guest)
				}
				if f.OnError = onError; tt.change != nil {
					tt.change(&f)
				}
				r := openRig(t, Options{Lanes: 1}, f)
				for range tt.before {
					r.say(tt.payload)
				}
				require.Eventually(t, func() bool { // a spare may stand in for the unavailable once more
					r.sink.events = nil
					res := r.say(tt.payload)
					if r.metric("relay_plugin_errors_total", "cause", tt.cause) == 0 {
						return false
					}
					if onError == passOnError {
						assert.Equal(t, relay.Accepted, res.Verdict)
						assert.Equal(t, []string{"t " + tt.payload}, r.sink.texts())
					} else {
						assert.Equal(t, relay.Failed, res.Verdict)
						assert.Contains(t, res.Reason, tt.cause+": ")
						assert.Empty(t, r.sink.texts())
					}
					return true
				}, eventually, tick)
			})
		}
	}
}

// PL-21: names of functions are the module author's, and a trap shows them: cut, and without what drives a terminal.
func TestTrap_HostileNames(t *testing.T) {
	module, err := os.ReadFile(guest("puppet"))
	require.NoError(t, err)
	name := strings.Repeat("\x1b[2J\n", 300_000)
	var functions []byte
	functions = append(functions, 14)
	for i := range byte(14) {
		functions = append(leb(append(functions, i), len(name)), name...)
	}
	body := append(leb([]byte("\x04name\x01"), len(functions)), functions...)
	path := filepath.Join(t.TempDir(), "named.wasm")
	require.NoError(t, os.WriteFile(path, append(leb(append(module, 0), len(body)), body...), 0o600))
	f := Filter{Name: "f", Path: path, Limits: Limits{Module: 64 * relay.MiB}}
	r := openRig(t, Options{Lanes: 1}, f)
	reason := r.say("u").Reason
	assert.Contains(t, reason, `trap: unreachable in \x1b[2J\n`)
	assert.LessOrEqual(t, len(reason), maxErrorText+len("trap: "))
	assert.NotContains(t, r.log.String(), "\x1b")
	for _, fn := range r.plugins.find("f").quarantine.list()[0].Functions {
		assert.LessOrEqual(t, len(fn), maxFrameBytes)
	}
}

// leb appends n as unsigned LEB128.
func leb(b []byte, n int) []byte {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}
