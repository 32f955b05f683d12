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
	compileMove  = 1000 // ns for a value that a branch, block or call carries
	compileAfter = 250  // ns for a mutable global that is loaded anew
	compileLive  = 18   // ns for a variable that is kept over a call

	// ns for instructions that become many, beside what they take as bytes and calls.
	compileGrow     = 10_000 // memory.grow, table.grow
	compileTable    = 20_000 // table.init, table.copy, table.fill
	compileIndirect = 8_000  // call_indirect
	compileRef      = 5_000  // ref.func
	compileEntry    = 2_000  // table.get, table.set

	tableFillBlocks = 3 // basic blocks that a table.fill becomes

	// Bytes of memory that it keeps until all functions are compiled: for a byte of code, and for a unit of fuel, as what is
	// slow to run, such as a division, becomes many instructions.
	compileCodeBytes   = 12
	compileWeightBytes = 13

	// Bytes of memory, which it has for one function at a time, for each of what that grows with.
	compileFlowBytes  = 50
	compileMoveBytes  = 600
	compileAfterBytes = 200
)

// keptBytes estimates what memory the compiler keeps of a function.
func (b *body) keptBytes() uint64 {
	return compileCodeBytes*uint64(len(b.code)) + compileWeightBytes*b.weight
}

// compileBytes estimates what memory the compiler takes for a function, beside what it keeps.
func (m *module) compileBytes(b *body) uint64 {
	return compileFlowBytes*uint64(b.blocks)*m.variables(b) + compileMoveBytes*b.moves + compileAfterBytes*b.reloads*m.kept()
}

// variables is how many values a function may hand from one basic block to the next.
func (m *module) variables(b *body) uint64 {
	return min(uint64(b.locals)+m.kept(), b.sets+4)
}

// kept is how many globals the compiler keeps as variables: with fuel, stack, and the memory's address and length.
func (m *module) kept() uint64 { return uint64(m.mutable) + 4 }

// compileTime estimates what the compiler takes for a function.
func (m *module) compileTime(b *body) time.Duration {
	blocks := uint64(b.blocks)
	return time.Duration(compileByte*uint64(len(b.code)) +
		compilePair*blocks*blocks +
		compileFlow*blocks*m.variables(b) +
		compileMove*b.moves +
		compileAfter*b.reloads*m.kept() +
		compileLive*b.reloads*m.variables(b) +
		b.extra)
}

// affordable refuses modules that would take too long, or too much memory, to compile: a compiler cannot be cancelled.
func (m *module) affordable() error {
	var sum, worst time.Duration
	var kept, most uint64
	slowest := 0
	for i := range m.bodies {
		b := &m.bodies[i]
		if size := m.compileBytes(b); size > uint64(m.limits.CompileBytes) {
			index := len(m.imports) + i
			return fmt.Errorf("function %d (%s) would take about %d MiB to compile; at most %d: it has %d basic blocks, %d locals, hands %d values to blocks and calls, and loads %d mutable globals anew in %d places; split it, or build with less inlining",
				index, m.nameOf(index), size>>20, m.limits.CompileBytes>>20, b.blocks, b.locals, b.moves, m.mutable, b.reloads)
		}
		kept, most = kept+b.keptBytes(), max(most, m.compileBytes(b))
		took := m.compileTime(b)
		sum += took
		if took > worst {
			worst, slowest = took, i
		}
	}
	if kept+most > uint64(m.limits.CompileBytes) {
		return fmt.Errorf("would take about %d MiB of memory to compile; at most %d: leave out what the filter does not need, or raise limits.compile_memory",
			(kept+most)>>20, m.limits.CompileBytes>>20)
	}
	if sum <= m.limits.CompileTime {
		return nil
	}
	b, index := &m.bodies[slowest], len(m.imports)+slowest
	return fmt.Errorf("would take about %v to compile; at most %v. Function %d (%s) alone takes %v: %d basic blocks, %d locals, %d values for blocks and calls; split it, or build with less inlining",
		sum.Round(time.Second/10), m.limits.CompileTime, index, m.nameOf(index), worst.Round(time.Second/10), b.blocks, b.locals, b.moves)
}
