package meter

// injected are the types, functions and globals that a rewritten module has beyond the original.
type injected struct {
	m        *module
	types    []funcType
	byKey    map[string]uint32
	funcs    []injectedFunc
	first    uint32            // index of funcs[0]
	byName   map[string]uint32 // to the index
	segments map[uint32]uint32 // long data segment to the function that copies from it
	tick     uint32            // type of the import
	fuel     uint32            // globals
	stack    uint32
}

type injectedFunc struct {
	name string
	typ  uint32
	code []byte // with its locals
}

// Names of injected functions, in traces of the stack; save and restore are exported too.
const (
	funcAsk     = "ask"
	funcBytes   = "bytes"
	funcEntries = "entries"
	funcPages   = "pages"
	funcFill    = "fill"
	funcCopy    = "copy"
	funcInit    = "init"
	funcSave    = "save"
	funcRestore = "restore"
)

// inject makes what the module's sites need.
func (m *module) inject() *injected {
	in := &injected{
		m: m, byKey: map[string]uint32{}, byName: map[string]uint32{}, segments: map[uint32]uint32{},
		first: uint32(len(m.funcs)) + 1,
		fuel:  uint32(len(m.globals)), stack: uint32(len(m.globals)) + 1,
	}
	in.tick = in.typeOf(twoI64, oneI64)
	in.add(funcAsk, nil, nil, in.askCode())
	used := map[siteKind]bool{}
	for _, s := range m.a.sites {
		used[s.kind] = true
		if _, made := in.segments[s.val]; s.kind == siteInit && !made {
			in.segments[s.val] = in.add(funcInit, threeI32, nil, in.initCode(s.val))
		}
	}
	for _, h := range []struct {
		kind            siteKind
		name            string
		params, results []byte
		code            func() []byte
	}{
		{siteBytes, funcBytes, oneI32, oneI32, func() []byte { return in.lengthCode(bulkBytes) }},
		{siteEntries, funcEntries, oneI32, oneI32, func() []byte { return in.lengthCode(bulkEntries) }},
		{sitePages, funcPages, oneI32, oneI32, func() []byte { return in.lengthCode(bulkPages) }},
		{siteFill, funcFill, threeI32, nil, in.fillCode},
		{siteCopy, funcCopy, threeI32, nil, in.copyCode},
	} {
		if used[h.kind] {
			in.add(h.name, h.params, h.results, h.code())
		}
	}
	if saved := m.savedTypes(); len(saved) > 0 {
		in.add(funcSave, nil, saved, in.saveCode())
		in.add(funcRestore, saved, nil, in.restoreCode())
	}
	return in
}

var (
	oneI32   = []byte{typeI32}
	threeI32 = []byte{typeI32, typeI32, typeI32}
	twoI64   = []byte{typeI64, typeI64}
	oneI64   = []byte{typeI64}
)

func (in *injected) add(name string, params, results, code []byte) uint32 {
	index := in.first + uint32(len(in.funcs))
	in.funcs = append(in.funcs, injectedFunc{name, in.typeOf(params, results), code})
	in.byName[name] = index
	return index
}

// typeOf is the index of an injected type, made where there is none yet.
func (in *injected) typeOf(params, results []byte) uint32 {
	key := string(params) + "\x00" + string(results)
	index, made := in.byKey[key]
	if !made {
		index = uint32(len(in.m.types) + len(in.types))
		in.types = append(in.types, funcType{params, results})
		in.byKey[key] = index
	}
	return index
}

// savedTypes are the types of all mutable globals.
func (m *module) savedTypes() (types []byte) {
	for _, g := range m.globals {
		if g.mutable {
			types = append(types, g.typ)
		}
	}
	return types
}

func (in *injected) saveCode() []byte {
	c := coder{0}
	for i, g := range in.m.globals {
		if g.mutable {
			c.op(opGlobalGet, uint32(i))
		}
	}
	return append(c, opEnd)
}

func (in *injected) restoreCode() []byte {
	c := coder{0}
	param := uint32(0)
	for i, g := range in.m.globals {
		if g.mutable {
			c.op(opLocalGet, param)
			c.op(opGlobalSet, uint32(i))
			param++
		}
	}
	return append(c, opEnd)
}

// askCode asks the host for fuel. It is called when fuel or stack is below zero.
func (in *injected) askCode() []byte {
	c := coder{0}
	c.op(opGlobalGet, in.fuel)
	c.op(opGlobalGet, in.stack)
	c.op(opCall, uint32(len(in.m.imports)))
	c.op(opGlobalSet, in.fuel)
	c.op(opGlobalGet, in.stack)
	c.i64(0)
	c = append(c, opI64LtS, opIf, blockVoid, opUnreachable, opEnd)
	return append(c, opEnd)
}
