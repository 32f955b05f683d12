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

// purse is where a function has its fuel: in the global, or in a local while it runs, which loops pay from without
// touching memory. The global is then behind, until the function calls something or ends; also when it traps.
type purse struct {
	in    *injected
	kept  bool
	local uint32
}

func (p purse) get(c *coder) {
	if p.kept {
		c.op(opLocalGet, p.local)
	} else {
		c.op(opGlobalGet, p.in.fuel)
	}
}

func (p purse) spend(c *coder, weight int64) {
	if !p.kept {
		c.add(p.in.fuel, -weight)
		return
	}
	c.op(opLocalGet, p.local)
	c.i64(weight)
	c.plain(opI64Sub)
	c.op(opLocalSet, p.local)
}

// put brings the global up to date, before others look at it.
func (p purse) put(c *coder) {
	if p.kept {
		c.op(opLocalGet, p.local)
		c.op(opGlobalSet, p.in.fuel)
	}
}

// take brings the local up to date, after others may have spent.
func (p purse) take(c *coder) {
	if p.kept {
		c.op(opGlobalGet, p.in.fuel)
		c.op(opLocalSet, p.local)
	}
}

// ask has the host look at the fuel.
func (p purse) ask(c *coder) {
	p.put(c)
	c.op(opCall, p.in.first)
	p.take(c)
}

// askIfSpent does so if it is below zero.
func (p purse) askIfSpent(c *coder) {
	p.get(c)
	c.i64(0)
	c.plain(opI64LtS, opIf, blockVoid)
	p.ask(c)
	c.plain(opEnd)
}

// payLoop pays at the head of a loop without parameters, and looks at the fuel first. NOTE: what asks begins the
// iteration anew rather than going on, so that the call lies on an edge of its own and engines need not save registers
// for it on the way on (a byte loop takes 1.3 times as long as unmetered, and 1.6 times otherwise).
func (p purse) payLoop(c *coder, weight int64) {
	p.get(c)
	c.i64(0)
	c.plain(opI64LtS, opIf, blockVoid)
	p.ask(c)
	c.op(opBr, 1)
	c.plain(opEnd)
	p.spend(c, weight)
}

// payHere does the same anywhere, in a loop of its own.
func (p purse) payHere(c *coder, weight int64) {
	c.plain(opLoop, blockVoid)
	p.payLoop(c, weight)
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
