package meter

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
)

// oneFunction is a module with a memory and one function of some locals of i32, 2 parameters, and a body.
func oneFunction(locals int, globals int, types []funcType, body []byte) []byte {
	out := append(append([]byte{}, wasmMagic...), wasmVersion...)
	types = append([]funcType{{}}, types...)
	out = appendSection(out, sectionType, vec(types, func(b []byte, t funcType) []byte {
		b = append(appendU32(append(b, funcTypeForm), uint32(len(t.params))), t.params...)
		return append(appendU32(b, uint32(len(t.results))), t.results...)
	}))
	out = appendSection(out, sectionFunction, []byte{1, 0})
	out = appendSection(out, sectionMemory, []byte{1, 0, 1})
	g := appendU32(nil, uint32(globals))
	for range globals {
		g = append(g, typeI32, 1, opI32Const, 0, opEnd)
	}
	out = appendSection(out, sectionGlobal, g)
	code := append(appendU32([]byte{1}, uint32(locals)), typeI32)
	code = append(append(code, body...), opEnd)
	return appendSection(out, sectionCode, append(appendU32([]byte{1}, uint32(len(code))), code...))
}

// functions is a module with a table of functions, a memory, and n functions of two locals of i32 and the same body.
func functions(n int, body []byte) []byte {
	out := append(append([]byte{}, wasmMagic...), wasmVersion...)
	out = appendSection(out, sectionType, []byte{1, funcTypeForm, 0, 0})
	out = appendSection(out, sectionFunction, append(appendU32(nil, uint32(n)), make([]byte, n)...))
	out = appendSection(out, sectionTable, []byte{1, typeFuncref, 0, 10})
	out = appendSection(out, sectionMemory, []byte{1, 0, 1})
	out = appendSection(out, sectionElement, []byte{1, 3, 0, 1, 0})
	code := append(append([]byte{1, 2, typeI32}, body...), opEnd)
	all := appendU32(nil, uint32(n))
	for range n {
		all = append(appendU32(all, uint32(len(code))), code...)
	}
	return appendSection(out, sectionCode, all)
}

func repeated(n int, piece func(c *coder, i int)) []byte {
	var c coder
	for i := range n {
		piece(&c, i)
	}
	return c
}

func manyTypes(n int) []funcType {
	t := make([]byte, n)
	for i := range t {
		t[i] = typeI32
	}
	return []funcType{{t, t}}
}

// What is made to be slow to compile takes no longer than estimated, by much.
func TestReport_CompileTime(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("compiles for seconds; and the race detector makes compilers slow, so that it says nothing of the estimate")
	}
	nested := append(repeated(1_000, func(c *coder, _ int) { c.plain(opLoop, blockVoid) }),
		repeated(1_000, func(c *coder, i int) { c.plain(opLocalGet, 0, opBrIf, byte(i%2), opEnd) })...)
	for name, module := range map[string][]byte{
		"calls × locals":    oneFunction(3_000, 0, nil, keptOverCalls(3_000)),
		"loops":             oneFunction(2, 0, nil, loops(1_300, 2)),
		"loops × locals":    oneFunction(1_000, 0, nil, loops(1_000, 1_000)),
		"conditions":        oneFunction(1_000, 0, nil, conditions(1_000, 1_000)),
		"nested loops":      oneFunction(1, 0, nil, nested),
		"branches":          oneFunction(1, 0, nil, repeated(3_900, func(c *coder, _ int) { c.plain(opLocalGet, 0, opBrIf, 0) })),
		"block parameters":  oneFunction(10, 0, manyTypes(1_000), carried(390)),
		"globals and calls": oneFunction(1, 1_000, nil, repeated(1_000, func(c *coder, i int) { c.op(opCall, 0); c.op(opGlobalGet, uint32(i)); c.plain(0x1a) })),
		"wide calls":        wideCalls(400),
		"calls":             oneFunction(1, 0, nil, repeated(32_000, func(c *coder, _ int) { c.op(opCall, 0) })),
		"divisions":         oneFunction(100, 0, nil, repeated(9_000, func(c *coder, i int) { c.plain(opLocalGet, 0, opLocalGet, 1, 0x6d, opLocalSet, byte(i%100)) })),
	} {
		out, report, err := Rewrite(module, Limits{CompileBytes: math.MaxInt})
		require.NoError(t, err, name)
		h := newHost(t, wazero.NewRuntimeConfigCompiler())
		begun := time.Now()
		_, err = h.rt.CompileModule(context.Background(), out)
		require.NoError(t, err, name)
		took := time.Since(begun)
		t.Logf("%-18s %4d ms, estimated %4d", name, took.Milliseconds(), report.CompileTime.Milliseconds())
		assert.Less(t, took, 5*report.CompileTime+time.Second, name)
	}
}

// Nor do instructions of which the compiler makes many.
func TestReport_CompileTimeOfInstructions(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("compiles for seconds; and the race detector makes compilers slow, so that it says nothing of the estimate")
	}
	const zero = opLocalGet // of local 0
	for name, tt := range map[string]struct {
		times int // in each of four functions
		code  []byte
	}{
		"memory.grow":   {12_000, []byte{zero, 0, opMemoryGrow, 0, 0x1a}},
		"table.grow":    {5_000, []byte{opRefNull, typeFuncref, zero, 0, opMisc, miscTableGrow, 0, 0x1a}},
		"table.copy":    {5_000, []byte{zero, 0, zero, 0, zero, 0, opMisc, miscTableCopy, 0, 0}},
		"table.init":    {5_000, []byte{zero, 0, zero, 0, zero, 0, opMisc, miscTableInit, 0, 0}},
		"table.fill":    {1_300, []byte{zero, 0, opRefNull, typeFuncref, zero, 0, opMisc, miscTableFill, 0}},
		"table.get":     {9_000, []byte{zero, 0, opTableGet, 0, 0x1a}},
		"table.set":     {9_000, []byte{zero, 0, opRefNull, typeFuncref, opTableSet, 0}},
		"call_indirect": {9_000, []byte{zero, 0, opCallIndirect, 0, 0}},
		"ref.func":      {15_000, []byte{opRefFunc, 0, 0x1a}},
	} {
		out, report, err := Rewrite(functions(4, repeated(tt.times, func(c *coder, _ int) { c.plain(tt.code...) })), Limits{})
		require.NoError(t, err, name)
		h := newHost(t, wazero.NewRuntimeConfigCompiler())
		begun := time.Now()
		_, err = h.rt.CompileModule(context.Background(), out)
		require.NoError(t, err, name)
		took := time.Since(begun)
		t.Logf("%-18s %4d ms, estimated %4d", name, took.Milliseconds(), report.CompileTime.Milliseconds())
		assert.Less(t, took, 5*report.CompileTime+200*time.Millisecond, name)
	}
}
