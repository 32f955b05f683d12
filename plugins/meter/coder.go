package meter

// coder is code in the making.
type coder []byte

// op appends an instruction with an index.
func (c *coder) op(op byte, index uint32) { *c = appendU32(append(*c, op), index) }

func (c *coder) plain(ops ...byte) { *c = append(*c, ops...) }

func (c *coder) i32(v int32) { *c = appendS64(append(*c, opI32Const), int64(v)) }

func (c *coder) i64(v int64) { *c = appendS64(append(*c, opI64Const), v) }

// add adds a constant to an i64 global.
func (c *coder) add(global uint32, v int64) {
	c.op(opGlobalGet, global)
	c.i64(v)
	c.plain(opI64Add)
	c.op(opGlobalSet, global)
}

// ask calls for fuel if it is below zero.
func (in *injected) ask(c *coder) {
	c.op(opGlobalGet, in.fuel)
	c.i64(0)
	c.plain(opI64LtS, opIf, blockVoid)
	c.op(opCall, in.first)
	c.plain(opEnd)
}

// payLoop pays at the head of a loop without parameters, and looks at the fuel first. NOTE: what asks begins the
// iteration anew rather than going on, so that the call lies on an edge of its own and engines need not save registers
// for it on the way on (a byte loop takes 1.3 times as long as unmetered, and 1.6 times otherwise).
func (in *injected) payLoop(c *coder, weight int64) {
	c.op(opGlobalGet, in.fuel)
	c.i64(0)
	c.plain(opI64LtS, opIf, blockVoid)
	c.op(opCall, in.first)
	c.op(opBr, 1)
	c.plain(opEnd)
	c.add(in.fuel, -weight)
}

// payHere does the same anywhere, in a loop of its own.
func (in *injected) payHere(c *coder, weight int64) {
	c.plain(opLoop, blockVoid)
	in.payLoop(c, weight)
	c.plain(opEnd)
}

// payEntry does the same on entry to a function, for fuel and stack.
func (in *injected) payEntry(c *coder, weight, frame int64) {
	c.plain(opLoop, blockVoid)
	c.op(opGlobalGet, in.fuel)
	c.op(opGlobalGet, in.stack)
	c.plain(opI64Or)
	c.i64(0)
	c.plain(opI64LtS, opIf, blockVoid)
	c.op(opCall, in.first)
	c.op(opBr, 1)
	c.plain(opEnd, opEnd)
	c.add(in.fuel, -weight)
	c.add(in.stack, -frame)
}
