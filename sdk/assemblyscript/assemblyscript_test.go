package assemblyscript

import (
	"context"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/relay"
	"eventrelay/sdk/internal/toolchain"
)

var runtimes = []string{"stub", "minimal", "incremental"}

// shown returns the filters that README.md shows.
func shown(t *testing.T) []string {
	t.Helper()
	text, err := fs.ReadFile(Files, "README.md")
	require.NoError(t, err)
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```ts\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, m[1])
	}
	return blocks
}

// build builds a filter from its source, with the SDK beside it, and returns where the module is.
func build(t *testing.T, source, runtime string, more ...string) string {
	t.Helper()
	c := toolchain.AssemblyScript(t)
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "relay"), Files))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "filter.ts"), []byte(source), 0o644))
	out := filepath.Join(dir, "filter.wasm")
	require.NoError(t, c.Build(filepath.Join(dir, "filter.ts"), out, runtime, more...))
	return out
}

// buildFile builds a filter of testdata, once per test run.
func buildFile(t *testing.T, name, runtime string) string {
	t.Helper()
	c := toolchain.AssemblyScript(t)
	once, _ := builds.LoadOrStore(name+" "+runtime, sync.OnceValues(func() (string, error) {
		out := filepath.Join(scratch, strings.TrimSuffix(name, "ts")+runtime+".wasm")
		return out, c.Build(filepath.Join("testdata", name), out, runtime)
	}))
	out, err := once.(func() (string, error))()
	require.NoError(t, err)
	return out
}

var (
	builds  sync.Map // name and runtime → func() (string, error)
	scratch string   // where builds go; TestMain removes it
)

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "assemblyscript"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}

// open loads a filter into the host that ships.
func open(t *testing.T, module string, config map[string]any, memory relay.Size) *plugins.Desk {
	t.Helper()
	f := plugins.Filter{Name: "f", Path: module, Config: config}
	f.Limits.Time, f.Limits.Memory = 5*time.Second, memory
	d, err := plugins.OpenDesk(context.Background(), plugins.Options{}, f, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(d.Close)
	return d
}

func event(kind relay.Kind, payload string, attributes ...string) *relay.Event {
	ev := &relay.Event{Topic: "t", ID: "id", Kind: kind, Payload: []byte(payload), Time: time.Unix(1, 0)}
	for i := 0; i < len(attributes); i += 2 {
		ev.Attributes = append(ev.Attributes, relay.Attribute{Key: attributes[i], Value: attributes[i+1]})
	}
	return ev
}

func TestReadme(t *testing.T) {
	blocks := shown(t)
	require.Len(t, blocks, 2)
	for _, runtime := range runtimes {
		t.Run(runtime, func(t *testing.T) {
			module := build(t, blocks[0], runtime)
			info, err := os.Stat(module)
			require.NoError(t, err)
			assert.Less(t, int(info.Size()), 12<<10, "what is drawn in of the standard library costs every filter")
			d := open(t, module, nil, 0)
			assert.Equal(t, "debug", d.Try(event(relay.KindJSON, `{"level": "debug"}`)).Reason)
			assert.Equal(t, "pass", d.Try(event(relay.KindJSON, `{"level": "info"}`)).Verdict)
			assert.Equal(t, "pass", d.Try(event(relay.KindText, `{"level": "debug"}`)).Verdict, "text is no JSON")
		})
	}

	d := open(t, build(t, blocks[1], "minimal"), map[string]any{"every": 2, "topic": "s"}, 0)
	assert.Equal(t, "pass", d.Try(event(relay.KindJSON, `1`)).Verdict)
	got := d.Try(event(relay.KindJSON, `1`))
	require.Equal(t, "transform", got.Verdict, "%+v", got)
	assert.Equal(t, map[string]string{"sample": "2"}, got.Event.Attributes)
	require.Len(t, got.Emitted, 1)
	assert.Equal(t, "2", *got.Emitted[0].Payload)
}

func TestThrow(t *testing.T) {
	const source = `import { Event, Verdict, onEvent, pass } from "./relay";
export * from "./relay/exports";
onEvent((event: Event): Verdict => {
  if (event.payload.length == 3) throw new Error("the lever broke");
  return pass();
});
`
	got := open(t, build(t, source, "minimal"), nil, 0).Try(event(relay.KindText, "now"))
	assert.Equal(t, "trap", got.Cause)
	assert.Regexp(t, `the lever broke.*filter\.ts:4`, got.Error)
}

// Memory does not grow with the number of events: megabytes go through a filter that may have 2 MiB.
func TestMemory(t *testing.T) {
	try := func(t *testing.T, module string, memory relay.Size) {
		d := open(t, module, nil, memory)
		for i := range 6_000 {
			got := d.Try(event(relay.KindText, strings.Repeat("x", i%300)+strconv.Itoa(i)))
			require.NotEqual(t, "fail", got.Verdict, "event %d: %+v", i, got)
		}
	}
	for _, runtime := range runtimes {
		t.Run("garbage, "+runtime, func(t *testing.T) { try(t, buildFile(t, "garbage.ts", runtime), 1<<20) })
	}
	for _, runtime := range runtimes[1:] {
		t.Run("keeper, "+runtime, func(t *testing.T) { try(t, buildFile(t, "keeper.ts", runtime), 4<<20) })
	}
}

// A buffer that grows between events does not take the place of what is kept.
func TestMemory_LargeEvents(t *testing.T) {
	for _, runtime := range runtimes {
		t.Run(runtime, func(t *testing.T) {
			d := open(t, buildFile(t, "garbage.ts", runtime), nil, 0)
			for i, n := range []int{10, 20_000, 30_000, 10, 45_000, 10} {
				payload := strings.Repeat("ü", n/2)
				got := d.Try(event(relay.KindText, payload))
				require.Equal(t, "transform", got.Verdict, "%.300v", got)
				want := strings.Builder{}
				for k := range 20 {
					if k > 0 {
						want.WriteByte(',')
					}
					want.WriteString(payload + strconv.Itoa(k))
				}
				assert.True(t, want.String() == *got.Event.Payload)
				assert.Equal(t, strconv.Itoa(i+1), got.Event.Attributes["seen"])
			}
		})
	}
}

// reader is the filter of testdata/json.ts, loaded once.
func reader(t *testing.T) func(payload string, attributes ...string) plugins.Trial {
	d := open(t, buildFile(t, "json.ts", "minimal"), nil, 0)
	var mu sync.Mutex
	return func(payload string, attributes ...string) plugins.Trial {
		mu.Lock()
		defer mu.Unlock()
		return d.Try(event(relay.KindText, payload, attributes...))
	}
}

func TestJSON(t *testing.T) {
	read := reader(t)
	for _, tt := range []struct{ payload, want string }{
		{`{"level":"debug"}`, "debug"},
		{"{ \"a\" : [1,{\"x\":\"}\"}] ,\n\t\"level\" : \"debug\" , \"b\":2 }", "debug"},
		{`{"\u006cevel":"\u0064ebug"}`, "debug"},
		{`{"a":{"level":"x"},"level":"y"}`, "y"},
		{`{"a":"\"level\":\"debug\"","level":""}`, ""},
		{`{"a":"\\","level":"\\\"ü\ud83d\ude9a\n\/end"}`, "\\\"ü🚚\n/end"},
		{`{"level":5}`, ""},
		{`{"level":null}`, ""},
	} {
		got := read(tt.payload, "do", "field", "name", "level")
		require.Equal(t, "transform", got.Verdict, "%s: %+v", tt.payload, got)
		assert.Equal(t, tt.want, *got.Event.Payload, tt.payload)
	}
	for _, payload := range []string{`{"levels":"debug"}`, `{"a":{"level":"debug"}}`, `["level","debug"]`, `"level"`, `{}`, ``, `{"level"`, `{"level" "x"}`} {
		assert.Equal(t, "absent", read(payload, "do", "field", "name", "level").Reason, payload)
	}
	for _, tt := range []struct{ payload, name, text, want string }{
		{`{"größe":"東京 🚚"}`, "größe", "東京 🚚", "yes"},
		{`{"größe":"東京 🚚"}`, "größe", "東京 🚛", "no"},
		{`{"größe":"東京"}`, "grösse", "東京", "no"},
		{`{"a":"\u00fc"}`, "a", "ü", "yes"},
		{`{"a":"abc"}`, "a", "ab", "no"},
		{`{"a":"ab"}`, "a", "abc", "no"},
		{`{"a":1}`, "a", "1", "no"},
	} {
		assert.Equal(t, tt.want, read(tt.payload, "do", "is", "name", tt.name, "text", tt.text).Reason, "%+v", tt)
	}
	got := read(` [12, -9223372036854775808, 9223372036854775807, 9223372036854775808, 1.5, 1e3, "7", true, null, {"a":"]"}, [[]], -] `, "do", "elements")
	assert.Equal(t, `12:3:12|-9223372036854775808:3:-9223372036854775808|9223372036854775807:3:9223372036854775807|9223372036854775808:3|1.5:3|1e3:3|"7":4|true:2|null:1|{"a":"]"}:6|[[]]:5|-:3`, *got.Event.Payload)
	got = read(`{"a": [1, {"b": "]"}], "\u0062\n": {"c": []}, "": 1}`, "do", "keys")
	assert.Equal(t, "a|b\n|", *got.Event.Payload)
}

// Strings are read eight bytes at a time: wherever an escape, a quote or the end lies within them, the rest is found.
func TestJSON_LongStrings(t *testing.T) {
	read := reader(t)
	for before := range 18 {
		for _, special := range []string{"", `\"`, `\\`, `\\\"`, `\u0022`, "ÿ"} {
			for after := range 18 {
				whole := `{"a":"` + strings.Repeat("x", before) + special + strings.Repeat("y", after) + `","b":"c"}`
				require.Equal(t, "c", *read(whole, "do", "field", "name", "b").Event.Payload, whole)
				cut := whole[:strings.Index(whole, `","b`)]
				require.Equal(t, "absent", read(cut, "do", "field", "name", "b").Reason, cut)
			}
		}
	}
}

// What is no JSON must end, without a trap.
func TestJSON_Anything(t *testing.T) {
	read := reader(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 5_000 {
		b := make([]byte, random.IntN(30))
		for i := range b {
			b[i] = "{}[]\",:\\u0tn-1 e"[random.IntN(16)]
		}
		got := read(string(b), "do", "anything", "name", "u")
		require.NotEqual(t, "fail", got.Verdict, "%q: %+v", b, got)
	}
}

// What is left out with --noAssert is not what a filter needs, and a trivial one is small.
func TestNoAssert(t *testing.T) {
	module := build(t, shown(t)[0], "minimal", "--noAssert")
	info, err := os.Stat(module)
	require.NoError(t, err)
	assert.Less(t, int(info.Size()), 10<<10)
	d := open(t, module, nil, 0)
	assert.Equal(t, "debug", d.Try(event(relay.KindJSON, `{"level": "debug"}`)).Reason)
}
