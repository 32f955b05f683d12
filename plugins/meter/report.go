package meter

import "time"

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

	// The largest of all functions, each by itself.
	Largest                    Function // by estimated compile time
	MaxBody, MaxBlocks         int
	MaxLocals                  int
	BlocksLocals, BlocksSquare uint64 // sums over all functions: blocks × (locals and block parameters), blocks²

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
type Table struct{ Min, Max int }
