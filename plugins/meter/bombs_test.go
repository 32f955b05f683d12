package meter

import "bytes"

// The bodies of functions that are made to be slow, or large, to compile.

func loops(n, locals int) []byte {
	return repeated(n, func(c *coder, i int) {
		c.plain(opLoop, blockVoid)
		c.op(opLocalGet, uint32(i*7%locals))
		c.op(opLocalTee, uint32((i*13+1)%locals))
		c.op(opBrIf, 0)
		c.plain(opEnd)
	})
}

// conditions are in a loop, so that every local has several values at every block.
func conditions(n, locals int) []byte {
	body := append([]byte{opLoop, blockVoid}, repeated(n, func(c *coder, i int) {
		c.op(opLocalGet, uint32(i*7%locals))
		c.plain(opIf, blockVoid)
		c.i32(int32(i))
		c.op(opLocalSet, uint32((i*13+1)%locals))
		c.plain(opEnd)
	})...)
	return append(body, opLocalGet, 0, opBrIf, 0, opEnd)
}

// carried are loops that take and give 1,000 values each.
func carried(n int) []byte {
	body := repeated(1_000, func(c *coder, i int) { c.op(opLocalGet, uint32(i%10)) })
	body = append(body, repeated(n, func(c *coder, _ int) { c.plain(opLoop, 1, opLocalGet, 0, opBrIf, 0, opEnd) })...)
	return append(body, bytes.Repeat([]byte{0x1a}, 1_000)...)
}

// keptOverCalls keeps every local over every call.
func keptOverCalls(n int) []byte {
	body := append([]byte{opLoop, blockVoid}, repeated(n, func(c *coder, i int) {
		c.op(opLocalGet, uint32(i))
		c.i32(int32(i))
		c.plain(opI32Add)
		c.op(opLocalSet, uint32(i))
		c.op(opCall, 0)
	})...)
	return append(body, opLocalGet, 0, opBrIf, 0, opEnd)
}
