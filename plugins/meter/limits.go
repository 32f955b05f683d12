package meter

// Limits bound what a module may ask for. Zero means the default.
type Limits struct {
	ModuleBytes  int // of the file: 8 MiB
	MemoryPages  int // of 64 KiB, initial and at most: 256 (16 MiB)
	TableEntries int // of each table, initial and at most: 10,000
	StackBytes   int // of frames, as the meter counts them: 1 MiB
	Functions    int // with imported ones: 100,000
	BodyBytes    int // of one function: 64 KiB
	Blocks       int // basic blocks of one function, with those that branches end: 4,000
	Locals       int // of one function, without parameters: 10,000
}
