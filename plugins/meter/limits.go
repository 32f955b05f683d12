package meter

import "time"

// Limits bound what a module may ask for. Zero means the default.
type Limits struct {
	ModuleBytes  int // of the file: 8 MiB
	MemoryPages  int // of 64 KiB, initial and at most: 256 (16 MiB)
	TableEntries int // of each table, initial and at most: 10,000; 131,072 is the most that can be set
	StackBytes   int // of frames, as the meter counts them: 1 MiB
	Functions    int // with imported ones: 25,000
	BodyBytes    int // of one function: 64 KiB
	Blocks       int // basic blocks of one function, with those that branches end: 4,000
	Locals       int // of one function, without parameters: 10,000

	CompileTime  time.Duration // as estimated, of all functions: 15 s
	CompileBytes int           // memory, as estimated, that compiling takes: 160 MiB
}

func (l Limits) withDefaults() Limits {
	for _, field := range []struct {
		v *int
		d int
	}{
		{&l.ModuleBytes, 8 << 20},
		{&l.MemoryPages, 256},
		{&l.TableEntries, 10_000},
		{&l.StackBytes, 1 << 20},
		{&l.Functions, 25_000},
		{&l.BodyBytes, 64 << 10},
		{&l.Blocks, 4_000},
		{&l.Locals, 10_000},
		{&l.CompileBytes, 160 << 20},
	} {
		if *field.v <= 0 {
			*field.v = field.d
		}
	}
	if l.CompileTime <= 0 {
		l.CompileTime = 15 * time.Second
	}
	l.MemoryPages = min(l.MemoryPages, 1<<16)
	l.TableEntries = min(l.TableEntries, maxTableEntries)
	return l
}

// Limits that nobody needs to set. The largest stock-Go module that ModuleBytes admits by default has 6,000 functions,
// 90,000 data segments and a table of 10,000.
const (
	maxTypes      = 10_000
	maxImports    = 1_000
	maxTables     = 16
	maxGlobals    = 10_000
	maxMutable    = 1_000 // mutable globals
	maxExports    = 10_000
	maxSegments   = 10_000  // of elements
	maxElements   = 200_000 // entries of all element segments
	maxData       = 250_000
	maxSignature  = 1_000     // parameters, or results, of one function
	maxSignatures = 50_000    // of all types together
	maxLocalsSum  = 1_000_000 // locals of all functions, and likewise globals × functions / 8
)
