package meter

// typed appends a block's type: of no parameters and some results.
func (g *generator) typed(results []byte) {
	switch {
	case len(results) == 0:
		g.c.plain(blockVoid)
	case len(results) == 1:
		g.c.plain(results[0])
	default:
		for i, t := range g.types {
			if len(t.params) == 0 && string(t.results) == string(results) {
				g.c = appendS64(g.c, int64(i))
			}
		}
	}
}

func (g *generator) inside(label, results []byte, depth int) {
	g.labels = append(g.labels, label)
	for range g.rnd.IntN(3) {
		g.statement(depth)
	}
	for _, r := range results {
		g.expression(r, depth)
	}
	g.labels = g.labels[:len(g.labels)-1]
	g.c.plain(opEnd)
}

func (g *generator) block(results []byte, depth int) {
	g.c.plain(opBlock)
	g.typed(results)
	g.inside(results, results, depth)
}

func (g *generator) choose(results []byte, depth int) {
	g.expression(typeI32, depth)
	g.c.plain(opIf)
	g.typed(results)
	if len(results) > 0 || g.rnd.IntN(2) == 0 {
		g.inside(results, results, depth)
		g.c[len(g.c)-1] = opElse
	}
	g.inside(results, results, depth)
}

// loop runs a few times; its label is not for others, as it would begin it anew without counting.
func (g *generator) loop(results []byte, depth int) {
	if len(g.spare) == 0 {
		g.block(results, depth)
		return
	}
	counter := g.spare[0]
	g.spare = g.spare[1:]
	g.c.i32(int32(1 + g.rnd.IntN(4)))
	g.c.op(opLocalSet, counter)
	g.c.plain(opLoop)
	again := g.rnd.IntN(4) > 0
	g.typed(results)
	g.labels = append(g.labels, nil)
	g.labels[len(g.labels)-1] = []byte{0} // no type: nobody branches to it
	for range 1 + g.rnd.IntN(3) {
		g.statement(depth)
	}
	g.c.op(opLocalGet, counter)
	g.c.i32(1)
	g.c.plain(opI32Sub)
	g.c.op(opLocalTee, counter)
	if again {
		g.c.op(opBrIf, 0)
	} else {
		g.c.plain(0x1a)
	}
	for _, r := range results {
		g.expression(r, depth)
	}
	g.labels = g.labels[:len(g.labels)-1]
	g.spare = append(g.spare, counter)
	g.c.plain(opEnd)
}

// call calls a function before this one whose only result is of a type.
func (g *generator) call(t byte, depth int) bool {
	for try := 0; try < 4 && g.index > 0; try++ {
		f := g.rnd.IntN(g.index)
		typ := g.types[g.funcs[f]]
		if len(typ.results) != 1 || typ.results[0] != t {
			continue
		}
		for _, p := range typ.params {
			g.expression(p, depth)
		}
		if g.rnd.IntN(3) == 0 && f < 3 {
			g.c.i32(int32(g.rnd.IntN(4)))
			g.c.op(opCallIndirect, g.funcs[f])
			g.c.plain(0)
		} else {
			g.c.op(opCall, uint32(f))
		}
		return true
	}
	return false
}

// statement leaves the stack as it was.
func (g *generator) statement(depth int) {
	g.budget--
	if depth <= 0 || g.budget <= 0 {
		g.c.plain(0x01)
		return
	}
	depth--
	switch g.rnd.IntN(16) {
	case 0, 1, 2:
		i := g.rnd.IntN(len(g.locals))
		g.expression(g.locals[i], depth)
		g.c.op(opLocalSet, uint32(i))
	case 3, 4:
		i := g.rnd.IntN(len(g.globals))
		g.expression(g.globals[i], depth)
		g.c.op(opGlobalSet, uint32(i))
	case 5:
		g.address(depth)
		g.expression(typeI32, depth)
		g.c.plain(0x36, 2, byte(g.rnd.IntN(64)))
	case 6:
		g.address(depth)
		g.expression(typeV128, depth)
		g.c.plain(opVector, 0x0b, 0, 0)
	case 7:
		g.choose(nil, depth)
	case 8:
		g.block(nil, depth)
	case 9:
		g.loop(nil, depth)
	case 10, 11:
		g.jump(depth)
	case 12, 13:
		g.bulk(depth)
	case 14:
		g.several(depth)
	default:
		g.expression(numTypes[g.rnd.IntN(len(numTypes))], depth)
		g.c.plain(0x1a)
	}
}

// jump branches, in a block that ends there, or perhaps.
func (g *generator) jump(depth int) {
	target := g.rnd.IntN(len(g.labels))
	carries := g.labels[target]
	if len(carries) == 1 && carries[0] == 0 {
		return
	}
	label := func(inner int) uint32 { return uint32(len(g.labels) - 1 - target + inner) }
	value := func() {
		for _, t := range carries {
			g.expression(t, depth)
		}
	}
	drop := func() {
		for range carries {
			g.c.plain(0x1a)
		}
	}
	switch g.rnd.IntN(5) {
	case 0:
		value()
		g.expression(typeI32, depth)
		g.c.op(opBrIf, label(0))
		drop()
	case 1: // in an arm, followed by dead code
		g.expression(typeI32, depth)
		g.c.plain(opIf, blockVoid)
		g.labels = append(g.labels, nil)
		value()
		g.c.op(opBr, label(0))
		g.statement(depth)
		g.labels = g.labels[:len(g.labels)-1]
		g.c.plain(opEnd)
	case 2:
		g.expression(typeI32, depth)
		g.c.plain(opIf, blockVoid)
		g.labels = append(g.labels, nil)
		for _, t := range g.results {
			g.expression(t, depth)
		}
		g.c.plain(opReturn)
		g.labels = g.labels[:len(g.labels)-1]
		g.c.plain(opEnd)
	case 3:
		g.c.plain(opBlock, blockVoid)
		g.labels = append(g.labels, nil)
		g.expression(typeI32, depth)
		if len(carries) == 0 {
			g.c.plain(opBrTable, 2, 0)
			g.c = appendU32(g.c, label(0))
			g.c.plain(0)
		} else {
			g.c.plain(opBrTable, 0, 0)
		}
		g.labels = g.labels[:len(g.labels)-1]
		g.c.plain(opEnd)
	default:
		if g.rnd.IntN(6) == 0 {
			g.expression(typeI32, depth)
			g.c.plain(opIf, blockVoid, opUnreachable, opEnd)
		}
	}
}

func (g *generator) bulk(depth int) {
	small := func() { g.c.i32(int32(g.rnd.IntN(40))) }
	switch g.rnd.IntN(9) {
	case 0:
		g.address(depth)
		g.expression(typeI32, depth)
		small()
		g.c.plain(opMisc, miscMemoryFill, 0)
	case 1:
		g.address(depth)
		g.address(depth)
		small()
		g.c.plain(opMisc, miscMemoryCopy, 0, 0)
	case 2:
		g.address(depth)
		g.c.i32(int32(g.rnd.IntN(4)))
		g.c.i32(int32(g.rnd.IntN(4)))
		g.c.plain(opMisc, miscMemoryInit, 1, 0)
	case 3:
		g.c.i32(int32(g.rnd.IntN(8)))
		g.c.i32(int32(g.rnd.IntN(2)))
		g.c.i32(int32(g.rnd.IntN(3)))
		g.c.plain(opMisc, miscTableInit, 1, 0)
	case 4:
		for range 3 {
			g.c.i32(int32(g.rnd.IntN(5)))
		}
		g.c.plain(opMisc, miscTableCopy, 0, 0)
	case 5:
		g.constant(typeFuncref)
		g.c.i32(int32(g.rnd.IntN(3)))
		g.c.plain(opMisc, miscTableGrow, 0)
		g.c.plain(0x1a)
	case 6:
		g.c.i32(int32(g.rnd.IntN(4)))
		g.constant(typeFuncref)
		g.c.i32(int32(g.rnd.IntN(4)))
		g.c.plain(opMisc, miscTableFill, 0)
	case 7:
		g.c.i32(int32(g.rnd.IntN(9)))
		g.constant(typeFuncref)
		g.c.plain(opTableSet, 0)
	default:
		if g.rnd.IntN(4) == 0 {
			g.c.plain(opMisc, miscDataDrop, 1, opMisc, miscElemDrop, 1)
		}
	}
}

// several uses a block of parameters, or a call with several results.
func (g *generator) several(depth int) {
	switch g.rnd.IntN(3) {
	case 0: // (i32, i64) -> (i64, i32)
		g.expression(typeI32, depth)
		g.expression(typeI64, depth)
		g.c.plain(opBlock, 2)
		g.c.op(opLocalSet, uint32(g.pick(g.locals, typeI64)))
		g.c.plain(0xac)
		g.expression(typeI32, depth/2)
		g.c.plain(opEnd)
		g.c.plain(0x1a, 0x1a)
	case 1:
		g.block([]byte{typeF64, typeV128}, depth)
		g.c.op(opLocalSet, uint32(g.pick(g.locals, typeV128)))
		g.c.op(opLocalSet, uint32(g.pick(g.locals, typeF64)))
	default: // a loop with a parameter, which is run once or twice
		g.expression(typeI32, depth)
		g.c.i32(3)
		g.c.plain(0x71, opLoop, 1)
		g.c.i32(1)
		g.c.plain(0x76)
		i := uint32(g.pick(g.locals, typeI32))
		g.c.op(opLocalTee, i)
		g.c.op(opLocalGet, i)
		g.c.op(opBrIf, 0)
		g.c.plain(opEnd, 0x1a)
	}
}
