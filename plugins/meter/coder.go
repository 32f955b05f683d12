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

// ask calls for fuel if a global is below zero.
func (in *injected) ask(c *coder) {
	c.op(opGlobalGet, in.fuel)
	c.i64(0)
	c.plain(opI64LtS, opIf, blockVoid)
	c.op(opCall, in.first)
	c.plain(opEnd)
}

// askEither calls for fuel if fuel or stack is below zero.
func (in *injected) askEither(c *coder) {
	c.op(opGlobalGet, in.fuel)
	c.op(opGlobalGet, in.stack)
	c.plain(opI64Or)
	c.i64(0)
	c.plain(opI64LtS, opIf, blockVoid)
	c.op(opCall, in.first)
	c.plain(opEnd)
}
