package meter

import (
	"fmt"
	"time"
)

// What the compiler takes, on one core of a 2020s server, for each of what its time grows with. The compiler in question
// is that of wazero 1.12, and the numbers come from functions that were made to be slow to compile.
const (
	compileByte  = 350  // ns for a byte of code
	compilePair  = 18   // ns for each pair of basic blocks
	compileFlow  = 450  // ns for a variable (local or mutable global) in a basic block
	compileMove  = 1000 // ns for a value that a branch or block carries
	compileAfter = 250  // ns for a mutable global after a call

	// ns for instructions that become many, beside what they take as bytes and calls.
	compileGrow     = 10_000 // memory.grow, table.grow
	compileTable    = 20_000 // table.init, table.copy, table.fill
	compileIndirect = 8_000  // call_indirect
	compileRef      = 5_000  // ref.func
	compileEntry    = 2_000  // table.get, table.set

	tableFillBlocks = 3 // basic blocks that a table.fill becomes
)

// compileTime estimates what the compiler takes for a function.
func (m *module) compileTime(b *body) time.Duration {
	globals := uint64(m.mutable) + 4 // fuel and stack, and the memory's address and length
	blocks := uint64(b.blocks)
	variables := min(uint64(b.locals)+globals, b.sets+4)
	return time.Duration(compileByte*uint64(len(b.code)) +
		compilePair*blocks*blocks +
		compileFlow*blocks*variables +
		compileMove*b.moves +
		compileAfter*uint64(b.called)*globals +
		b.extra)
}

// affordable refuses modules that would take too long to compile: a compiler cannot be cancelled.
func (m *module) affordable() error {
	var sum, worst time.Duration
	slowest := 0
	for i := range m.bodies {
		took := m.compileTime(&m.bodies[i])
		sum += took
		if took > worst {
			worst, slowest = took, i
		}
	}
	if sum <= m.limits.CompileTime {
		return nil
	}
	b, index := &m.bodies[slowest], len(m.imports)+slowest
	return fmt.Errorf("would take about %v to compile; at most %v. Function %d (%s) alone takes %v: %d basic blocks, %d locals, %d values in branches; split it, or build with less inlining",
		sum.Round(time.Second/10), m.limits.CompileTime, index, m.nameOf(index), worst.Round(time.Second/10), b.blocks, b.locals, b.moves)
}
