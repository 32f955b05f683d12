package plugins

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// PL-10, PL-11: the error names what is wrong.
func TestCheck_RefusesModules(t *testing.T) {
	tests := []struct {
		module string
		want   string
	}{
		{"panic_on_start", "start section: trap: unreachable"},
		{"start_loops", "start section: timeout: took longer than 100ms"},
		{"initialize_traps", "_initialize: trap: unreachable"},
		{"initialize_loops", "_initialize: timeout: took longer than 100ms"},
		{"init_refuses", `relay_init refused the configuration: {"fields":["card"]}`},
		{"init_refuses_silently", "relay_init refused the configuration (answer -1)"},
		{"version_traps", "relay_abi_v1: trap: unreachable"},
		{"emits_at_start", "relay_init: trap: emit is for events and subscriptions"},
		{"no_memory", `does not export its memory as "memory"`},
		{"no_buffer", "does not export the function relay_buffer"},
		{"no_version", "does not export the function relay_abi_v1"},
		{"wrong_signature", "exports relay_on_event as (i64) → i64; ABI v1 has (i32) → i64"},
		{"export_is_global", "does not export the function relay_buffer"},
		{"unknown_import", "imports env.getentropy, which relay does not have"},
		{"unknown_module", "imports extism:host/env.input_length: relay has no import module of that name"},
		{"wants_clock", "imports relay.now, which it is not granted: add now to allow"},
		{"wrong_import_type", "imports relay.log as (i32, i32); it is (i32, i32, i32)"},
		{"imports_memory", `imports "env"."memory", which is a memory, table or global`},
		{"imports_global", `imports "env"."g", which is a memory, table or global`},
		{"no_hooks", "relay_abi_v1 answered 0: the filter has no hook and would do nothing"},
		{"mask_without_export", "relay_abi_v1 says that there is relay_on_event, which is not exported"},
		{"unknown_bit", "bits 0x10 are unknown to ABI v1"},
		{"huge_memory", "begins with 65536 pages of 64KiB; at most 256"},
		{"huge_table", "begins with 130000000 entries; at most 10000"},
		{"command", "a WASI command (it exports _start): build a reactor"},
		{"command_traps", "relay_abi_v1: trap: unreachable in relay_abi_v1; it is a WASI command (it exports _start, and no _initialize): build a reactor"},
		{"two_faults", "does not export the function relay_abi_v1; does not export the function relay_buffer"},
		{"buffer_zero", "relay_buffer has no room for 65536 bytes"},
		{"buffer_unaligned", "relay_buffer answered 65537, which is not aligned to 8"},
		{"buffer_outside", "65536 bytes there are not within memory"},
	}
	for _, tt := range tests {
		t.Run(tt.module, func(t *testing.T) {
			f := Filter{Name: "f", Path: guest(tt.module), Config: map[string]any{"fields": []string{"card"}}}
			var o Options
			if strings.HasSuffix(tt.module, "_loops") {
				o.InitTimeout = 100 * time.Millisecond
			}
			begun := time.Now()
			err := Check(t.Context(), o, []Filter{f})
			assert.ErrorContains(t, err, tt.want)
			var load *LoadError
			if assert.ErrorAs(t, err, &load) {
				assert.Equal(t, "f", load.Filter)
				assert.Contains(t, err.Error(), f.Path)
				assert.LessOrEqual(t, len(load.Err.Error()), 2*maxErrorText)
			}
			assert.Less(t, time.Since(begun), 10*time.Second)
		})
	}
}

func TestCheck_AcceptsModules(t *testing.T) {
	for _, f := range []Filter{
		{Name: "pass", Path: guest("pass")},
		{Name: "puppet", Path: guest("puppet")},
		{Name: "granted", Path: guest("wants_clock"), Allow: []string{"now"}},
		{Name: "maximum.above.limit", Path: guest("huge_memory_max")},
		{Name: "start-logs", Path: guest("logs_in_start")},
	} {
		assert.NoError(t, Check(t.Context(), Options{}, []Filter{f}), f.Name)
	}
}

func TestCheck_RefusesFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	tests := []struct{ name, path, want string }{
		{"no file", filepath.Join(dir, "none.wasm"), "no such file"},
		{"folder", dir, "not a regular file"},
		{"empty", write("empty", ""), "the file is empty"},
		{"source", write("source", "package main"), `does not begin with \0asm`},
		{"magic only", write("magic", "\x00asm"), "ends after its first bytes"},
		{"component", write("component", "\x00asm\x0d\x00\x01\x00"), "a WebAssembly component"},
		{"other version", write("version", "\x00asm\x02\x00\x00\x00"), "version other than 1"},
		{"too large", write("large", strings.Repeat("x", 1<<20+1)), "larger than limits.module (1MiB)"},
		{"nothing in it", write("bare", "\x00asm\x01\x00\x00\x00"), "does not export the function relay_abi_v1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Check(t.Context(), Options{MaxModule: relay.MiB}, []Filter{{Name: "f", Path: tt.path}})
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestOpen_FreesEverythingWhenOneFilterIsRefused(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	_, err := Open(t.Context(), Options{}, []Filter{
		{Name: "good", Path: guest("pass")},
		{Name: "bad", Path: guest("panic_on_start")},
	}, &recorder{}, log) // TestMain finds goroutines that are left
	assert.ErrorContains(t, err, `filter "bad" (testdata/panic_on_start.wasm): start section: trap: unreachable`)
}

func TestOpen_StopsWithItsContext(t *testing.T) {
	ctx, cancel := contextAfter(t, 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	_, err := Open(ctx, Options{InitTimeout: time.Minute}, []Filter{{Name: "f", Path: guest("start_loops")}}, &recorder{}, slog.New(slog.DiscardHandler))
	assert.ErrorContains(t, err, "cancelled")
	assert.Less(t, time.Since(begun), 10*time.Second)
}

func TestValidate_ReportsEveryFault(t *testing.T) {
	err := Validate(Options{Lanes: -1, Queue: -1, MaxEvent: 2 * relay.GiB, InitTimeout: -time.Second}, []Filter{
		{Name: "a b", Path: "x.wasm"},
		{Name: "", Path: ""},
		{Name: "twice", Path: "x.wasm", OnError: "retry", Sources: []string{"http"}, Allow: []string{"network"}},
		{Name: "twice", Path: "x.wasm", Topics: []relay.Pattern{"a..b"}, Config: map[string]any{"f": func() {}}},
		{Name: "limits", Path: "x.wasm", Limits: Limits{Time: -1, Memory: 1, Emits: -1}},
	})
	require.Error(t, err)
	for _, want := range []string{
		"lanes: -1", "queue: -1B", "max_event: 2GiB", "init_timeout: -1s",
		`filters[0].name: "a b"; write letters`,
		"filters[1].name: is missing", "filters[1].path: is missing",
		`filters[2].on_error: "retry"; write drop or pass`,
		`filters[2].sources[0]: "http"; write published or inbound`,
		`filters[2].allow[0]: "network"; write kv or now or random or metric`,
		`filters[3].name: "twice" is also the name of filters[2]`,
		"filters[3].topics[0]: ", "filters[3].config: cannot be written as JSON",
		"filters[4].limits.time: -1ns", "filters[4].limits.memory: 1B; write 64KiB to 2GiB", "filters[4].limits.emits: -1",
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.NoError(t, Validate(Options{}, nil))
	assert.NoError(t, Validate(Options{}, []Filter{{Name: "redact", Path: "redact.wasm"}}))
	assert.ErrorContains(t, Validate(Options{}, make([]Filter, 65)), "a chain has at most 64")
}
