package rust

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/relay"
	"eventrelay/relay/needs"
	"eventrelay/sdk/internal/toolchain"
)

// shown returns the blocks of README.md in a language.
func shown(t *testing.T, language string) []string {
	t.Helper()
	text, err := fs.ReadFile(Files, "README.md")
	require.NoError(t, err)
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, m[1])
	}
	return blocks
}

// build builds a filter from its source.
func build(t *testing.T, source string, more ...string) string {
	t.Helper()
	c := toolchain.Rust(t)
	dir := t.TempDir()
	file, out := filepath.Join(dir, "filter.rs"), filepath.Join(dir, "filter.wasm")
	require.NoError(t, os.WriteFile(file, []byte(source), 0o644))
	require.NoError(t, c.Build(file, out, more...))
	return out
}

// open loads a filter into the host that ships.
func open(t *testing.T, module string, config map[string]any) *plugins.Desk {
	t.Helper()
	f := plugins.Filter{Name: "f", Path: module, Config: config}
	f.Limits.Time = 5 * time.Second
	d, err := plugins.OpenDesk(context.Background(), plugins.Options{}, f, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(d.Close)
	return d
}

func json(payload string) *relay.Event {
	return &relay.Event{Topic: "t", ID: "id", Kind: relay.KindJSON, Payload: []byte(payload), Time: time.Unix(1, 0)}
}

func size(t *testing.T, file string) int {
	t.Helper()
	info, err := os.Stat(file)
	require.NoError(t, err)
	return int(info.Size())
}

func TestReadme(t *testing.T) {
	blocks := shown(t, "rust")
	require.Len(t, blocks, 4)

	d := open(t, build(t, blocks[0], "-Dwarnings"), nil)
	assert.Equal(t, "debug", d.Try(json(`{"level": "debug"}`)).Reason)
	assert.Equal(t, "pass", d.Try(json(`{"level": "info"}`)).Verdict)

	d = open(t, build(t, blocks[1], "-Dwarnings"), map[string]any{"every": 2, "topic": "s"})
	assert.Equal(t, "pass", d.Try(json(`1`)).Verdict)
	got := d.Try(json(`1`))
	require.Equal(t, "transform", got.Verdict, "%+v", got)
	assert.Equal(t, map[string]string{"sample": "2"}, got.Event.Attributes)
	require.Len(t, got.Emitted, 1)
	assert.Equal(t, "2", *got.Emitted[0].Payload)

	module := build(t, blocks[2], "-Dwarnings")
	assert.Less(t, size(t, module), 2<<10, "a trivial filter without std")
	d = open(t, module, nil)
	assert.Equal(t, "empty", d.Try(&relay.Event{Topic: "t", ID: "id", Time: time.Unix(1, 0)}).Reason)
}

// Each way to panic, and each thing of core that is drawn in, costs every filter; this tells when one did.
func TestSize(t *testing.T) {
	source := "#![no_std]\n" + strings.ReplaceAll(shown(t, "rust")[0], "filter!(", "filter!(no_std, ")
	assert.Less(t, size(t, build(t, source)), 6<<10, "a filter that reads JSON")
}

func TestUnits(t *testing.T) {
	said, err := toolchain.Rust(t).Test(t.TempDir())
	require.NoError(t, err)
	assert.Contains(t, said, "test result: ok")
	assert.NotContains(t, said, " 0 passed")
}

// A package by cargo, with the SDK in a folder within and the linker named where rustc has none of its own.
func TestCargo(t *testing.T) {
	c := toolchain.Rust(t)
	cargo, err := exec.LookPath(filepath.Join(filepath.Dir(c.Path), "cargo")) // of the same age
	if err != nil {
		needs.Missing(t, "cargo is not installed beside rustc; `make toolchains` installs it")
	}
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "relay"), Files))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Cargo.toml"), []byte(shown(t, "toml")[0]), 0o644))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "src"), 0o755))
	blocks := shown(t, "rust")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "src", "lib.rs"), []byte(blocks[0]+"\n"+blocks[3]), 0o644))

	run := func(args ...string) {
		cmd := exec.Command(cargo, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "RUSTC="+c.Path, "CARGO_TARGET_DIR="+filepath.Join(dir, "target"), "CARGO_NET_OFFLINE=true")
		if c.Linker != "" {
			cmd.Env = append(cmd.Env, "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="+c.Linker)
		}
		said, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", said)
	}
	run("build", "--release", "--target", "wasm32-unknown-unknown")
	run("test", "--lib")
	d := open(t, filepath.Join(dir, "target/wasm32-unknown-unknown/release/filter.wasm"), nil)
	assert.Equal(t, "debug", d.Try(json(`{"level": "debug"}`)).Reason)
}

// What belongs to an event can't outlive it.
func TestLifetimes(t *testing.T) {
	c := toolchain.Rust(t)
	const head = "use relay::{Config, Event, Verdict};\nrelay::filter!(state: S, on_init: S::new, on_event: S::filter);\n"
	const idle = "fn filter<'a>(&'a mut self, _: Event<'a>) -> relay::Result<'a> { Ok(Verdict::Pass) } }"
	const def = "impl S { fn new(_: Config<'_>) -> relay::Result<'static, S> { Ok(S::default()) } }\n"
	for name, source := range map[string]string{
		"payload in the state": "#[derive(Default)] struct S(Option<&'static [u8]>);\n" + def +
			"impl S { fn filter<'a>(&'a mut self, e: Event<'a>) -> relay::Result<'a> { self.0 = Some(e.payload()); Ok(Verdict::Pass) } }",
		"scratch in the state": "#[derive(Default)] struct S(Option<relay::Scratch<'static>>);\n" + def +
			"impl S { fn filter<'a>(&'a mut self, e: Event<'a>) -> relay::Result<'a> { self.0 = Some(e.scratch()); Ok(Verdict::Pass) } }",
		"a local answered": "#[derive(Default)] struct S;\n" + def +
			"impl S { fn filter<'a>(&'a mut self, _: Event<'a>) -> relay::Result<'a> { let v = vec![1]; Ok(Verdict::Replace(&v)) } }",
		"configuration in the state": "struct S(Config<'static>);\n" +
			"impl S { fn new(c: Config<'_>) -> relay::Result<'static, S> { Ok(S(c)) }\n" + idle,
		"scratch of the configuration in the state": "struct S(relay::Scratch<'static>);\n" +
			"impl S { fn new(c: Config<'_>) -> relay::Result<'static, S> { Ok(S(c.scratch())) }\n" + idle,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "filter.rs")
			require.NoError(t, os.WriteFile(file, []byte(head+source), 0o644))
			err := c.Build(file, filepath.Join(dir, "filter.wasm"))
			assert.ErrorContains(t, err, "error")
			assert.Regexp(t, "lifetime|borrowed data escapes|returns a value referencing", err.Error())
		})
	}
}

// Handlers come in several shapes.
func TestShapes(t *testing.T) {
	c := toolchain.Rust(t)
	const head = "#![allow(unused_imports)]\n#![deny(warnings)]\n#![forbid(unsafe_code)]\nuse relay::{Config, Event, Verdict};\n"
	for name, source := range map[string]string{
		"a closure":       "relay::filter!(on_event: |event| Ok(Verdict::Replace(event.payload())));",
		"hidden lifetime": "relay::filter!(on_event: f);\nfn f(event: Event) -> relay::Result { Ok(Verdict::Replace(event.payload())) }",
		"state by default, answers of the state": "relay::filter!(state: Vec<u8>, on_event: f, on_disconnect: |_, _| {});\n" +
			"fn f<'a>(s: &'a mut Vec<u8>, _: Event<'_>) -> relay::Result<'a> { s.push(1); Ok(Verdict::Replace(s)) }",
		"configuration without state": "relay::filter!(on_init: |c: Config<'_>| c.only(&[]), on_subscribe: |_| Ok(Verdict::Pass));",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "filter.rs")
			require.NoError(t, os.WriteFile(file, []byte(head+source), 0o644))
			assert.NoError(t, c.Build(file, filepath.Join(dir, "filter.wasm")))
		})
	}
}

// A misspelt hook is no silent one.
func TestUnknownHook(t *testing.T) {
	c := toolchain.Rust(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "filter.rs")
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(shown(t, "rust")[0], "on_event", "on_events")), 0o644))
	assert.ErrorContains(t, c.Build(file, filepath.Join(dir, "filter.wasm")), "relay::filter! knows no `on_events`")
}

// The allocator uses again what was freed, whatever the sizes, and hands out no byte twice.
func TestAllocator(t *testing.T) {
	const source = `#![no_std]
extern crate alloc;
use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use relay::{Event, Verdict};

relay::filter! { no_std, state: State, on_event: filter }

#[derive(Default)]
struct State { seen: BTreeMap<u64, Vec<u8>>, seed: u64 }

fn filter<'a>(s: &'a mut State, event: Event<'a>) -> relay::Result<'a> {
    for _ in 0..200 {
        s.seed = s.seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let (key, size) = (s.seed >> 40 & 63, (s.seed >> 20) as usize % 6000);
        for (k, v) in &s.seen {
            if v.iter().any(|&b| b != *k as u8) {
                return Err("a block was given away twice".into());
            }
        }
        let v = s.seen.entry(key).or_default();
        v.resize(size, key as u8);
        v.shrink_to_fit();
    }
    let text: String = format!("{}", event.topic());
    Ok(Verdict::Replace(event.scratch().text(&text).as_bytes()))
}
`
	var more []string
	if toolchain.Rust(t).IsOld() {
		t.Setenv("RUSTC_BOOTSTRAP", "1") // which lets an old compiler do what is stable now
		more = []string{"-Zcrate-attr=feature(default_alloc_error_handler)"}
	}
	d := open(t, build(t, source, more...), nil)
	for range 50 {
		got := d.Try(&relay.Event{Topic: "t", ID: "id", Time: time.Unix(1, 0)})
		require.Equal(t, "transform", got.Verdict, "%+v", got)
	}
}
