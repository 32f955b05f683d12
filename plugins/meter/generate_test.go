package meter

import (
	"encoding/binary"
	"math/rand/v2"
)

// generator writes random valid modules: typed expressions and statements with control flow of all kinds, memory,
// tables, globals, several values, vectors and bulk instructions. Loops count down, and functions call those before
// them only, so that most end soon.
type generator struct {
	rnd     *rand.Rand
	types   []funcType
	funcs   []uint32 // types
	globals []byte
	locals  []byte
	results []byte
	labels  [][]byte // what a branch to it carries, outermost first
	c       coder
	budget  int // of nodes in this function
	index   int // of this function
	spare   []uint32
}

var numTypes = []byte{typeI32, typeI64, typeF32, typeF64, typeV128}

const (
	generatedFuncs = 6
	generatedTable = 8
)

func generate(seed uint64) []byte {
	g := &generator{rnd: rand.New(rand.NewPCG(seed, 7))}
	g.types = []funcType{
		{nil, nil},
		{[]byte{typeI32}, []byte{typeI32}},
		{[]byte{typeI32, typeI64}, []byte{typeI64, typeI32}},
		{nil, []byte{typeF64, typeV128}},
		{[]byte{typeV128, typeF32}, []byte{typeF32}},
		{[]byte{typeI32}, nil},
		{[]byte{typeI32, typeI32}, []byte{typeI32}},
	}
	g.globals = []byte{typeI32, typeI64, typeF32, typeF64, typeV128, typeI32, typeFuncref}
	for range generatedFuncs {
		g.funcs = append(g.funcs, uint32(g.rnd.IntN(len(g.types))))
	}
	var code [][]byte
	for i := range g.funcs {
		code = append(code, g.function(i))
	}
	return g.module(code)
}

func vec[T any](items []T, item func([]byte, T) []byte) []byte {
	out := appendU32(nil, uint32(len(items)))
	for _, i := range items {
		out = item(out, i)
	}
	return out
}

func (g *generator) module(code [][]byte) []byte {
	out := append(append([]byte{}, wasmMagic...), wasmVersion...)
	out = appendSection(out, sectionType, vec(g.types, func(b []byte, t funcType) []byte {
		b = append(append(appendU32(append(b, funcTypeForm), uint32(len(t.params))), t.params...), byte(len(t.results)))
		return append(b, t.results...)
	}))
	out = appendSection(out, sectionFunction, vec(g.funcs, appendU32))
	out = appendSection(out, sectionTable, []byte{2, typeFuncref, 1, generatedTable, 12, typeExternref, 0, 3})
	out = appendSection(out, sectionMemory, []byte{1, 1, 1, 4})
	out = appendSection(out, sectionGlobal, vec(g.globals, func(b []byte, t byte) []byte {
		b = append(b, t, 1)
		c := coder(b)
		g.zero(&c, t)
		return append(c, opEnd)
	}))
	var exports []exported
	for i := range g.funcs {
		exports = append(exports, exported{"f" + string(rune('0'+i)), KindFunc, uint32(i)})
	}
	for i, t := range g.globals {
		if t != typeFuncref {
			exports = append(exports, exported{"g" + string(rune('0'+i)), KindGlobal, uint32(i)})
		}
	}
	exports = append(exports, exported{"memory", KindMemory, 0})
	out = appendSection(out, sectionExport, vec(exports, func(b []byte, e exported) []byte {
		return appendU32(append(appendName(b, e.name), byte(e.kind)), e.index)
	}))
	// An active segment of indices, a passive one of expressions, a declarative one, and an active one of expressions.
	elems := []byte{4, 0, opI32Const, 0, opEnd, 4, 0, 1, 2, 1}
	elems = append(elems, 5, typeFuncref, 3, opRefFunc, 2, opEnd, opRefNull, typeFuncref, opEnd, opRefFunc, 0, opEnd)
	elems = append(elems, 3, 0, 6, 0, 1, 2, 3, 4, 5)
	elems = append(elems, 6, 0, opI32Const, 5, opEnd, typeFuncref, 1, opRefFunc, 0, opEnd)
	out = appendSection(out, sectionElement, elems)
	out = appendSection(out, sectionDataCount, []byte{2})
	out = appendSection(out, sectionCode, vec(code, func(b, body []byte) []byte { return append(appendU32(b, uint32(len(body))), body...) }))
	return appendSection(out, sectionData, []byte{2, 0, opI32Const, 16, opEnd, 4, 1, 2, 3, 4, 1, 6, 9, 8, 7, 6, 5, 4})
}

func (g *generator) function(i int) []byte {
	t := g.types[g.funcs[i]]
	g.index, g.results, g.budget = i, t.results, 60+g.rnd.IntN(200)
	g.locals = append(append([]byte{}, t.params...), typeI32, typeI64, typeF32, typeF64, typeV128, typeI32)
	own := len(g.locals)
	g.spare = nil
	for range 6 { // counters of loops
		g.spare = append(g.spare, uint32(len(g.locals)))
		g.locals = append(g.locals, typeI32)
	}
	declared := g.locals[len(t.params):]
	g.locals = g.locals[:own:own]
	g.labels = [][]byte{t.results}
	g.c = vec(declared, func(b []byte, t byte) []byte { return append(b, 1, t) })
	for range 2 + g.rnd.IntN(5) {
		g.statement(4)
	}
	for _, r := range t.results {
		g.expression(r, 4)
	}
	return append(g.c, opEnd)
}

func (g *generator) zero(c *coder, t byte) {
	switch t {
	case typeI32:
		c.i32(0)
	case typeI64:
		c.i64(0)
	case typeF32:
		c.plain(opF32Const, 0, 0, 0, 0)
	case typeF64:
		c.plain(opF64Const, 0, 0, 0, 0, 0, 0, 0, 0)
	case typeV128:
		c.plain(opVector, vecConst)
		c.plain(make([]byte, 16)...)
	default:
		c.plain(opRefNull, t)
	}
}

func (g *generator) constant(t byte) {
	c := &g.c
	small := int64(g.rnd.IntN(41) - 20)
	if g.rnd.IntN(8) == 0 {
		small = g.rnd.Int64() >> g.rnd.IntN(64)
	}
	switch t {
	case typeI32:
		c.i32(int32(small))
	case typeI64:
		c.i64(small)
	case typeF32:
		c.plain(opF32Const, 0, 0, byte(g.rnd.IntN(256)), 0x40|byte(g.rnd.IntN(2))<<7)
	case typeF64:
		c.plain(opF64Const, 0, 0, 0, 0, 0, 0, byte(g.rnd.IntN(16)), 0x40|byte(g.rnd.IntN(2))<<7)
	case typeV128:
		c.plain(opVector, vecConst)
		*c = binary.LittleEndian.AppendUint64(*c, g.rnd.Uint64()>>g.rnd.IntN(64))
		*c = binary.LittleEndian.AppendUint64(*c, g.rnd.Uint64())
	case typeFuncref:
		if g.rnd.IntN(2) == 0 {
			c.op(opRefFunc, uint32(g.rnd.IntN(generatedFuncs)))
			return
		}
		c.plain(opRefNull, t)
	default:
		c.plain(opRefNull, t)
	}
}

// pick returns the index of an item of a type, or -1.
func (g *generator) pick(of []byte, t byte) int {
	start := g.rnd.IntN(len(of))
	for i := range of {
		if j := (start + i) % len(of); of[j] == t {
			return j
		}
	}
	return -1
}

var binaryOps = map[byte][]byte{
	typeI32: {0x6a, 0x6b, 0x6c, 0x6d, 0x70, 0x71, 0x72, 0x73, 0x74, 0x76, 0x77, 0x46, 0x48, 0x4d},
	typeI64: {0x7c, 0x7d, 0x7e, 0x7f, 0x82, 0x83, 0x84, 0x85, 0x86, 0x88},
	typeF32: {0x92, 0x93, 0x94, 0x95, 0x96, 0x97},
	typeF64: {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5},
}

var vectorBinaryOps = []byte{0x0e, 0x23, 0x26, 0x4e, 0x50, 0x51, 0x6e, 0x6f, 0x71, 0x76, 0x7b, 0x8e, 0x95, 0x9c, 0xae, 0xb1, 0xb5, 0xba, 0xce, 0xd5, 0xd8}

// vector appends an instruction of 0xfd.
func (c *coder) vector(op byte) { *c = appendU32(append(*c, opVector), uint32(op)) }

// expression leaves a value of a type.
func (g *generator) expression(t byte, depth int) {
	g.budget--
	if depth <= 0 || g.budget <= 0 {
		g.leaf(t)
		return
	}
	switch g.rnd.IntN(12) {
	case 0, 1, 2:
		g.operation(t, depth-1)
	case 3:
		g.expression(t, depth-1)
		g.expression(t, depth-1)
		g.expression(typeI32, depth-1)
		if isRefType(t) || g.rnd.IntN(2) == 0 {
			g.c.plain(opSelectT, 1, t)
		} else {
			g.c.plain(opSelect)
		}
	case 4, 5:
		g.block([]byte{t}, depth-1)
	case 6:
		g.choose([]byte{t}, depth-1)
	case 7:
		g.loop([]byte{t}, depth-1)
	case 8:
		if !g.call(t, depth-1) {
			g.leaf(t)
		}
	case 9:
		g.convert(t, depth-1)
	default:
		g.leaf(t)
	}
}

func (g *generator) leaf(t byte) {
	i, j := g.pick(g.locals, t), g.pick(g.globals, t)
	switch n := g.rnd.IntN(3); {
	case n == 0 && i >= 0:
		g.c.op(opLocalGet, uint32(i))
	case n == 1 && j >= 0:
		g.c.op(opGlobalGet, uint32(j))
	default:
		g.constant(t)
	}
}

func (g *generator) operation(t byte, depth int) {
	switch t {
	case typeV128:
		g.expression(t, depth)
		g.expression(t, depth)
		switch g.rnd.IntN(4) {
		case 0:
			g.c.plain(opVector, 0x0d, 0, 1, 2, 3, 31, 30, 29, 28, 4, 5, 6, 7, 16, 17, 18, 19)
		case 1:
			g.expression(t, depth)
			g.c.vector(0x52)
		default:
			g.c.vector(vectorBinaryOps[g.rnd.IntN(len(vectorBinaryOps))])
		}
	case typeFuncref, typeExternref:
		g.c.i32(int32(g.rnd.IntN(generatedTable + 1)))
		g.c.op(0x25, map[byte]uint32{typeFuncref: 0, typeExternref: 1}[t])
	default:
		g.expression(t, depth)
		g.expression2(t, depth)
	}
}

func (g *generator) expression2(t byte, depth int) {
	ops := binaryOps[t]
	op := ops[g.rnd.IntN(len(ops))]
	g.expression(t, depth)
	g.c.plain(op)
}

// address leaves one that is mostly within the memory.
func (g *generator) address(depth int) {
	g.expression(typeI32, depth)
	if g.rnd.IntN(10) > 0 {
		g.c.i32(0xfff)
		g.c.plain(0x71)
	}
}

func (g *generator) convert(t byte, depth int) {
	switch t {
	case typeI32:
		switch g.rnd.IntN(7) {
		case 0:
			g.expression(typeI64, depth)
			g.c.plain(0xa7)
		case 1:
			g.expression(typeF64, depth)
			g.c.plain(opMisc, 2)
		case 2:
			g.expression(typeV128, depth)
			g.c.plain(opVector, 0x1b, 2)
		case 3:
			g.address(depth)
			g.c.plain(0x2d, 0, byte(g.rnd.IntN(100)))
		case 4:
			g.c.plain(opMemorySize, 0)
		case 5:
			g.expression(typeFuncref, depth)
			g.c.plain(0xd1)
		default:
			g.c.i32(int32(g.rnd.IntN(3)))
			g.c.plain(opMemoryGrow, 0)
		}
	case typeI64:
		switch g.rnd.IntN(3) {
		case 0:
			g.expression(typeI32, depth)
			g.c.plain(0xac)
		case 1:
			g.address(depth)
			g.c.plain(0x29, 3, 8)
		default:
			g.expression(typeF64, depth)
			g.c.plain(0xb0) // may trap
		}
	case typeF32:
		g.expression(typeI32, depth)
		g.c.plain(0xb2)
	case typeF64:
		g.expression(typeI64, depth)
		g.c.plain(0xb9)
	case typeV128:
		switch g.rnd.IntN(3) {
		case 0:
			g.expression(typeI32, depth)
			g.c.vector(0x0f)
		case 1:
			g.address(depth)
			g.c.plain(opVector, 0, 4, 0)
		default:
			g.expression(typeV128, depth)
			g.c.vector(0x80)
		}
	default:
		g.leaf(t)
	}
}
