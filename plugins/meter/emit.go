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
	m  *module
	in *injected
	c  coder
}

// body appends the rewritten code of a function.
func (e *emitter) body(index int) {
	b := &e.m.bodies[index]
	e.c = append(e.c, b.code[:b.instr]...)
	from := b.instr
	for i := b.sites[0]; i < b.sites[1]; i++ {
		s := &e.m.a.sites[i]
		if s.kind == siteNone {
			continue
		}
		e.c = append(e.c, b.code[from:s.at]...)
		from = int(s.at) + int(s.size)
		if i == b.sites[0] && !b.flat {
			e.in.payEntry(&e.c, int64(s.val), int64(b.frameBytes()))
			if b.leaves {
				e.exitBlock(index)
			}
			continue
		}
		e.site(b, s)
	}
	if b.flat {
		e.c = append(e.c, b.code[from:]...)
		return
	}
	e.c = append(e.c, b.code[from:len(b.code)-1]...)
	if b.leaves {
		e.c.plain(opEnd)
	}
	e.c.add(e.in.stack, int64(b.frameBytes()))
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
		c.op(opCall, e.m.shifted(s.val))
	case siteRefFunc:
		c.op(opRefFunc, e.m.shifted(s.val))
	case siteReturn:
		if b.flat {
			c.plain(opReturn)
		} else {
			c.op(opBr, s.val)
		}
	case siteFill:
		c.op(opCall, e.in.byName[funcFill])
	case siteCopy:
		c.op(opCall, e.in.byName[funcCopy])
	case siteInit:
		c.op(opCall, e.in.segments[s.val])
	case siteBytes:
		c.op(opCall, e.in.byName[funcBytes])
	case siteEntries:
		c.op(opCall, e.in.byName[funcEntries])
	case sitePages:
		c.op(opCall, e.in.byName[funcPages])
	}
}

func (e *emitter) charge(s *site) {
	weight := int64(s.val)
	switch {
	case !s.tested:
		e.c.add(e.in.fuel, -weight)
	case s.again:
		e.in.payLoop(&e.c, weight)
	default:
		e.in.payHere(&e.c, weight)
	}
}
