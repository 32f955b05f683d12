package meter

import (
	"bytes"
	"context"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
)

// section is one section's bytes.
func section(id byte, body ...byte) []byte { return appendSection(nil, id, body) }

func moduleOf(sections ...[]byte) []byte {
	return bytes.Join(append([][]byte{append(bytes.Clone(wasmMagic), wasmVersion...)}, sections...), nil)
}

// leb is n as LEB128 of 5 bytes.
func leb(n uint32) []byte {
	return []byte{byte(n) | 0x80, byte(n>>7) | 0x80, byte(n>>14) | 0x80, byte(n>>21) | 0x80, byte(n >> 28)}
}

// codeOf is a module of one function of type () -> () with some instructions.
func codeOf(instructions ...byte) []byte {
	code := append(append([]byte{0}, instructions...), opEnd)
	return moduleOf(section(sectionType, 1, 0x60, 0, 0), section(sectionFunction, 1, 0), section(sectionMemory, 1, 0, 1),
		section(sectionCode, append(appendU32([]byte{1}, uint32(len(code))), code...)...))
}

func withLocals(groups ...uint32) []byte {
	code := []byte{byte(len(groups))}
	for _, n := range groups {
		code = append(append(code, leb(n)...), typeI32)
	}
	code = append(code, opEnd)
	return moduleOf(section(sectionType, 1, 0x60, 0, 0), section(sectionFunction, 1, 0),
		section(sectionCode, append(appendU32([]byte{1}, uint32(len(code))), code...)...))
}

// PL-12, PL-13: what is not of WebAssembly 2.0, malformed, or above a limit is refused by name before it is compiled.
func TestScan_Refuses(t *testing.T) {
	nop := func(n int) []byte { return bytes.Repeat([]byte{0x01}, n) }
	types := func(n int) []byte { return bytes.Repeat([]byte{0x60, 0, 0}, n) }
	tests := []struct {
		name   string
		module []byte
		want   string
	}{
		{"nothing", nil, "the file is empty"},
		{"text", []byte("(module)"), "does not begin with"},
		{"magic only", []byte("\x00asm"), "ends after its first bytes"},
		{"component", []byte("\x00asm\x0d\x00\x01\x00"), "component"},
		{"version 2", []byte("\x00asm\x02\x00\x00\x00"), "version other than 1"},
		{"section of 4 GB", append(moduleOf(), 1, 0xff, 0xff, 0xff, 0xff, 0x0f), "the last section ends too early"},
		{"overlong length", append(moduleOf(), 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00), "malformed number"},
		{"length above 32 bits", append(moduleOf(), 1, 0xff, 0xff, 0xff, 0xff, 0x1f), "malformed number"},
		{"tag section", moduleOf(section(13, 0)), "section 13 is not supported"},
		{"order", moduleOf(section(sectionFunction, 0), section(sectionType, 0)), "the type section is out of order"},
		{"twice", moduleOf(section(sectionType, 0), section(sectionType, 0)), "the type section is out of order"},
		{"count that lies", moduleOf(section(sectionType, leb(1<<31)...)), "ends too early"},
		{"too many types", moduleOf(section(sectionType, append(leb(10_001), types(10_001)...)...)), "10001 items; at most 10000"},
		{"garbage after items", moduleOf(section(sectionType, 1, 0x60, 0, 0, 7)), "longer than its items"},
		{"recursive types", moduleOf(section(sectionType, 1, 0x4e, 0)), "not of WebAssembly 2.0"},
		{"reference to a type", moduleOf(section(sectionType, 1, 0x60, 1, 0x64, 0)), "0x64) that is not of WebAssembly 2.0"},
		{"parameters", moduleOf(section(sectionType, append(append([]byte{1, 0x60}, leb(1001)...), bytes.Repeat([]byte{0x7f}, 1002)...)...)), "at most 1000"},
		{"locals", withLocals(10_001), "with 10001 locals; at most 10000"},
		{"20 million locals", withLocals(20_000_000), "20000000 locals"},
		{"locals that wrap around", withLocals(1<<31, 1<<31), "4294967296 locals"},
		{"large function", codeOf(nop(64<<10 + 1)...), "of 65539 bytes; at most 65536"},
		{"blocks", codeOf(bytes.Repeat([]byte{opBlock, blockVoid, opEnd}, 4_000)...), "function 0 (no name) has 4001 basic blocks; at most 4000"},
		{"no code", moduleOf(section(sectionType, 1, 0x60, 0, 0), section(sectionFunction, 1, 0)), "1 functions are declared and 0 have code"},
		{"code without function", moduleOf(section(sectionCode, 1, 2, 0, opEnd)), "not declared"},
		{"second memory", moduleOf(section(sectionMemory, 2, 0, 1, 0, 1)), "2 items; at most 1"},
		{"memory above the limit", moduleOf(section(sectionMemory, 1, 0, 0x81, 0x02)), "257 pages of 64KiB; at most 256"},
		{"shared memory", moduleOf(section(sectionMemory, 1, 3, 1, 1)), "threads are not supported"},
		{"memory of 64 bits", moduleOf(section(sectionMemory, 1, 4, 1)), "64-bit"},
		{"table above the limit", moduleOf(section(sectionTable, append([]byte{1, 0x70, 0}, leb(130_000_000)...)...)), "130000000 entries; at most 10000"},
		{"table with an initializer", moduleOf(section(sectionTable, 1, 0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b)), "not of WebAssembly 2.0"},
		{"17 tables", moduleOf(section(sectionTable, append([]byte{17}, bytes.Repeat([]byte{0x70, 0, 1}, 17)...)...)), "17 items"},
		{"reserved import", moduleOf(section(sectionType, 1, 0x60, 0, 0), section(sectionImport, append(appendName(appendName([]byte{1}, HostModule), "x"), 0, 0)...)), "reserved"},
		{"imported memory", moduleOf(section(sectionImport, 1, 1, 'e', 1, 'm', 2, 0, 1)), `imports "e"."m", which is a memory`},
		{"reserved export", moduleOf(section(sectionMemory, 1, 0, 1), section(sectionExport, append(appendName([]byte{1}, FuelGlobal), 2, 0)...)), "reserved"},
		{"export of nothing", moduleOf(section(sectionExport, 1, 1, 'f', 0, 0)), "does not exist"},
		{"start of nothing", moduleOf(section(sectionStart, 0)), "function 0 does not exist"},
		{"constant that is none", moduleOf(section(sectionGlobal, 1, 0x7f, 0, 0x20, 0, 0x0b)), "constant expression"},
		{"data beyond section", moduleOf(section(sectionData, append([]byte{1, 1}, leb(1<<31)...)...)), "ends too early"},
		{"custom name beyond section", moduleOf(section(sectionCustom, leb(1<<31)...)), "ends too early"},

		{"tail call", codeOf(0x12, 0), "function 0 (no name) at offset 0x1c uses tail calls (0x12)"},
		{"exceptions", codeOf(0x1f, 0x40, 0), "exception handling (0x1f)"},
		{"threads", codeOf(0xfe, 0x03, 0x00), "threads (0xfe)"},
		{"garbage collection", codeOf(0xfb, 0), "garbage collection (0xfb)"},
		{"typed references", codeOf(0x14, 0), "typed function references (0x14)"},
		{"relaxed SIMD", codeOf(0xfd, 0x80, 0x02), "relaxed SIMD (0xfd 0x100)"},
		{"overlong vector opcode", codeOf(0xfd, 0xe0, 0x00), "unknown instruction (0xfd 0x60)"},
		{"unknown vector opcode", codeOf(0xfd, 0x9a, 0x01), "unknown instruction (0xfd 0x9a)"},
		{"unknown opcode", codeOf(0x27), "unknown instruction (0x27)"},
		{"unknown misc opcode", codeOf(0xfc, 18), "unknown instruction (0xfc 0x12)"},
		{"memory index in an alignment", codeOf(opI32Const, 0, 0x28, 0x42, 0, 0), "alignment"},
		{"injected global", codeOf(opGlobalGet, 0), "names global 0, which does not exist"},
		{"injected function", codeOf(opCall, 1), "names function 1, which does not exist"},
		{"injected type", codeOf(opBlock, 1, opEnd), "type 1, which does not exist"},
		{"injected local", codeOf(opLocalGet, 0), "names local 0, which does not exist"},
		{"label of the exit", codeOf(opBr, 1), "branches by 1 labels of 1"},
		{"else alone", codeOf(opElse), "else without an if"},
		{"unclosed", codeOf(opBlock, blockVoid), "ends too early"},
		{"closed twice", codeOf(opEnd), "instructions after its end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Scan(tt.module, Limits{})
			require.ErrorContains(t, err, tt.want)
			_, _, err = Rewrite(tt.module, Limits{})
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

// wideCalls is a module whose function calls another n times, with 1,000 parameters and results.
func wideCalls(n int) []byte {
	wide := append(appendU32(nil, 1_000), bytes.Repeat([]byte{typeI32}, 1_000)...)
	types := append([]byte{2, funcTypeForm, 0, 0, funcTypeForm}, append(wide, wide...)...)
	calls := append(repeated(1_000, func(c *coder, _ int) { c.i32(0) }), bytes.Repeat([]byte{opCall, 1}, n)...)
	calls = append(calls, bytes.Repeat([]byte{0x1a}, 1_000)...)
	all := []byte{2}
	for _, instructions := range [][]byte{calls, {opUnreachable}} {
		code := append(append([]byte{0}, instructions...), opEnd)
		all = append(appendU32(all, uint32(len(code))), code...)
	}
	return moduleOf(section(sectionType, types...), section(sectionFunction, 2, 0, 1), section(sectionCode, all...))
}

// A module that the compiler would take minutes for is refused; what it takes a second for passes.
func TestScan_RefusesCompileBombs(t *testing.T) {
	loops := func(n, locals int) []byte {
		return oneFunction(locals, 0, nil, repeated(n, func(c *coder, i int) {
			c.plain(opLoop, blockVoid)
			c.op(opLocalGet, uint32(i*7%locals))
			c.op(opLocalSet, uint32((i*13+1)%locals))
			c.plain(opEnd)
		}))
	}
	report, err := Scan(loops(1_000, 300), Limits{})
	require.NoError(t, err)
	assert.Equal(t, 2_001, report.MaxBlocks)
	for name, module := range map[string][]byte{
		"locals × blocks": loops(1_900, 9_000),
		"parameters × blocks": oneFunction(0, 0, manyTypes(1_000), append(
			repeated(1_000, func(c *coder, _ int) { c.i32(0) }),
			repeated(1_900, func(c *coder, _ int) { c.plain(opLoop, 1, opEnd) })...)),
	} {
		_, err := Scan(module, Limits{CompileTime: 2 * time.Second, CompileBytes: math.MaxInt})
		assert.ErrorContains(t, err, "to compile; at most 2s. Function 0", name)
	}
	_, err = Scan(loops(1_900, 9_000), Limits{})
	assert.ErrorContains(t, err, "function 0 (no name) would take about 345 MiB to compile; at most 160", "before time, as compiling one function takes it at once")
	_, err = Scan(wideCalls(1_000), Limits{})
	assert.ErrorContains(t, err, "function 0 (no name) would take about 1145 MiB to compile; at most 160")
	_, err = Scan(wideCalls(100), Limits{})
	assert.NoError(t, err)
	for name, code := range map[string][]byte{
		"calls": {opCall, 0}, "memory.grow": {opMemorySize, 0, opMemoryGrow, 0, 0x1a},
		"memory.fill": {opMemorySize, 0, opMemorySize, 0, opMemorySize, 0, opMisc, miscMemoryFill, 0},
	} {
		_, err = Scan(oneFunction(1, 1_000, nil, bytes.Repeat(code, 4_000)), Limits{})
		assert.ErrorContains(t, err, "loads 1000 mutable globals anew in ", name)
	}
	fills := repeated(1_400, func(c *coder, _ int) {
		c.plain(opLocalGet, 0, opRefNull, typeFuncref, opLocalGet, 0, opMisc, miscTableFill, 0)
	})
	_, err = Scan(functions(1, fills), Limits{})
	assert.ErrorContains(t, err, "has 4201 basic blocks; at most 4000", "each table.fill is a loop")
}

// What a name section says that is of use stays, shifted; the rest of it, and other custom sections, do not get to the
// engine, which would believe their counts.
func TestRewrite_Names(t *testing.T) {
	custom := func(name string, rest ...byte) []byte {
		return section(sectionCustom, append(appendName(nil, name), rest...)...)
	}
	names := []byte{1, 5, 1, 0, 2, 'h', 'i'}
	tests := []struct {
		name   string
		custom []byte
		want   string
	}{
		{"kept", custom("name", names...), "hi"},
		{"of modules too", custom("name", append([]byte{0, 2, 1, 'm'}, names...)...), "hi"},
		{"that lie", custom("name", append([]byte{1, 5}, leb(1<<32-1)...)...), ""},
		{"not UTF-8", custom("name", 1, 4, 1, 0, 1, 0xff), ""},
		{"of no function", custom("name", 1, 5, 1, 9, 2, 'h', 'i'), ""},
		{"of debugging", custom(".debug_info", 1, 2, 3), ""},
		{"first of two", append(custom("name", names...), custom("name", 1, 4, 1, 0, 1, 'x')...), "hi"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, _, err := Rewrite(append(codeOf(opUnreachable), tt.custom...), Limits{})
			require.NoError(t, err)
			h := newHost(t, wazero.NewRuntimeConfigInterpreter())
			_, err = h.rt.CompileModule(context.Background(), out)
			require.NoError(t, err)
			m := &module{limits: Limits{}.withDefaults(), start: -1, declared: -1}
			r := &reader{b: out, at: preambleSize}
			for r.more() {
				id, content := r.byte(), r.bytes(r.u32())
				if id == sectionCustom {
					c := &reader{b: content}
					require.Equal(t, "name", c.name())
					m.names = functionNames(c)
				}
			}
			m.funcs = make([]uint32, 100)
			got := map[int]string{}
			m.eachName(func(i uint32, name []byte) bool { got[int(i)] = string(name); return true })
			want := map[int]string{0: "relay.meter.tick", 2: "relay.meter.ask"}
			if tt.want != "" {
				want[1] = tt.want
			}
			assert.Equal(t, want, got)
		})
	}
}

// Tables and memory are given a maximum, or keep a lower one.
func TestRewrite_BoundsTablesAndMemory(t *testing.T) {
	module := moduleOf(section(sectionTable, 3, 0x70, 0, 5, 0x6f, 1, 1, 2, 0x70, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f), section(sectionMemory, 1, 0, 1))
	out, report, err := Rewrite(module, Limits{TableEntries: 100, MemoryPages: 20})
	require.NoError(t, err)
	assert.True(t, bytes.Contains(out, section(sectionTable, 3, 0x70, 1, 5, 100, 0x6f, 1, 1, 2, 0x70, 1, 1, 100)))
	assert.True(t, bytes.Contains(out, section(sectionMemory, 1, 1, 1, 20)))
	assert.Equal(t, []Table{{5, -1}, {1, 2}, {1, 1<<32 - 1}}, report.Tables)
	assert.Equal(t, -1, report.MemoryMax)
}

// PL-13: a module cut anywhere, or with a bit changed, is refused here or by the engine, or rewritten to one that the
// engine takes.
func TestRewrite_DamagedModules(t *testing.T) {
	ctx := context.Background()
	h := newHost(t, wazero.NewRuntimeConfigInterpreter())
	module, err := os.ReadFile("../testdata/puppet.wasm")
	require.NoError(t, err)
	for _, module := range [][]byte{module, generate(3)} {
		taken := 0
		for i := range module {
			_, _, err := Rewrite(module[:i], Limits{})
			_ = err // a cut between sections leaves a module
			damaged := bytes.Clone(module)
			damaged[i] ^= 1 << (i % 8)
			if checkRewrite(ctx, t, h.rt, damaged) {
				taken++
			}
		}
		assert.Positive(t, taken)
	}
}

// checkRewrite fails if the engine takes a module, or not, other than its rewritten form, and returns whether it does.
func checkRewrite(ctx context.Context, t *testing.T, rt wazero.Runtime, module []byte) bool {
	out, _, err := Rewrite(module, Limits{Blocks: 500})
	if err != nil {
		return false
	}
	original, errOriginal := rt.CompileModule(ctx, module)
	rewritten, errRewritten := rt.CompileModule(ctx, out)
	if errOriginal == nil {
		defer original.Close(ctx)
		require.NoError(t, errRewritten)
	}
	if errRewritten == nil {
		defer rewritten.Close(ctx)
		if errOriginal != nil && !strings.Contains(errOriginal.Error(), "custom") && !strings.Contains(errOriginal.Error(), "name") {
			t.Fatalf("the engine takes what it would not: %v", errOriginal)
		}
	}
	return errOriginal == nil
}

func FuzzRewrite(f *testing.F) {
	for _, module := range corpus(f) {
		if len(module) < 4<<10 {
			f.Add(module)
		}
	}
	for seed := range uint64(8) {
		f.Add(generate(seed))
	}
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(256))
	f.Cleanup(func() { _ = rt.Close(ctx) })
	f.Fuzz(func(t *testing.T, module []byte) { checkRewrite(ctx, t, rt, module) })
}
