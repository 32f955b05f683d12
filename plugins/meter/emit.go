package meter

// shifted is the index that a function has in the rewritten module, where the host's tick is the last import.
func (m *module) shifted(f uint32) uint32 {
	if int(f) >= len(m.imports) {
		return f + 1
	}
	return f
}

// emitter writes rewritten code.
type emitter struct {
	m     *module
	in    *injected
	c     coder
	purse purse // of the function at hand
}

// body appends the rewritten code of a function.
func (e *emitter) body(index int) {
	b := &e.m.bodies[index]
	e.purse = purse{e.in, b.keeps, b.locals}
	e.declare(b)
	from := b.instr
	for i := b.sites[0]; i < b.sites[1]; i++ {
		s := &e.m.a.sites[i]
		first := i == b.sites[0]
		if s.kind == siteNone && !first {
			continue
		}
		e.c = append(e.c, b.code[from:s.at]...)
		from = int(s.at) + int(s.size)
		if first {
			e.begin(b, s, index)
		} else {
			e.site(b, s)
		}
	}
	if b.flat && !b.keeps {
		e.c = append(e.c, b.code[from:]...)
		return
	}
	e.c = append(e.c, b.code[from:len(b.code)-1]...)
	e.finish(b)
}

// declare writes what locals the function has.
func (e *emitter) declare(b *body) {
	if !b.keeps {
		e.c = append(e.c, b.code[:b.instr]...)
		return
	}
	r := reader{b: b.code}
	e.c = appendU32(e.c, r.u32()+1)
	e.c = append(e.c, b.code[r.at:b.instr]...)
	e.c = append(e.c, 1, typeI64)
}

// begin pays on entry, at the first site.
func (e *emitter) begin(b *body, s *site, index int) {
	switch {
	case !b.flat:
		e.in.payEntry(&e.c, int64(s.val), int64(b.frameBytes()))
	case s.kind == siteCharge:
		kept := e.purse.kept
		e.purse.kept = false
		e.charge(s)
		e.purse.kept = kept
	}
	e.purse.take(&e.c)
	if b.leaves && (!b.flat || b.keeps) {
		e.exitBlock(index)
	}
}

// finish settles at the one place where the function ends.
func (e *emitter) finish(b *body) {
	if b.leaves {
		e.c.plain(opEnd)
	}
	e.purse.put(&e.c)
	if !b.flat {
		e.c.add(e.in.stack, int64(b.frameBytes()))
	}
	e.c.plain(opEnd)
}

// exitBlock opens the block that returns leave, so that the frame is given back at one place.
func (e *emitter) exitBlock(index int) {
	results := e.m.types[e.m.funcs[len(e.m.imports)+index]].results
	switch len(results) {
	case 0:
		e.c.plain(opBlock, blockVoid)
	case 1:
		e.c.plain(opBlock, results[0])
	default:
		e.c = appendS64(append(e.c, opBlock), int64(e.in.typeOf(nil, results)))
	}
}

func (e *emitter) site(b *body, s *site) {
	c := &e.c
	switch s.kind {
	case siteCharge:
		e.charge(s)
	case siteCall:
		e.call(e.m.shifted(s.val))
	case siteRefFunc:
		c.op(opRefFunc, e.m.shifted(s.val))
	case siteReturn:
		if b.flat && !b.keeps {
			c.plain(opReturn)
		} else {
			c.op(opBr, s.val)
		}
	case siteFill:
		e.call(e.in.byName[funcFill])
	case siteCopy:
		e.call(e.in.byName[funcCopy])
	case siteInit:
		e.call(e.in.segments[s.val])
	case siteBytes:
		e.call(e.in.byName[funcBytes])
	case siteEntries:
		e.call(e.in.byName[funcEntries])
	case sitePages:
		e.call(e.in.byName[funcPages])
	}
}

// call calls a function that spends fuel.
func (e *emitter) call(f uint32) {
	e.purse.put(&e.c)
	e.c.op(opCall, f)
	e.purse.take(&e.c)
}

func (e *emitter) charge(s *site) {
	weight := int64(s.val)
	switch {
	case !s.tested:
		e.purse.spend(&e.c, weight)
	case s.again:
		e.purse.payLoop(&e.c, weight)
	default:
		e.purse.payHere(&e.c, weight)
	}
}
