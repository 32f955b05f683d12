package meter

// The injected functions that pay for bulk instructions by their length, and do long ones in chunks, so that no native
// copy runs long between two looks at the fuel. They trap as the instructions do: a long one is checked against its
// bounds first, so that nothing is written if it does not fit. The host must not grow the guest's memory meanwhile.

// Units that lengths are in.
type bulkUnit byte

const (
	bulkBytes bulkUnit = iota
	bulkEntries
	bulkPages
)

// Parameters, and the local after them.
const (
	argTo, argFrom, argLen = 0, 1, 2
	localChunk             = 3
)

// spendLength pays for the length in a local.
func (in *injected) spendLength(c *coder, local uint32, unit bulkUnit) {
	c.op(opGlobalGet, in.fuel)
	c.op(opLocalGet, local)
	switch unit {
	case bulkBytes:
		c.i32(bulkBytesShift)
		c.plain(opI32ShrU, opI64ExtendU)
	case bulkEntries:
		c.plain(opI64ExtendU)
	case bulkPages: // at most 65,536 count, as no memory has more
		c.i32(1 << 16)
		c.op(opLocalGet, local)
		c.i32(1 << 16)
		c.plain(opI32LeU, opSelect, opI64ExtendU)
		c.i64(bulkPageWeight)
		c.plain(opI64Mul)
	}
	c.plain(opI64Sub)
	c.op(opGlobalSet, in.fuel)
	purse{in: in}.askIfSpent(c)
}

// lengthCode is a function that pays for the length it is given, and returns it.
func (in *injected) lengthCode(unit bulkUnit) []byte {
	c := coder{0}
	in.spendLength(&c, 0, unit)
	c.op(opLocalGet, 0)
	return append(c, opEnd)
}

func (in *injected) fillCode() []byte {
	native := func(c *coder) { c.plain(opMisc, miscMemoryFill, 0) }
	c := chunked()
	c.ifLong(func() {
		c.beyond(argTo)
		c.trapping(native)
	})
	in.chunks(&c, func() {
		c.arguments(argTo, argFrom, localChunk)
		native(&c)
		c.advance(argTo)
	})
	return append(c, opEnd)
}

func (in *injected) initCode(segment uint32) []byte {
	native := func(c *coder) {
		c.plain(opMisc)
		c.op(miscMemoryInit, segment)
		c.plain(0)
	}
	c := chunked()
	c.ifLong(func() {
		c.beyond(argTo)
		c.sum(argFrom)
		c.i64(int64(in.m.data[segment]))
		c.plain(opI64GtU, opI32Or)
		c.trapping(native)
		c.i32(0) // a dropped segment has no length
		c.op(opLocalGet, argFrom)
		c.op(opLocalGet, argLen)
		c.plain(opI32Add)
		c.i32(0)
		native(&c)
	})
	in.chunks(&c, func() {
		c.arguments(argTo, argFrom, localChunk)
		native(&c)
		c.advance(argTo)
		c.advance(argFrom)
	})
	return append(c, opEnd)
}

// copyCode copies forward if the target is below the source, and else backward, so that they may overlap.
func (in *injected) copyCode() []byte {
	native := func(c *coder) { c.plain(opMisc, miscMemoryCopy, 0, 0) }
	c := chunked()
	c.ifLong(func() {
		c.beyond(argTo)
		c.beyond(argFrom)
		c.plain(opI32Or)
		c.trapping(native)
	})
	in.chunks(&c, func() {
		c.op(opLocalGet, argTo)
		c.op(opLocalGet, argFrom)
		c.plain(opI32LeU, opIf, blockVoid)
		c.arguments(argTo, argFrom, localChunk)
		native(&c)
		c.advance(argTo)
		c.advance(argFrom)
		c.plain(opElse)
		for _, start := range []uint32{argTo, argFrom} {
			c.op(opLocalGet, start)
			c.op(opLocalGet, argLen)
			c.plain(opI32Add)
			c.op(opLocalGet, localChunk)
			c.plain(opI32Sub)
		}
		c.op(opLocalGet, localChunk)
		native(&c)
		c.plain(opEnd)
	})
	return append(c, opEnd)
}

// chunked begins a function of three parameters with the local localChunk.
func chunked() coder { return coder{1, 1, typeI32} }

func (c *coder) arguments(locals ...uint32) {
	for _, l := range locals {
		c.op(opLocalGet, l)
	}
}

// ifLong has what follows run only for lengths above a chunk.
func (c *coder) ifLong(then func()) {
	c.op(opLocalGet, argLen)
	c.i32(bulkChunk)
	c.plain(opI32GtU, opIf, blockVoid)
	then()
	c.plain(opEnd)
}

// sum puts an address and the length on the stack, added as i64.
func (c *coder) sum(address uint32) {
	c.op(opLocalGet, address)
	c.plain(opI64ExtendU)
	c.op(opLocalGet, argLen)
	c.plain(opI64ExtendU, opI64Add)
}

// beyond puts on the stack whether the length from an address exceeds the memory.
func (c *coder) beyond(address uint32) {
	c.sum(address)
	c.plain(opMemorySize, 0, opI64ExtendU)
	c.i64(16)
	c.plain(opI64Shl, opI64GtU)
}

// trapping runs the native instruction, which then traps, if the stack says so.
func (c *coder) trapping(native func(*coder)) {
	c.plain(opIf, blockVoid)
	c.arguments(argTo, argFrom, argLen)
	native(c)
	c.plain(opEnd)
}

// advance adds the chunk to an address.
func (c *coder) advance(address uint32) {
	c.op(opLocalGet, address)
	c.op(opLocalGet, localChunk)
	c.plain(opI32Add)
	c.op(opLocalSet, address)
}

// chunks runs body, once at least, with the length of each chunk in localChunk, paid for; argLen is what is left,
// including it.
func (in *injected) chunks(c *coder, body func()) {
	c.plain(opLoop, blockVoid)
	c.op(opLocalGet, argLen)
	c.i32(bulkChunk)
	c.op(opLocalGet, argLen)
	c.i32(bulkChunk)
	c.plain(opI32LeU, opSelect)
	c.op(opLocalSet, localChunk)
	in.spendLength(c, localChunk, bulkBytes)
	body()
	c.op(opLocalGet, argLen)
	c.op(opLocalGet, localChunk)
	c.plain(opI32Sub)
	c.op(opLocalTee, argLen)
	c.op(opBrIf, 0)
	c.plain(opEnd)
}
