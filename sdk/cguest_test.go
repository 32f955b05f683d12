package sdk_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/sdk/abi"
	"eventrelay/sdk/internal/toolchain"
)

const plugins = "../testdata/plugins"

func readPlugin(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(plugins, name))
	require.NoError(t, err)
	return b
}

// The filters in C are written with sdk/c, whose host functions and records come from sdk/abi/README.md alone.
func TestC_Dropfield(t *testing.T) {
	g, why := load(t, readPlugin(t, "dropfield/dropfield.wasm"), `{"field":"level","value":"debug"}`)
	require.Empty(t, why)
	assert.Equal(t, []string{"reason", "log"}, g.imports)
	assert.Equal(t, abi.OnEvent, g.hooks)
	tests := []struct {
		payload string
		drops   bool
	}{
		{`{"level":"debug"}`, true},
		{"{ \"a\" : [1,{\"x\":\"}\"}] ,\n\t\"level\" : \"debug\" , \"b\":2 }", true},
		{`{"level":"info","level":"debug"}`, true},
		{`{"level":"info"}`, false},
		{`{"level":"debugger"}`, false},
		{`{"levels":"debug"}`, false},
		{`{"a":{"level":"debug"}}`, false},
		{`{"a":"\"level\":\"debug\""}`, false},
		{`{"a":"\\","level":"debug"}`, true},
		{`["level","debug"]`, false},
		{`"level"`, false},
		{`{}`, false},
		{``, false},
		{`{"level":"debug"`, true},
		{`{"level":`, false},
		{`{"level`, false},
		{`{"level\`, false},
		{`{{{{{{`, false},
		{`{"a":}}}],"level":"debug"}`, false},
		{strings.Repeat(`[`, 900_000), false},
		{`{"a":` + strings.Repeat(`[`, 200_000) + strings.Repeat(`]`, 200_000) + `,"level":"debug"}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.payload[:min(len(tt.payload), 40)], func(t *testing.T) {
			got := g.event(tt.payload)
			if !tt.drops {
				assert.Equal(t, abi.AnswerPass, got.kind)
				return
			}
			assert.Equal(t, abi.AnswerDrop, got.kind)
			assert.Equal(t, `"level"`, g.reason)
			assert.Equal(t, uint32(abi.ReasonDrop), g.code)
		})
	}
}

// Strings are read sixteen bytes at a time: wherever an escape, a quote or the end of the text lies within them, the rest
// of the text is found, and what an earlier event left behind its end is not.
func TestC_DropfieldLongStrings(t *testing.T) {
	g, _ := load(t, readPlugin(t, "dropfield/dropfield.wasm"), `{"field":"level","value":"debug"}`)
	for before := range 34 {
		for _, special := range []string{"", `\"`, `\\`, `\\\"`, `\u0022`, "\xff\x80\xa2\xdc"} {
			for after := range 34 {
				whole := `{"a":"` + strings.Repeat("x", before) + special + strings.Repeat("y", after) + `","level":"debug"}`
				require.Equal(t, abi.AnswerDrop, g.event(whole).kind, whole)
				cut := whole[:strings.Index(whole, `","level"`)]
				require.Equal(t, abi.AnswerPass, g.event(cut).kind, cut)
			}
		}
	}
}

// So are numbers, white space and nested values.
func TestC_DropfieldLongValues(t *testing.T) {
	g, _ := load(t, readPlugin(t, "dropfield/dropfield.wasm"), `{"field":"level","value":"debug"}`)
	for n := range 34 {
		for _, value := range []string{
			`-` + strings.Repeat("1", n) + `0.5e+1`, strings.Repeat(" ", n) + "null" + strings.Repeat("\n\t", n), `["` + strings.Repeat(",", n) + `"]`,
			`[` + strings.Repeat("1,", n) + `{"]":"}"}]`, strings.Repeat("[", n+1) + `"["` + strings.Repeat("]", n+1), `{"a":[` + strings.Repeat(" ", n) + `],"level":1}`,
		} {
			whole := `{"a":` + value + `,"level":"debug"}`
			require.Equal(t, abi.AnswerDrop, g.event(whole).kind, whole)
			for end := range strings.LastIndex(whole, "debug") {
				require.Equal(t, abi.AnswerPass, g.event(whole[:end]).kind, "%s, cut after %d bytes", whole, end)
			}
		}
	}
}

func TestC_DropfieldConfig(t *testing.T) {
	wasm := readPlugin(t, "dropfield/dropfield.wasm")
	const want = "config: want {field: NAME, value: TEXT, NUMBER, true, false or null}, and no more"
	for config, reason := range map[string]string{
		`{"value":5,"field":"n"}`:          "",
		`{"field":"n","value":null}`:       "",
		`{}`:                               want,
		`{"field":"n"}`:                    want,
		`{"value":1}`:                      want,
		`{"field":1,"value":1}`:            want,
		`{"field":"n","value":[1]}`:        want,
		`{"field":"n","value":1,"more":2}`: `config: "more" is unknown; there are: field, value`,
		`{"field":"` + strings.Repeat("x", 100_000) + `","value":1}`: "",
	} {
		g, why := load(t, wasm, config)
		assert.Equal(t, reason, why, config)
		if g != nil {
			assert.Equal(t, abi.AnswerPass, g.event(`{"n":6}`).kind)
		}
	}
	g, _ := load(t, wasm, `{"field":"n","value":5}`)
	assert.Equal(t, abi.AnswerDrop, g.event(`{"n":5}`).kind)
}

// The buffer is as large as memory may be, which is 16 MiB here, and what is too large is refused.
func TestC_BufferHasAnEnd(t *testing.T) {
	g, _ := load(t, readPlugin(t, "dropfield/dropfield.wasm"), `{"field":"n","value":5}`)
	first := g.must(abi.ExportBuffer, abi.FirstBuffer)
	assert.LessOrEqual(t, g.mod.Memory().Size(), uint32(4<<16), "no more than is needed")
	for _, n := range []uint64{0, 1, 15 << 20} {
		assert.Equal(t, first, g.must(abi.ExportBuffer, n), "it grows where it is")
	}
	for _, n := range []uint64{16 << 20, 1 << 31, 1<<32 - 1} {
		assert.Zero(t, g.must(abi.ExportBuffer, n))
	}
	g.room = 0
	assert.Equal(t, abi.AnswerDrop, g.event(`{"n":5}`).kind, "a refusal leaves it in order")
}

// The filter that sdk/abi/README.md ends with does what it says.
func TestC_TheFilterOfTheSpecification(t *testing.T) {
	text, err := os.ReadFile("abi/README.md")
	require.NoError(t, err)
	_, source, ok := strings.Cut(string(text), "```c\n")
	require.True(t, ok)
	source, command, ok := strings.Cut(source, "```\n")
	require.True(t, ok)
	_, command, _ = strings.Cut(command, "```\n")
	command, _, _ = strings.Cut(command, "\n")
	args := strings.Fields(command)
	require.Equal(t, []string{"clang", "empty.c"}, []string{args[0], args[len(args)-1]})
	cmd := exec.Command(toolchain.Clang(t), args[1:]...)
	cmd.Dir = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(cmd.Dir, "empty.c"), []byte(source), 0o644))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	wasm, err := os.ReadFile(filepath.Join(cmd.Dir, "empty.wasm"))
	require.NoError(t, err)

	g, _ := load(t, wasm, "{}")
	assert.Equal(t, abi.AnswerPass, g.event("1").kind)
	assert.Equal(t, abi.AnswerDrop, g.event("").kind)
	assert.Equal(t, "empty", g.reason)
}
