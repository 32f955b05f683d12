package c_test

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/relay"
	"eventrelay/sdk/internal/toolchain"
)

// compile builds a filter with warnings as errors, and returns the module.
func compile(t testing.TB, source string, flags ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "filter.wasm")
	args := append([]string{"--target=wasm32", "-mbulk-memory", "-Wall", "-Wextra", "-Werror", "-nostdlib", "-Wl,--no-entry", "-I.", "-o", out}, flags...)
	said, err := exec.Command(toolchain.Clang(t), append(args, source)...).CombinedOutput()
	require.NoError(t, err, "%s", said)
	return out
}

var discard = slog.New(slog.DiscardHandler)

func open(t testing.TB, path string, config map[string]any) *plugins.Desk {
	t.Helper()
	f := plugins.Filter{Name: "f", Path: path, Config: config, Allow: []string{"metric"}}
	f.Limits.Time = 5 * time.Second // enough for a busy machine
	d, err := plugins.OpenDesk(t.Context(), plugins.Options{}, f, discard)
	require.NoError(t, err)
	t.Cleanup(d.Close)
	return d
}

func try(d *plugins.Desk, payload string) plugins.Trial {
	return d.Try(&relay.Event{Topic: "t", Kind: relay.KindJSON, Payload: []byte(payload)})
}

// The sample works whichever way the header is compiled.
func TestSample(t *testing.T) {
	for _, flags := range []string{"-std=c11 -O2", "-std=c11 -O0", "-std=c17 -Os", "-std=c2x -Oz", "-x c++ -std=c++17 -O2", "-x c++ -std=c++20 -O0", "-std=c11 -O2 -Wpedantic -Wconversion -Wshadow"} {
		t.Run(flags, func(t *testing.T) {
			d := open(t, compile(t, "sample/sample.c", strings.Fields(flags)...), map[string]any{"greeting": "Hej", "ignore": []string{"root"}})
			got := try(d, `{"id": 1, "name": "Zoë \"Z\" \ud83d\ude9a"}`)
			require.Equal(t, "transform", got.Verdict, "%+v", got)
			assert.Equal(t, `{"greeting":"Hej, Zoë \"Z\" 🚚"}`, *got.Event.Payload)
			assert.Equal(t, "pass", try(d, `{"name": "\u0072oot"}`).Verdict)
			for _, none := range []string{`{"nam": "x"}`, `{"name": 1}`, `{"a": {"name": "x"}}`, `["name", "x"]`, `"name"`} {
				assert.Equal(t, "no name", try(d, none).Reason, none)
			}
		})
	}
}

// The filter that README.md and the header begin with is what they say: its size too.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(readme), "```c\n")
	require.True(t, ok)
	source, rest, ok := strings.Cut(rest, "```\n")
	require.True(t, ok)
	_, command, ok := strings.Cut(rest, "```\n")
	require.True(t, ok)
	command, _, _ = strings.Cut(command, "\n")

	header, err := os.ReadFile("relay.h")
	require.NoError(t, err)
	assert.Contains(t, strings.NewReplacer("//\t", "", "//\n", "\n").Replace(string(header)), source)
	assert.Contains(t, string(header), command)

	compiler, err := filepath.Abs(".")
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "filter.c"), []byte(source), 0o644))
	args := strings.Fields(command)
	require.Equal(t, "clang", args[0])
	cmd := exec.Command(toolchain.Clang(t), slices.Concat([]string{"-I", compiler}, args[1:])...)
	cmd.Dir = dir
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)

	info, err := os.Stat(filepath.Join(dir, "filter.wasm"))
	require.NoError(t, err)
	assert.Less(t, info.Size(), int64(1000))
	d := open(t, filepath.Join(dir, "filter.wasm"), nil)
	assert.Equal(t, "empty", d.Try(&relay.Event{Topic: "t"}).Reason)
	assert.Equal(t, "pass", try(d, "1").Verdict)
}
