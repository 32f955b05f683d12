package meter

import "fmt"

// body is the code of one function and what the walk over it found.
type body struct {
	code   []byte // declarations of locals, then instructions
	at     int    // of code, in the file
	instr  int    // of the first instruction, in code
	locals uint32 // with parameters
	wide   bool   // has vectors

	sites    [2]int // range of analysis.sites
	calls    [2]int // range of analysis.calls: functions with code that it calls directly
	weight   uint64 // of all its blocks together
	depth    int    // operands at most
	blocks   int
	sets     uint64 // of locals and globals, also by calls
	called   int    // calls
	moves    uint64 // values that blocks, branches and calls carry
	reloads  uint64 // calls, and other places after which globals are loaded anew
	extra    uint64 // ns of compiling, for instructions that become many
	indirect bool   // has call_indirect
	leaves   bool   // has a return, or a branch that is one
	toLoop   bool   // runs straight into a loop

	keeps bool   // keeps its fuel in a local while it runs: it has loops, and calls nothing
	flat  bool   // takes so little stack, with all it calls, that it need not be metered
	quiet bool   // spends so little, with all it calls, that it need not look at the fuel
	need  uint64 // bytes of stack, if flat
	spend uint64 // fuel, if quiet
}

// frameBytes is what the stack is charged for a call of the function: a native frame holds, at worst, its locals and
// operands, and a few words besides.
func (b *body) frameBytes() uint64 {
	slot := uint64(8)
	if b.wide {
		slot = 16
	}
	return frameBase + slot*(uint64(b.locals)+uint64(b.depth))
}

const frameBase = 64

// readBody reads where a function's code is, and its locals. The instructions wait until the data segments are known.
func (m *module) readBody(r *reader) {
	code := r.bytes(r.u32())
	index := len(m.imports) + len(m.bodies)
	switch {
	case r.err != nil:
		return
	case index >= len(m.funcs):
		r.fail(fmt.Errorf("is the code of a function that is not declared"))
		return
	case len(code) > m.limits.BodyBytes:
		r.fail(fmt.Errorf("is a function (%s) of %d bytes; at most %d, as compiling takes quadratic time: split the function, or build with less inlining", m.nameOf(index), len(code), m.limits.BodyBytes))
		return
	}
	b := body{code: code, at: m.codeAt + r.at - len(code), wide: m.wide}
	c := &reader{b: code}
	sum := uint64(0)
	for range c.count() {
		sum += uint64(c.u32())
		t := c.byte()
		checkValueType(c, t)
		b.wide = b.wide || t == typeV128
	}
	typ := m.types[m.funcs[index]]
	m.locals += sum
	switch {
	case c.err != nil:
		r.fail(c.err)
		return
	case sum > uint64(m.limits.Locals):
		r.fail(fmt.Errorf("is a function (%s) with %d locals; at most %d", m.nameOf(index), sum, m.limits.Locals))
		return
	case m.locals > maxLocalsSum:
		r.fail(fmt.Errorf("makes more than %d locals in all functions", maxLocalsSum))
		return
	}
	b.instr, b.locals = c.at, uint32(sum)+uint32(len(typ.params))
	m.bodies = append(m.bodies, b)
}
