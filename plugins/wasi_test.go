package plugins

import (
	"context"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"eventrelay/relay"
)

// Every function of wazero's own WASI is here too, with the same signature.
func TestWASI_IsComplete(t *testing.T) {
	rt := wazero.NewRuntimeWithConfig(context.Background(), wazero.NewRuntimeConfigInterpreter())
	defer rt.Close(context.Background())
	module, err := wasi_snapshot_preview1.NewBuilder(rt).Compile(context.Background())
	require.NoError(t, err)
	theirs := module.ExportedFunctions()
	for name, def := range theirs {
		ours, ok := wasiFuncs[name]
		if !assert.True(t, ok, "%s is missing", name) {
			continue
		}
		assert.Equal(t, signatureText(def.ParamTypes(), def.ResultTypes()),
			signatureText(signature(ours.params), signature(ours.results)), name)
	}
	assert.Len(t, wasiFuncs, len(theirs))
}

func TestWASI_ClockIsTheEvents(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, puppet("puppet"))
	r.say("t")
	assert.Equal(t, time.Unix(1_700_000_000, 5).UnixNano(), int64(binary.LittleEndian.Uint64(r.sink.all()[0].Payload)))
}

// PL-16: a guest sees no environment, arguments, input or files.
func TestWASI_ShowsNothingOfTheHost(t *testing.T) {
	t.Setenv("RELAY_TEST_SECRET", "secret")
	r := openRig(t, Options{Lanes: 1}, Filter{Name: "f", Path: guest("looks_around")})
	assert.Equal(t, relay.Accepted, r.say("x").Verdict, r.say("x").Reason)
}

func TestWASI_RandomIsTheModules(t *testing.T) {
	f := puppet("puppet")
	f.Limits = testLimits
	r := openRig(t, Options{Lanes: 1}, f)
	r.say("v")
	r.say("v")
	f.Limits.Emits = 5 // so that it is another version of the same module
	require.NoError(t, r.Reload(context.Background(), []Filter{f}))
	r.say("v")
	all := r.sink.all()
	assert.Equal(t, all[0].Payload, all[2].Payload, "the same for every new instance")
	assert.NotEqual(t, all[0].Payload, all[1].Payload)

	f.Allow = []string{"random", "now"}
	require.NoError(t, r.Reload(context.Background(), []Filter{f}))
	r.say("v")
	r.say("t")
	all = r.sink.all()
	assert.NotEqual(t, all[0].Payload, all[3].Payload, "granted: real")
	clock := time.Unix(0, int64(binary.LittleEndian.Uint64(all[4].Payload)))
	assert.WithinDuration(t, time.Now(), clock, time.Minute)
}

func TestWASI_OutputGoesToTheLog(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, puppet("puppet"))
	r.say("Wone\ntwo\x1b[31m\npart")
	r.say("2\n\toh no\n")
	r.say("W" + strings.Repeat("long", 1000))
	log := r.log.String()
	assert.Contains(t, log, `level=INFO msg="filter says" filter=puppet text=one`)
	assert.Contains(t, log, `text=two\x1b[31m`)
	assert.Contains(t, log, `text=part`, "ends with its call")
	assert.Contains(t, log, `level=WARN msg="filter says" filter=puppet text="    oh no"`)
	assert.NotContains(t, log, `text=""`, "empty lines are left out")
	assert.Contains(t, log, "text="+strings.Repeat("long", 256)+"\n", "cut at 1KiB")
}

// PL-17
func TestGuestLog_Floods(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, puppet("puppet"))
	r.say("wx\n")
	assert.Equal(t, maxLinesPerCall, strings.Count(r.log.String(), "text=x"))
	for range 10 {
		r.say("wx\n")
	}
	log := r.log.String()
	lines := strings.Count(log, "text=x")
	assert.LessOrEqual(t, lines, 3*maxLinesPerSecond, "within at most three seconds")
	assert.Contains(t, log, "filter logs too much")
	assert.Equal(t, float64(11*1000-lines), r.metric("relay_plugin_log_suppressed_total"))
	r.say("Llast")
	r.say("L" + strings.Repeat("y", 5000))
	assert.NotContains(t, r.log.String(), strings.Repeat("y", maxLogLine+1))
}

// No deadline ends a host function, so that one call may not take long, whatever it is asked.
func TestWASI_WriteIsBounded(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, Filter{Name: "floods", Path: guest("floods_output")})
	r.say("x")
	assert.Equal(t, uint32(maxWrite), binary.LittleEndian.Uint32(r.sink.all()[0].Payload))
	assert.Equal(t, float64(maxWrite-maxLinesPerCall), r.metric("relay_plugin_log_suppressed_total"))
}

func TestGuestLog_LevelsAndStart(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, Filter{Name: "early", Path: guest("logs_in_start")}, puppet("puppet"))
	r.say("Lcareful")
	assert.Contains(t, r.log.String(), `level=WARN msg="filter says" filter=puppet text=careful`)
	assert.Contains(t, r.log.String(), `filter=early text="good morning"`)
}

func TestEnv_Abort(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, Filter{Name: "as", Path: guest("aborts")})
	res := r.say("x")
	assert.Equal(t, relay.Failed, res.Verdict)
	assert.Contains(t, res.Reason, "trap: abort: oh no at a.ts:7:9")
}

// A guest's function names make traps readable.
func TestTrap_NamesFunctions(t *testing.T) {
	assert.Equal(t, "unreachable in f < g < h", trapOf(errText("wasm error: unreachable\nwasm stack trace:\n\t.f()\n\t.g(i32)\n\t.h()\n\t.i()")))
	assert.Equal(t, `out of bounds in \x1b`, trapOf(errText("wasm error: out of bounds\nwasm stack trace:\n\t.\x1b(i32)")))
	assert.LessOrEqual(t, len(trapOf(errText(strings.Repeat("ü", 1000)))), maxErrorText)
	assert.Equal(t, "abort: x", trapOf(errText("abort: x (recovered by wazero)\nwasm stack trace:\n\t")))
}

// trapOf is the text of a trap in a filter that exports nothing.
func trapOf(err error) string {
	text, _ := (&filter{}).trapText(err)
	return text
}

type errText string

func (e errText) Error() string { return string(e) }
