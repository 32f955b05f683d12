package meter

// rewritten puts the module together anew.
func (m *module) rewritten(size int) []byte {
	in := m.inject()
	code := m.codeSection(in, size) // first, as it may add types
	out := make([]byte, 0, len(code)+size)
	out = append(append(out, wasmMagic...), wasmVersion...)
	for _, s := range []struct {
		id   byte
		body []byte
	}{
		{sectionType, m.typeSection(in)},
		{sectionImport, m.importSection(in)},
		{sectionFunction, m.functionSection(in)},
		{sectionTable, m.tableSection()},
		{sectionMemory, m.memorySection()},
		{sectionGlobal, m.globalSection()},
		{sectionExport, m.exportSection(in)},
		{sectionStart, m.startSection()},
		{sectionElement, m.elementSection()},
		{sectionDataCount, m.sections[sectionDataCount]},
		{sectionCode, code},
		{sectionData, m.sections[sectionData]},
		{sectionCustom, m.nameSection(in)},
	} {
		if s.body != nil {
			out = appendSection(out, s.id, s.body)
		}
	}
	return out
}

// items returns a section with more items than the original had.
func (m *module) items(id byte, more int) []byte {
	r := &reader{b: m.sections[id]}
	n := uint32(more)
	if len(r.b) > 0 {
		n += r.u32()
	}
	return append(appendU32(make([]byte, 0, len(r.b)+64), n), r.b[r.at:]...)
}

func (m *module) typeSection(in *injected) []byte {
	out := m.items(sectionType, len(in.types))
	for _, t := range in.types {
		out = append(out, funcTypeForm)
		out = append(appendU32(out, uint32(len(t.params))), t.params...)
		out = append(appendU32(out, uint32(len(t.results))), t.results...)
	}
	return out
}

func (m *module) importSection(in *injected) []byte {
	out := m.items(sectionImport, 1)
	out = appendName(appendName(out, HostModule), TickName)
	return appendU32(append(out, byte(KindFunc)), in.tick)
}

func (m *module) functionSection(in *injected) []byte {
	out := m.items(sectionFunction, len(in.funcs))
	for _, f := range in.funcs {
		out = appendU32(out, f.typ)
	}
	return out
}

// tableSection gives every table a maximum: without one a guest grows it to gigabytes that no limit sees.
func (m *module) tableSection() []byte {
	if len(m.tables) == 0 {
		return nil
	}
	out := appendU32(nil, uint32(len(m.tables)))
	for _, t := range m.tables {
		out = appendLimits(append(out, t.elem), t.low, bounded(t.high, t.bounded, m.limits.TableEntries))
	}
	return out
}

func (m *module) memorySection() []byte {
	if m.memory == nil {
		return nil
	}
	return appendLimits([]byte{1}, m.memory.low, bounded(m.memory.high, m.memory.bounded, m.limits.MemoryPages))
}

func bounded(high uint32, has bool, limit int) uint32 {
	if !has || uint64(high) > uint64(limit) {
		return uint32(limit)
	}
	return high
}

func appendLimits(out []byte, low, high uint32) []byte {
	return appendU32(appendU32(append(out, 1), low), high)
}

func (m *module) globalSection() []byte {
	r := &reader{b: m.sections[sectionGlobal]}
	out := appendU32(make([]byte, 0, len(r.b)+64), uint32(len(m.globals)+2))
	if len(r.b) > 0 {
		c := copier{m: m, r: r}
		for range c.skipCount() {
			r.bytes(2)
			c.constExpr()
		}
		out = append(out, c.done()...)
	}
	for _, v := range []int64{0, int64(m.limits.StackBytes)} {
		out = appendS64(append(out, typeI64, 1, opI64Const), v)
		out = append(out, opEnd)
	}
	return out
}

func (m *module) exportSection(in *injected) []byte {
	more := []exported{{FuelGlobal, KindGlobal, in.fuel}, {StackGlobal, KindGlobal, in.stack}}
	if index, has := in.byName[funcSave]; has {
		more = append(more, exported{SaveName, KindFunc, index}, exported{RestoreName, KindFunc, in.byName[funcRestore]})
	}
	out := appendU32(nil, uint32(len(m.exports)+len(more)))
	for _, e := range m.exports {
		if e.kind == KindFunc {
			e.index = m.shifted(e.index)
		}
		out = appendU32(append(appendName(out, e.name), byte(e.kind)), e.index)
	}
	for _, e := range more {
		out = appendU32(append(appendName(out, e.name), byte(e.kind)), e.index)
	}
	return out
}

func (m *module) startSection() []byte {
	if m.start < 0 {
		return nil
	}
	return appendU32(nil, m.shifted(uint32(m.start)))
}

func (m *module) elementSection() []byte {
	if m.sections[sectionElement] == nil {
		return nil
	}
	c := copier{m: m, r: &reader{b: m.sections[sectionElement]}}
	n := c.skipCount()
	for range n {
		c.element()
	}
	return append(appendU32(nil, n), c.done()...)
}

// codeSection returns the code of all functions. What it allocates is about as large as the module.
func (m *module) codeSection(in *injected, size int) []byte {
	e := emitter{m: m, in: in}
	out := appendU32(make([]byte, 0, size+size/4), uint32(len(m.bodies)+len(in.funcs)))
	for i := range m.bodies {
		e.c = e.c[:0]
		e.body(i)
		out = append(appendU32(out, uint32(len(e.c))), e.c...)
	}
	for _, f := range in.funcs {
		out = append(appendU32(out, uint32(len(f.code))), f.code...)
	}
	return out
}
