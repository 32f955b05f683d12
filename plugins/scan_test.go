package plugins

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"eventrelay/relay"
)

// section is one section's bytes.
func section(id byte, body ...byte) []byte {
	return append(appendU32([]byte{id}, uint32(len(body))), body...)
}

func moduleOf(sections ...[]byte) []byte {
	return bytes.Join(append([][]byte{append(bytes.Clone(wasmMagic), wasmVersion...)}, sections...), nil)
}

// leb is n as LEB128 of 5 bytes.
func leb(n uint32) []byte {
	return []byte{byte(n) | 0x80, byte(n>>7) | 0x80, byte(n>>14) | 0x80, byte(n>>21) | 0x80, byte(n >> 28)}
}

func body(locals uint32, size int) []byte {
	b := append([]byte{1}, leb(locals)...)
	b = append(b, 0x7f)
	b = append(b, bytes.Repeat([]byte{0x01}, max(size-len(b)-1, 0))...) // nop
	b = append(b, 0x0b)
	return append(leb(uint32(len(b))), b...)
}

func TestScan_Refuses(t *testing.T) {
	void := section(sectionType, 1, 0x60, 0, 0)
	code := func(bodies ...[]byte) []byte {
		return section(sectionCode, append(leb(uint32(len(bodies))), bytes.Join(bodies, nil)...)...)
	}
	tests := []struct {
		name   string
		module []byte
		want   string
	}{
		{"section of 4 GB", append(moduleOf(), 1, 0xff, 0xff, 0xff, 0xff, 0x0f), "the last section ends too early"},
		{"overlong length", append(moduleOf(), 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00), "malformed number"},
		{"length above 32 bits", append(moduleOf(), 1, 0xff, 0xff, 0xff, 0xff, 0x1f), "malformed number"},
		{"tag section", moduleOf(section(13, 0)), "section 13 is not supported"},
		{"unknown section", moduleOf(section(99)), "section 99 is not supported"},
		{"count that lies", moduleOf(section(sectionType, leb(1<<31)...)), "ends too early"},
		{"too many types", moduleOf(section(sectionType, append(leb(10_001), bytes.Repeat([]byte{0x60, 0, 0}, 10_001)...)...)), "10001 items; at most 10000"},
		{"garbage after items", moduleOf(section(sectionType, 1, 0x60, 0, 0, 7)), "longer than its items"},
		{"recursive types", moduleOf(section(sectionType, 1, 0x4e, 0)), "not of WebAssembly 2.0"},
		{"reference to a type", moduleOf(section(sectionType, 1, 0x60, 1, 0x64, 0)), "0x64) that is not of WebAssembly 2.0"},
		{"parameters", moduleOf(section(sectionType, append(append([]byte{1, 0x60}, leb(1001)...), bytes.Repeat([]byte{0x7f}, 1002)...)...)), "at most 1000"},
		{"locals", moduleOf(void, code(body(10_001, 0))), "a function with 10001 locals"},
		{"20 million locals", moduleOf(void, code(body(20_000_000, 0))), "20000000 locals"},
		{"locals that wrap around", moduleOf(void, section(sectionCode, append([]byte{1, 14, 2}, append(append(leb(1<<31), 0x7f), append(leb(1<<31), 0x7f, 0x0b)...)...)...)), "4294967296 locals"},
		{"locals of all", moduleOf(void, code(repeat(body(10_000, 0), 101)...)), "1000000 locals in all"},
		{"huge function", moduleOf(void, code(body(0, maxBody+1))), "a function of 65537 bytes"},
		{"second memory", moduleOf(section(sectionMemory, 2, 0, 1, 0, 1)), "2 items; at most 1"},
		{"shared memory", moduleOf(section(sectionMemory, 1, 3, 1, 1)), "threads are not supported"},
		{"memory of 64 bits", moduleOf(section(sectionMemory, 1, 4, 1)), "64-bit"},
		{"table with an initializer", moduleOf(section(sectionTable, 1, 0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b)), "not of WebAssembly 2.0"},
		{"17 tables", moduleOf(section(sectionTable, append([]byte{17}, bytes.Repeat([]byte{0x70, 0, 1}, 17)...)...)), "17 items"},
		{"elements", moduleOf(section(sectionElement, append(append([]byte{1, 1, 0}, leb(200_001)...), make([]byte, 200_001)...)...)), "200000 entries"},
		{"element count that lies", moduleOf(section(sectionElement, append([]byte{1, 1, 0}, leb(1<<31)...)...)), "ends too early"},
		{"constant that is none", moduleOf(section(sectionGlobal, 1, 0x7f, 0, 0x20, 0, 0x0b)), "constant expression"},
		{"data beyond section", moduleOf(section(sectionData, append([]byte{1, 1}, leb(1<<31)...)...)), "ends too early"},
		{"name beyond section", moduleOf(section(sectionExport, append([]byte{1}, leb(1<<31)...)...)), "ends too early"},
		{"custom name beyond section", moduleOf(section(sectionCustom, leb(1<<31)...)), "ends too early"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := scan(tt.module, 16*relay.MiB)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func repeat(b []byte, n int) (all [][]byte) {
	for range n {
		all = append(all, b)
	}
	return all
}

// A name section that asks the compiler for 100 GB, and other custom sections, do not get to it.
func TestScan_CustomSections(t *testing.T) {
	custom := func(name string, rest ...byte) []byte {
		return section(sectionCustom, append(append([]byte{byte(len(name))}, name...), rest...)...)
	}
	names := []byte{1, 5, 1, 0, 2, 'h', 'i'}
	tests := []struct {
		name     string
		sections []byte
		want     []byte
	}{
		{"names are kept", custom("name", names...), custom("name", names...)},
		{"only those of functions", custom("name", append([]byte{0, 2, 1, 'm'}, names...)...), custom("name", names...)},
		{"names that lie", custom("name", append([]byte{1, 5}, leb(1<<32-1)...)...), nil},
		{"names not UTF-8", custom("name", 1, 4, 1, 0, 1, 0xff), nil},
		{"debugging", custom(".debug_info", 1, 2, 3), nil},
		{"twice", append(custom("name", names...), custom("name", names...)...), custom("name", names...)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := scan(moduleOf(tt.sections), 16*relay.MiB)
			require.NoError(t, err)
			assert.Equal(t, moduleOf(tt.want), out)
		})
	}
}

func TestScan_BoundsTables(t *testing.T) {
	out, err := scan(moduleOf(section(sectionTable, 3, 0x70, 0, 5, 0x6f, 1, 1, 2, 0x70, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f)), 0)
	require.NoError(t, err)
	most := appendU32(nil, maxTable)
	want := append([]byte{3, 0x70, 1, 5}, most...)
	want = append(want, 0x6f, 1, 1, 2, 0x70, 1, 1)
	assert.Equal(t, moduleOf(section(sectionTable, append(want, most...)...)), out)
}

// Whatever scan passes, the compiler takes in or refuses in bounded time and memory, and it compiles all that compiled
// before.
func TestScan_PassesRealModules(t *testing.T) {
	paths, err := filepath.Glob(samples + "/*/*.wasm")
	require.NoError(t, err)
	if !testing.Short() {
		paths = append(paths, redact(t).Path)
	}
	for _, path := range append(paths, guest("puppet"), guest("exponential")) {
		module, err := os.ReadFile(path)
		require.NoError(t, err)
		out, err := scan(module, 16*relay.MiB)
		require.NoError(t, err, path)
		assert.LessOrEqual(t, len(out), len(module)+16)
		again, err := scan(out, 16*relay.MiB)
		require.NoError(t, err)
		assert.Equal(t, out, again)
	}
}

// PL-13: a module cut anywhere, or with any byte changed, is refused or works; nothing panics or takes long.
func TestScan_DamagedModules(t *testing.T) {
	module, err := os.ReadFile(guest("puppet"))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "damaged.wasm")
	begun := time.Now()
	check := func(damaged []byte) {
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		_ = Check(context.Background(), Options{InitTimeout: 50 * time.Millisecond}, []Filter{{Name: "f", Path: path}})
	}
	step := 7
	if testing.Short() || raceEnabled {
		step = 97
	}
	for i := 0; i < len(module); i += step {
		check(module[:i])
		flipped := bytes.Clone(module)
		flipped[i] ^= 1 << (i % 8)
		check(flipped)
	}
	assert.Less(t, time.Since(begun), time.Minute)
}

// FuzzScan feeds bytes to scan and, when they pass, to wazero's decoder, which must then be safe.
func FuzzScan(f *testing.F) {
	for _, name := range []string{"pass", "puppet", "table_grows", "imports_memory"} {
		module, err := os.ReadFile(guest(name))
		require.NoError(f, err)
		f.Add(module)
	}
	f.Add(moduleOf(section(sectionCustom, append([]byte("\x04name\x01\x05"), leb(1<<32-1)...)...)))
	f.Add(moduleOf(section(sectionElement, 1, 4, 0x41, 0, 0x0b, 1, 0xd2, 0, 0x0b)))
	f.Fuzz(func(t *testing.T, module []byte) {
		out, err := scan(module, relay.MiB)
		if err != nil {
			if strings.Contains(err.Error(), "BUG") {
				t.Fatal(err)
			}
			return
		}
		again, err := scan(out, relay.MiB)
		require.NoError(t, err)
		require.Equal(t, out, again)
		ctx := context.Background()
		rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(api.CoreFeaturesV2).WithMemoryLimitPages(16))
		defer rt.Close(ctx)
		_, _ = rt.CompileModule(ctx, out)
	})
}
