package meter

import (
	"strings"
	"time"
)

// Report is what Scan found in a module.
type Report struct {
	Bytes     int
	Functions int // with imported ones
	Imports   []Import
	Exports   []Export
	HasStart  bool

	MemoryMin, MemoryMax int // pages as declared; MemoryMax is -1 without a maximum
	Tables               []Table

	// SnapshotSlots is how many 64-bit values hold all mutable globals; a v128 takes two.
	SnapshotSlots  int
	MutableGlobals int

	// CanChangeTables tells of table.set, grow, init, copy, fill, elem.drop or data.drop: what they change is no part of
	// a snapshot, so that the instance cannot be reset in place.
	CanChangeTables bool
	CanGrowMemory   bool

	Largest Function // by estimated compile time
	// The largest of all functions, each by itself.
	MaxBody, MaxBlocks int
	MaxLocals          int

	// CompileTime is an estimate of what the compiler takes, on one core of a 2020s server.
	CompileTime time.Duration
}

// Function is what the compiler's time depends on.
type Function struct {
	Index       int    // in the module's function index space
	Name        string // by the name section or an export; may be empty
	BodyBytes   int
	Blocks      int
	Locals      int // with parameters
	CompileTime time.Duration
}

// Kind is what is imported or exported.
type Kind byte

// Kinds, by WebAssembly 2.0 §5.5.5.
const (
	KindFunc Kind = iota
	KindTable
	KindMemory
	KindGlobal
)

// Import is one import; only functions are admitted.
type Import struct {
	Module, Name string
	Type         string // such as "(i32, i64) -> (i32)"
}

// Export is one export.
type Export struct {
	Name  string
	Kind  Kind
	Index int
	Type  string // of a function, as in Import; empty for others
}

// Table is one table as declared; Max is -1 without a maximum.
type Table struct{ Min, Max int64 }

func (m *module) report(size int) *Report {
	r := &Report{
		Bytes: size, Functions: len(m.funcs), HasStart: m.start >= 0, MemoryMax: -1,
		CanChangeTables: m.changesTables, CanGrowMemory: m.growsMemory, MutableGlobals: m.mutable,
	}
	for _, i := range m.imports {
		r.Imports = append(r.Imports, Import{i.module, i.name, m.types[i.typ].String()})
	}
	for _, e := range m.exports {
		x := Export{Name: e.name, Kind: e.kind, Index: int(e.index)}
		if e.kind == KindFunc {
			x.Type = m.types[m.funcs[e.index]].String()
		}
		r.Exports = append(r.Exports, x)
	}
	if m.memory != nil {
		r.MemoryMin = int(m.memory.low)
		if m.memory.bounded {
			r.MemoryMax = int(m.memory.high)
		}
	}
	for _, t := range m.tables {
		high := int64(-1)
		if t.bounded {
			high = int64(t.high)
		}
		r.Tables = append(r.Tables, Table{int64(t.low), high})
	}
	for _, t := range m.savedTypes() {
		r.SnapshotSlots++
		if t == typeV128 {
			r.SnapshotSlots++
		}
	}
	m.reportBodies(r)
	return r
}

func (m *module) reportBodies(r *Report) {
	for i := range m.bodies {
		b := &m.bodies[i]
		r.MaxBody = max(r.MaxBody, len(b.code))
		r.MaxBlocks = max(r.MaxBlocks, b.blocks)
		r.MaxLocals = max(r.MaxLocals, int(b.locals))
		took := m.compileTime(b)
		r.CompileTime += took
		if took > r.Largest.CompileTime {
			r.Largest = Function{len(m.imports) + i, "", len(b.code), b.blocks, int(b.locals), took}
		}
	}
	if r.Largest.BodyBytes > 0 {
		r.Largest.Name = m.nameOf(r.Largest.Index)
	}
}

// String is a type as it is written in reports, such as "(i32, i64) -> (i32)".
func (t *funcType) String() string {
	return "(" + typeList(t.params) + ") -> (" + typeList(t.results) + ")"
}

func typeList(types []byte) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = valueTypeNames[t]
	}
	return strings.Join(names, ", ")
}

var valueTypeNames = map[byte]string{
	typeI32: "i32", typeI64: "i64", typeF32: "f32", typeF64: "f64", typeV128: "v128",
	typeFuncref: "funcref", typeExternref: "externref",
}
