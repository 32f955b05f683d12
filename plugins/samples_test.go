package plugins

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

const samples = "../testdata/plugins"

// goGuestDir is removed by TestMain.
var goGuestDir string

// goGuest compiles a stock-Go sample, once per test run.
var goGuest = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "redact")
	if err != nil {
		return "", err
	}
	goGuestDir = dir
	out := filepath.Join(dir, "redact.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", out, "./redactgo")
	cmd.Dir, cmd.Env = samples, append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, said)
	}
	return out, nil
})

// redact is the Go sample as a filter.
func redact(t testing.TB) Filter {
	if testing.Short() {
		t.Skip("compiles a Go guest")
	}
	path, err := goGuest()
	require.NoError(t, err)
	return Filter{Name: "redact", Path: path, Config: map[string]any{"fields": []string{"card"}}, Limits: testLimits}
}

func jsonEvent(topic relay.Topic, payload string) *relay.Event {
	ev := event(topic, payload)
	ev.Kind = relay.KindJSON
	return ev
}

func TestSamples_GoRedact(t *testing.T) {
	r := openRig(t, Options{Lanes: 2}, redact(t))
	res := r.publish(jsonEvent("orders.new", `{"id":7,"card":"4111","to":{"card":1}}`), jsonEvent("orders.new", `{"id":8}`))
	assert.Equal(t, []relay.Verdict{relay.Transformed, relay.Accepted}, []relay.Verdict{res[0].Verdict, res[1].Verdict})
	assert.Equal(t, []string{
		`orders.new {"id":7,"card":"[redacted]","to":{"card":"[redacted]"}}`,
		`orders.new {"id":8}`,
	}, r.sink.texts())
	big := `{"card":"` + string(make4k('x')) + `","rest":"` + string(make4k('y')) + `"}`
	for range 100 { // collects garbage in the guest
		require.Equal(t, relay.Transformed, r.publish(jsonEvent("orders.new", big))[0].Verdict)
	}
}

func make4k(c byte) []byte {
	b := make([]byte, 200_000)
	for i := range b {
		b[i] = c
	}
	return b
}

func TestSamples_GoRefusesItsConfiguration(t *testing.T) {
	f := redact(t)
	f.Config = map[string]any{"feilds": []string{"card"}}
	err := Check(context.Background(), Options{}, []Filter{f})
	assert.ErrorContains(t, err, "relay_init refused the configuration: ")
	assert.ErrorContains(t, err, "fields")
}

func TestSamples_C(t *testing.T) {
	drop := Filter{Name: "drop", Path: filepath.Join(samples, "dropfield/dropfield.wasm"), Config: map[string]any{"field": "level", "value": "debug"}, Topics: []relay.Pattern{"logs"}}
	split := Filter{Name: "split", Path: filepath.Join(samples, "split/split.wasm"), Config: map[string]any{"topic": "logs"}, Topics: []relay.Pattern{"batch"}}
	r := openRig(t, Options{Lanes: 2}, split, drop)
	res := r.publish(jsonEvent("batch", `[{"level":"debug"},{"level":"info"},{"level":"warn"}]`))[0]
	assert.Equal(t, relay.Dropped, res.Verdict)
	assert.Equal(t, "split", res.Filter)
	assert.Equal(t, 2, res.Emitted, "the debug line is dropped by the next filter")
	assert.Equal(t, []string{`logs {"level":"info"}`, `logs {"level":"warn"}`}, r.sink.texts())
}
