package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/plugins/workbench"
	"eventrelay/relay/config"
	"eventrelay/relay/needs"
	"eventrelay/relay/server"
)

// patiently runs the program with time for a compiler on a busy machine.
func patiently(t *testing.T, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	return invocation{}.runContext(ctx, args...)
}

// needCompiler ends a test whose compiler is not there (see needs.Missing).
func needCompiler(t *testing.T, got outcome) {
	t.Helper()
	if got.code != exitUsage || !strings.Contains(got.err, "relay: there is no ") {
		return
	}
	needs.Missing(t, got.err)
}

// needQuickJS ends a test of scripts where QuickJS was not fetched.
func needQuickJS(t *testing.T) {
	t.Helper()
	if plugins.QuickJS() == "" {
		needs.Missing(t, "QuickJS is not built in; `make quickjs` fetches it")
	}
}

// needAsc ends a test where asc is missing, for npx would fetch it. toolchains is where `make toolchains` puts it.
func needAsc(t *testing.T, toolchains string) {
	t.Helper()
	t.Setenv("PATH", toolchains+string(filepath.ListSeparator)+os.Getenv("PATH"))
	if _, err := exec.LookPath("asc"); err != nil {
		needs.Missing(t, "asc is missing; `make toolchains` installs it")
	}
}

// Begin a filter, build, test and measure it, serve it, publish, and see what became of it: in each language, in a folder of
// its own, with nothing but the compiler.
func TestPlugin_FromNothingToServed(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles filters")
	}
	toolchains, err := filepath.Abs("../../bin/toolchains/bin")
	require.NoError(t, err)
	for _, lang := range workbench.Languages() {
		t.Run(lang, func(t *testing.T) {
			t.Chdir(t.TempDir())
			t.Setenv("GOPROXY", "off") // nothing is fetched
			t.Setenv("GOFLAGS", "-mod=vendor")
			got := patiently(t, "plugin", "new", "nodebug", "--lang", lang)
			require.Equal(t, 0, got.code, got.err)
			assert.Contains(t, got.out, "cd nodebug")
			assert.Equal(t, exitUsage, patiently(t, "plugin", "new", "nodebug", "--lang", lang).code, "nothing is overwritten")

			t.Chdir("nodebug")
			switch lang {
			case "js":
				needQuickJS(t)
			case "assemblyscript":
				needAsc(t, toolchains)
			}
			got = patiently(t, "plugin", "build")
			needCompiler(t, got)
			require.Equal(t, 0, got.code, got.err)
			assert.Regexp(t, `^nodebug\.(wasm|js): accepted, relay_on_event`, got.out)
			got = patiently(t, "plugin", "test")
			require.Equal(t, 0, got.code, got.out+got.err)
			assert.Regexp(t, `(?m)^ok +level\.json +3 events, fuel \d+`, got.out)
			assert.Contains(t, got.out, "2 of 2 cases as expected")
			assert.NotContains(t, got.err, "built", "it is built already")

			got = patiently(t, "plugin", "bench", "--time", "200ms", "--json")
			require.Equal(t, 0, got.code, got.err)
			var c workbench.Comparison
			require.NoError(t, json.Unmarshal([]byte(got.out), &c))
			assert.Positive(t, c.New.PerCall.Median)
			assert.Less(t, c.New.Failures*1000, c.New.Calls, "but for one that a busy machine kept from its time: %s", c.New.Failure)
			assert.Positive(t, c.New.Fuel)

			serveProject(t)
		})
	}
}

// serveProject serves the project in the folder at hand by its own relay.yaml, but on free ports.
func serveProject(t *testing.T) {
	cfg, err := config.Load(config.LoadOptions{Path: "relay.yaml", Environ: []string{"RELAY_LISTEN=127.0.0.1:0", "RELAY_ADMIN_LISTEN=127.0.0.1:0"}})
	require.NoError(t, err)
	s, err := server.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	url := "--url=http://" + s.Addr().String()
	done := make(chan outcome, 1)
	go func() {
		done <- invocation{}.runContext(t.Context(), "subscribe", "logs.>", url, "--count", "1", "--timeout", "30s")
	}()
	require.Eventually(t, func() bool { return subscriptions(t, serving{Server: s}) > 0 }, waitLimit, tick)

	got := run(t, "publish", "logs.app", `{"level": "debug", "msg": "x = 3"}`, url)
	assert.Equal(t, exitNotAccepted, got.code)
	assert.Contains(t, got.err, "dropped by nodebug")
	assert.Contains(t, got.err, "level debug is not wanted")
	got = run(t, "publish", "logs.app", `{"level":"info"}`, url)
	assert.Equal(t, 0, got.code, got.err)
	assert.Equal(t, "{\"level\":\"info\"}\n", (<-done).out, "the first event that comes is the second that was published")
}

func TestPlugin_New_Errors(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "desk")
	require.NoError(t, os.Mkdir(dir, 0o755))
	t.Chdir(dir)
	require.NoError(t, os.WriteFile("file", nil, 0o600))
	tests := []struct {
		name string
		args []string
		err  string
	}{
		{"unknown language", []string{"x", "--lang", "rost"}, `--lang: no language "rost"`},
		{"odd name", []string{"no debug"}, `"no debug" has ' ' in it; write letters, digits, - and _`},
		{"empty name", []string{""}, "is there and not empty"},
		{"a word of the language", []string{"main"}, `"main" is a word of Go itself`},
		{"a file", []string{"file"}, "not a directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, append([]string{"plugin", "new"}, tt.args...)...)
			assert.Equal(t, exitUsage, got.code)
			assert.Contains(t, got.err, tt.err)
		})
	}
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing was left behind")
}

// onDesk is a folder with a module and a case.
func onDesk(t *testing.T, module, name, text string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	wasm, err := os.ReadFile(module)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "f.wasm"), wasm, 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "cases"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cases", name), []byte(text), 0o600))
	return dir
}

func TestPlugin_Test(t *testing.T) {
	dir := onDesk(t, guest(t, "puppet"), "a.json", `{"events":[{"topic":"t","type":"text","data":"dwhy"},{"topic":"t","type":"text","data":"u"}],
		"expect":[{"verdict":"drop","reason":"because"},{"verdict":"pass"}]}`)
	got := run(t, "plugin", "test", dir)
	assert.Equal(t, exitFailed, got.code)
	assert.Empty(t, got.err, "the report says it all")
	assert.NotContains(t, got.out, "\x1b", "colours are for terminals")
	for _, part := range []string{
		"failed   a.json", "event 1 (t): - expected, + happened", `-   "reason": "because",`, `+   "reason": "why",`,
		"event 2 (t):", `+   "error": "unreachable in relay_on_event",`, "in   relay_on_event", "0 of 1 case as expected",
	} {
		assert.Contains(t, got.out, part)
	}

	got = run(t, "plugin", "test", dir, "--json")
	assert.Equal(t, exitFailed, got.code)
	var line caseLine
	require.NoError(t, json.Unmarshal([]byte(got.out), &line))
	assert.Equal(t, "failed", line.Status)
	assert.Len(t, line.Problems, 2)
	assert.Equal(t, []string{"relay_on_event"}, line.Problems[1].Functions)

	got = run(t, "plugin", "test", filepath.Join(dir, "cases", "a.json"), "--update")
	assert.Equal(t, 0, got.code, got.err)
	assert.Contains(t, got.out, "updated  a.json")
	got = run(t, "plugin", "test", filepath.Join(dir, "f.wasm"))
	assert.Equal(t, 0, got.code, got.out)
	assert.Contains(t, got.out, "ok       a.json")
}

func TestPlugin_Test_BrokenCases(t *testing.T) {
	dir := onDesk(t, guest(t, "pass"), "b.json", "{\n  \"evnts\": []\n}")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cases", "good.json"), []byte(`{"events":[{"topic":"t","data":1}],"expect":[{"verdict":"pass"}]}`), 0o600))
	got := run(t, "plugin", "test", dir)
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.out, `b.json:2:12: a case has no "evnts"; is events meant?`)
	assert.Contains(t, got.out, "1 of 2 cases as expected", "the others run")
	assert.Contains(t, run(t, "plugin", "test", dir, "--run", "good").out, "1 of 1 case as expected")
	assert.Contains(t, run(t, "plugin", "test", dir, "--run", "nothing").err, "--run nothing: none of 2 cases")
}

// A case that grants what there is not, or not enough, is broken by itself.
func TestPlugin_Test_GrantsOfACase(t *testing.T) {
	dir := onDesk(t, guest(t, "counts"), "a.json", `{"allow":["kvs"],"events":[{"topic":"t","data":1}],"expect":[{"verdict":"pass"}]}`)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cases", "b.json"), []byte(`{"allow":[],"events":[{"topic":"t","data":1}],"expect":[{"verdict":"pass"}]}`), 0o600))
	got := run(t, "plugin", "test", dir)
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.out, `broken   a.json`)
	assert.Contains(t, got.out, `"kvs"; write kv or now`)
	assert.Contains(t, got.out, `broken   b.json`)
	assert.Contains(t, got.out, "which it is not granted")
	assert.Contains(t, got.out, "0 of 2 cases as expected")
}

func TestPlugin_Test_Recording(t *testing.T) {
	dir := onDesk(t, guest(t, "puppet"), "x.json", "{}")
	events := file(t, "r.ndjson", `{"topic":"t","type":"text","data":"p"}
{"topic":"t","type":"text","data":"Pnew"}
{"plugin":"puppet","cause":"trap","event":{"topic":"t","kind":"text","payload":"u"}}
`)
	got := run(t, "plugin", "test", dir, events, "--save", "made")
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.err, "the filter fails on 1 of 3 events")
	assert.Regexp(t, `(?m)^ +2  t: transform → t new \(fuel \d+\)$`, got.out)
	assert.Regexp(t, `(?m)^ +3  was trap, now t: fails: trap: unreachable`, got.out)
	assert.Contains(t, got.out, "3 events: 1 pass, 1 transform, 1 fail")
	made := run(t, "plugin", "test", filepath.Join(dir, "cases", "made.json"))
	assert.Equal(t, 0, made.code, made.out)
	assert.Contains(t, made.out, "ok       made.json")
	assert.Contains(t, run(t, "plugin", "test", dir, events, "--save", "made").err, "made.json is there already", "a case is not overwritten")

	asJSON := invocation{in: `{"topic":"t","type":"text","data":"dx"}`}.run(t, "plugin", "test", dir, "-", "--json")
	assert.Equal(t, 0, asJSON.code, asJSON.err)
	assert.Contains(t, asJSON.out, `{"line":1,"topic":"t","verdict":"drop","reason":"x","fuel":`)
}

// A recording of everything holds events that the filter would not get.
func TestPlugin_Test_RecordingOfOtherTopics(t *testing.T) {
	dir := onDesk(t, guest(t, "puppet"), "x.json", "{}")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "relay.yaml"), []byte("filters: [{name: f, path: f.wasm, topics: [\"a.>\", c]}]\n"), 0o600))
	events := file(t, "r.ndjson", `{"topic":"a.x","type":"text","data":"p"}
{"topic":"b","type":"text","data":"p"}
{"topic":"c","type":"text","data":"p"}
`)
	got := run(t, "plugin", "test", dir, events)
	assert.Equal(t, 0, got.code, got.err)
	assert.Contains(t, got.out, "2 events: 2 pass")
	assert.NotContains(t, got.out, "b: pass")
	assert.Contains(t, got.err, "1 event of other topics left out")

	got = invocation{in: `{"topic":"a.x","type":"text","data":"d"}
{"topic":"b","type":"text","data":"d"}
`}.run(t, "plugin", "run", dir, "--events")
	assert.Equal(t, 0, got.code, got.err)
	assert.Equal(t, `{"topic":"b","type":"text","data":"d"}`+"\n", got.out, "what the filter does not get goes on")
	assert.Contains(t, got.err, "line 2: the filter does not get events of b by its topics")
}

// The last words of a filter say more than the functions that it trapped in.
func TestPlugin_Test_RecordingShowsLog(t *testing.T) {
	needQuickJS(t)
	script := file(t, "f.js", `export default () => { log("last words"); throw new Error("gone"); };`)
	got := invocation{in: `{"topic":"t","data":{}}`}.run(t, "plugin", "test", script, "-")
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.out, "log: last words", got.out+got.err)
}

// The guest does what the first byte of the topic says; see its source.
func TestPlugin_Test_Hooks(t *testing.T) {
	dir := onDesk(t, guest(t, "hooks"), "h.json", `{"allow":["metric"],"events":[{"hook":"subscribe","topic":"pass"},{"hook":"connect","topic":"a"}],
		"expect":[{"verdict":"refuse"},{"verdict":"transform","event":{"attributes":{"tenant":"acme"}}}]}`)
	t.Chdir(filepath.Join(dir, "cases"))
	got := run(t, "plugin", "test", "h.json", "-v")
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.out, "event 1 (subscribe pass): - expected, + happened", got.err)
	assert.Regexp(t, `(?m)^ +connect a: transform → a with remote_address=1\.2\.3\.4:5, tenant=acme \(fuel \d+\)$`, got.out)
}

// What a filter failed on when it was asked about a subscription makes a case, too.
func TestPlugin_Test_SavesHooks(t *testing.T) {
	dir := onDesk(t, guest(t, "hooks"), "x.json", "{}")
	in := `{"plugin":"f","cause":"trap","hook":"subscribe","event":{"topic":"u","kind":"binary","attributes":{"tenant":"acme"}}}`
	got := invocation{in: in}.run(t, "plugin", "test", dir, "-", "--allow", "metric", "--save", "made")
	assert.Equal(t, exitFailed, got.code)
	text, err := os.ReadFile(filepath.Join(dir, "cases", "made.json"))
	require.NoError(t, err, got.err)
	assert.Contains(t, string(text), `{"hook": "subscribe", "topic": "u", "attributes": {"tenant": "acme"}, "time": `)
	assert.Contains(t, string(text), `{"verdict": "fail", "cause": "trap"}`)
	assert.Equal(t, 0, run(t, "plugin", "test", dir, "--run", "made").code)
}

func TestPlugin_Run(t *testing.T) {
	in := `{"topic":"t","event_id":"1","data":{"level":"debug"}}
{"topic":"t","event_id":"2","data":{"level":"info"}}
oops
`
	sample := "../../testdata/plugins/dropfield/dropfield.wasm"
	got := invocation{in: in}.run(t, "plugin", "run", sample, "--config", `{"field":"level","value":"debug"}`)
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.err, `standard input:3:1: not JSON`)
	assert.Contains(t, got.out, `{"line":1,"topic":"t","event_id":"1","verdict":"drop","reason":"\"level\"","fuel":`)
	assert.Contains(t, got.out, `{"line":2,"topic":"t","event_id":"2","verdict":"pass","fuel":`)
	got = invocation{in: in}.run(t, "plugin", "run", sample, "--config", `{"field":"level","value":"debug"}`, "--events")
	assert.Equal(t, `{"topic":"t","event_id":"2","data":{"level":"info"}}`+"\n", got.out)
	got = run(t, "plugin", "run", sample)
	assert.Equal(t, exitUsage, got.code)
	assert.Contains(t, got.err, "refused the configuration")
}

func TestPlugin_Bench(t *testing.T) {
	dir := onDesk(t, guest(t, "puppet"), "a.json", `{"events":[{"topic":"t","type":"text","data":"p"}]}`)
	got := run(t, "plugin", "bench", dir, "--time", "100ms", "--against", guest(t, "pass"))
	require.Equal(t, 0, got.code, got.err)
	assert.Regexp(t, `(?m)^per event +[\d.]+ [nµm]s \(.*\), [\d,]+ events/s on one lane$`, got.out)
	assert.Regexp(t, `(?m)^new : old +time × [\d.]+ \(.*\), .*; fuel × [\d.]+$`, got.out)
	assert.Contains(t, run(t, "plugin", "bench", dir, "--against", "/nonexistent").err, "--against: ")
	assert.Contains(t, run(t, "plugin", "bench", guest(t, "pass")).err, "there are no events to measure with")
	shipped := invocation{in: `{"topic":"t","data":{"a":1}}`}.run(t, "plugin", "bench", "use:match", "-", "--time", "50ms", "--config", `{"field":"a","equals":1}`)
	assert.Regexp(t, `(?m)^filter +use match, 1 event, `, shipped.out, shipped.err)
	assert.Equal(t, exitUsage, run(t, "plugin", "bench", dir, "--time", "0s").code)
}

// Settings come from the relay.yaml beside the filter, and the command line overrides them.
func TestPlugin_DeskSettings(t *testing.T) {
	dir := onDesk(t, "../../testdata/plugins/dropfield/dropfield.wasm", "a.json", `{"events":[{"topic":"t","data":{"a":1}}],"expect":[{"verdict":"drop"}]}`)
	yaml := filepath.Join(dir, "relay.yaml")
	require.NoError(t, os.WriteFile(yaml, []byte("filters: [{name: g, path: f.wasm, config: {field: a, value: 1}}]\n"), 0o600))
	assert.Equal(t, 0, run(t, "plugin", "test", dir).code)
	assert.Equal(t, exitFailed, run(t, "plugin", "test", dir, "--config", `{"field":"b","value":1}`).code)
	assert.Contains(t, run(t, "plugin", "test", dir, "--name", "h").err, `has no filter "h"`)
	assert.Contains(t, run(t, "plugin", "test", dir, "--config", `[`).err, "--config: ")
	require.NoError(t, os.WriteFile(yaml, []byte("filter: []\n"), 0o600))
	assert.Contains(t, run(t, "plugin", "test", dir).err, "relay.yaml:1: filter: unknown key")
}

func TestPlugin_Build_Errors(t *testing.T) {
	got := run(t, "plugin", "build", t.TempDir())
	assert.Equal(t, exitUsage, got.code)
	assert.Contains(t, got.err, "no filter's project")
	assert.Contains(t, run(t, "plugin", "build", guest(t, "pass")).err, "a module alone")
	source := file(t, "filter.c", "int x;")
	assert.Contains(t, run(t, "plugin", "test", source).err, "is a source; name the folder of its project")
	two := t.TempDir()
	for _, name := range []string{"a.js", "b.js"} {
		require.NoError(t, os.WriteFile(filepath.Join(two, name), nil, 0o600))
	}
	assert.Contains(t, run(t, "plugin", "build", two).err, "which of a.js, b.js is meant?")

	t.Chdir(t.TempDir())
	require.Equal(t, 0, run(t, "plugin", "new", "f").code)
	require.NoError(t, os.WriteFile("f/main.go", []byte("package main\n\nfunc main() { nonsense }\n"), 0o600))
	got = patiently(t, "plugin", "build", "f")
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.err, "main.go:3")
	assert.Regexp(t, `relay: go\S+ does not build it: `, got.err)
	entries, err := filepath.Glob("f/*.wasm")
	require.NoError(t, err)
	assert.Empty(t, entries)

	t.Setenv("PATH", "")
	got = run(t, "plugin", "build", "f")
	if got.code == exitUsage { // else Go is in one of the folders beyond PATH
		assert.Contains(t, got.err, "there is no Go; ")
	}
}

// What can't be read as a script is no script without a handler.
func TestPlugin_Build_ScriptThatIsTooLarge(t *testing.T) {
	got := run(t, "plugin", "build", file(t, "large.js", strings.Repeat(" ", 9<<20)))
	assert.Equal(t, exitUsage, got.code)
	assert.Regexp(t, `relay: a relay would refuse it: larger than limits\.module \(8MiB\)`, got.err)
}

// There is nothing to build of a script, but to look at.
func TestPlugin_Build_Script(t *testing.T) {
	needQuickJS(t)
	got := run(t, "plugin", "build", file(t, "good.js", "export default (event) => event;"))
	assert.Equal(t, 0, got.code, got.err)
	assert.Contains(t, got.out, "good.js: accepted, relay_on_event")
	got = run(t, "plugin", "build", file(t, "bad.js", "export default (event) => {\n\tretrun event\n};"))
	assert.Equal(t, exitUsage, got.code)
	assert.Contains(t, got.err, "bad.js:2:")
}

// What beginners forget is said in the words of their language.
func TestPlugin_Build_SaysHowToRegister(t *testing.T) {
	for lang, want := range map[string]string{"c": "RELAY_ON_EVENT(e)", "go": "sdk.OnEvent(decide)"} {
		t.Run(lang, func(t *testing.T) {
			t.Chdir(t.TempDir())
			require.Equal(t, 0, run(t, "plugin", "new", "f", "--lang", lang).code)
			source := map[string][2]string{"c": {"f/f.c", "int unused;\n"}, "go": {"f/main.go", "package main\n\nfunc main() {}\n"}}[lang]
			require.NoError(t, os.WriteFile(source[0], []byte(source[1]), 0o600))
			got := patiently(t, "plugin", "build", "f")
			needCompiler(t, got)
			assert.Equal(t, exitUsage, got.code)
			assert.Contains(t, got.err, "has no handler; ")
			assert.Contains(t, got.err, want)
		})
	}
}

// A module has names, or nobody knows where it trapped.
func TestPlugin_Build_KeepsNames(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles filters")
	}
	for lang, change := range map[string][3]string{
		"c":  {"f/f.c", "if (e->kind", "if (e->kind == RELAY_TEXT) stumble();\n\tif (e->kind"},
		"go": {"f/main.go", "if e.Kind", "if e.Kind == sdk.Text {\n\t\tstumble()\n\t}\n\tif e.Kind"},
	} {
		t.Run(lang, func(t *testing.T) {
			t.Chdir(t.TempDir())
			require.Equal(t, 0, run(t, "plugin", "new", "f", "--lang", lang).code)
			text, err := os.ReadFile(change[0])
			require.NoError(t, err)
			changed := strings.Replace(string(text), change[1], change[2], 1)
			switch lang {
			case "c":
				changed = strings.Replace(changed, "// Is called", "static __attribute__((noinline)) void stumble(void) { __builtin_trap(); }\n\n// Is called", 1)
			case "go":
				changed += "\n//go:noinline\nfunc stumble() { panic(1) }\n"
			}
			require.NoError(t, os.WriteFile(change[0], []byte(changed), 0o600))
			needCompiler(t, patiently(t, "plugin", "build", "f"))
			got := invocation{in: `{"topic":"logs.t","type":"text","data":"x"}`}.run(t, "plugin", "test", "f", "-")
			assert.Regexp(t, `(in|from) +(main\.)?stumble\n`, got.out, got.err)
		})
	}
}

// A folder that can't be written to, such as one of another user: what is built already is tested.
func TestPlugin_Build_ReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root writes anywhere")
	}
	dir := onDesk(t, guest(t, "pass"), "a.json", `{"events":[{"topic":"t","data":1}],"expect":[{"verdict":"pass"}]}`)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "f.c"), nil, 0o600))
	require.NoError(t, os.Chmod(dir, 0o500))
	defer os.Chmod(dir, 0o700)
	got := run(t, "plugin", "test", dir)
	assert.Equal(t, 0, got.code, got.err)
	assert.Contains(t, got.err, "nothing can be written to "+dir)
}

// A script that fails says where, in its own lines.
func TestPlugin_Test_Script(t *testing.T) {
	needQuickJS(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "f.js"), []byte("function deep(e) {\n\treturn e.data.a.b.c;\n}\nexport default (event) => deep(event);\n"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "cases"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cases", "x.json"), []byte(`{"events":[{"topic":"t","data":{}}],"expect":[{"verdict":"pass"}]}`), 0o600))
	got := run(t, "plugin", "test", dir)
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.out, "f.js:2:", got.out)
	assert.Contains(t, got.out, "TypeError")
	ran := invocation{in: `{"topic":"t","data":{"a":{"b":{"c":true}}}}`}.run(t, "plugin", "run", filepath.Join(dir, "f.js"))
	assert.Equal(t, 0, ran.code, ran.err)
	assert.Contains(t, ran.out, `"verdict":"pass"`)
}
