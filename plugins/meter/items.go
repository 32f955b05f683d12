package meter

import (
	"errors"
	"fmt"
	"strings"
)

// What the items of sections look like (WebAssembly 2.0 §5.3 to §5.5).

const (
	typeI32       = 0x7f
	typeI64       = 0x7e
	typeF32       = 0x7d
	typeF64       = 0x7c
	typeV128      = 0x7b
	typeFuncref   = 0x70
	typeExternref = 0x6f
	funcTypeForm  = 0x60
)

func isValueType(t byte) bool {
	return t >= typeV128 && t <= typeI32 || isRefType(t)
}

func isRefType(t byte) bool { return t == typeFuncref || t == typeExternref }

func checkValueType(r *reader, t byte) {
	if !isValueType(t) {
		r.fail(fmt.Errorf("has a value type (0x%02x) that is not of WebAssembly 2.0", t))
	}
}

func (m *module) valueTypes(r *reader) []byte {
	n := r.count()
	if n > maxSignature {
		r.fail(fmt.Errorf("has %d parameters or results; at most %d", n, maxSignature))
	}
	if m.signatures += n; m.signatures > maxSignatures {
		r.fail(fmt.Errorf("makes more than %d parameters and results in all types", maxSignatures))
	}
	types := r.bytes(n)
	for _, t := range types {
		checkValueType(r, t)
		m.wide = m.wide || t == typeV128
	}
	return types
}

func (m *module) readType(r *reader) {
	if form := r.byte(); form != funcTypeForm && r.err == nil {
		r.fail(fmt.Errorf("is of a form (0x%02x) that is not of WebAssembly 2.0", form))
	}
	params := m.valueTypes(r)
	results := m.valueTypes(r)
	m.types = append(m.types, funcType{params, results})
}

// typeIndex reads the index of a type.
func (m *module) typeIndex(r *reader) uint32 {
	i := r.u32()
	if int64(i) >= int64(len(m.types)) && r.err == nil {
		r.fail(fmt.Errorf("names type %d, which does not exist", i))
		return 0
	}
	return i
}

func (m *module) readImport(r *reader) {
	mod, name := r.name(), r.name()
	kind := r.byte()
	switch {
	case r.err != nil:
	case mod == HostModule:
		r.fail(fmt.Errorf("imports %.64q.%.64q; that module is reserved", mod, name))
	case Kind(kind) != KindFunc:
		r.fail(fmt.Errorf("imports %.64q.%.64q, which is a memory, table or global; a filter imports functions only", mod, name))
	}
	typ := m.typeIndex(r)
	m.imports = append(m.imports, imported{mod, name, typ})
	m.funcs = append(m.funcs, typ)
}

func (m *module) readFunction(r *reader) { m.funcs = append(m.funcs, m.typeIndex(r)) }

// readLimits reads a minimum and, if there is one, a maximum (§5.3.7).
func readLimits(r *reader) (low, high uint32, bounded bool) {
	flags := r.byte()
	switch {
	case flags > 3:
		r.fail(errors.New("has 64-bit addresses, which are not supported"))
	case flags > 1:
		r.fail(errors.New("is shared; threads are not supported"))
	}
	low = r.u32()
	if bounded = flags == 1; bounded {
		high = r.u32()
	}
	if bounded && high < low {
		r.fail(errors.New("has a maximum below its minimum"))
	}
	return low, high, bounded
}

func (m *module) readMemory(r *reader) {
	low, high, bounded := readLimits(r)
	if int64(low) > int64(m.limits.MemoryPages) {
		r.fail(fmt.Errorf("begins with %d pages of 64KiB; at most %d: build the module with less, or raise limits.memory (%d MiB would do, of 2 GiB at most)", low, m.limits.MemoryPages, (uint64(low)+15)/16))
	}
	m.memory = &memoryType{low, high, bounded}
}

func (m *module) readTable(r *reader) {
	elem := r.byte()
	if !isRefType(elem) {
		r.fail(fmt.Errorf("is of a form (0x%02x) that is not of WebAssembly 2.0", elem))
	}
	low, high, bounded := readLimits(r)
	if int64(low) > int64(m.limits.TableEntries) {
		r.fail(fmt.Errorf("begins with %d entries; at most %d", low, m.limits.TableEntries))
	}
	m.tables = append(m.tables, tableType{elem, low, high, bounded})
}

func (m *module) readGlobal(r *reader) {
	typ := r.byte()
	checkValueType(r, typ)
	m.wide = m.wide || typ == typeV128
	mutable := r.byte()
	if mutable > 1 {
		r.fail(fmt.Errorf("is neither constant nor mutable (0x%02x)", mutable))
	}
	m.constExpr(r)
	if mutable == 1 {
		m.mutable++
	}
	if m.mutable > maxMutable {
		r.fail(fmt.Errorf("makes more than %d mutable globals", maxMutable))
	}
	m.globals = append(m.globals, globalType{typ, mutable == 1})
}

func (m *module) readExport(r *reader) {
	e := exported{r.name(), Kind(r.byte()), r.u32()}
	if r.err == nil && strings.HasPrefix(e.name, ReservedPrefix) {
		r.fail(fmt.Errorf("is called %.64q; names that begin with %s are reserved", e.name, ReservedPrefix))
	}
	counts := [...]int{KindFunc: len(m.funcs), KindTable: len(m.tables), KindMemory: m.memories(), KindGlobal: len(m.globals)}
	switch {
	case r.err != nil:
	case int(e.kind) >= len(counts):
		r.fail(fmt.Errorf("%.64q is of kind %d, which is not of WebAssembly 2.0", e.name, e.kind))
	case int64(e.index) >= int64(counts[e.kind]):
		r.fail(fmt.Errorf("%.64q is of an index, %d, that does not exist", e.name, e.index))
	}
	m.exports = append(m.exports, e)
}

func (m *module) memories() int {
	if m.memory == nil {
		return 0
	}
	return 1
}

// function reads the index of a function.
func (m *module) function(r *reader) uint32 {
	f := r.u32()
	if int64(f) >= int64(len(m.funcs)) && r.err == nil {
		r.fail(fmt.Errorf("names function %d, which does not exist", f))
		return 0
	}
	return f
}

// constExpr reads a constant expression (§3.3.10): one instruction and end.
func (m *module) constExpr(r *reader) {
	switch op := r.byte(); op {
	case opI32Const:
		r.skipLEB(5)
	case opI64Const:
		r.skipLEB(10)
	case opF32Const:
		r.bytes(4)
	case opF64Const:
		r.bytes(8)
	case opGlobalGet: // of an imported global, of which there are none
		r.fail(errors.New("has a constant expression that reads a global; those can only be imported, and a filter imports functions only"))
	case opRefNull:
		if t := r.byte(); !isRefType(t) {
			r.fail(fmt.Errorf("has a null reference (0x%02x) that is not of WebAssembly 2.0", t))
		}
	case opRefFunc:
		m.function(r)
	case opVector:
		if r.byte() != vecConst {
			r.fail(errors.New("has a constant expression that is not constant"))
		}
		r.bytes(16)
	default:
		r.fail(fmt.Errorf("has a constant expression (0x%02x) that is not of WebAssembly 2.0", op))
	}
	if end := r.byte(); end != opEnd && r.err == nil {
		r.fail(errors.New("has a constant expression of more than one instruction"))
	}
}

// elementKind is one of the eight kinds of element segments (§5.5.12).
type elementKind uint32

func (k elementKind) active() bool      { return k&1 == 0 }
func (k elementKind) explicit() bool    { return k&2 != 0 } // table index, or declarative
func (k elementKind) expressions() bool { return k&4 != 0 } // instead of function indices
func (k elementKind) typed() bool       { return k&3 != 0 }

func (m *module) readElement(r *reader) {
	k := elementKind(r.u32())
	if k > 7 {
		r.fail(fmt.Errorf("has flags %d", k))
	}
	if k.active() {
		if k.explicit() {
			m.table(r)
		}
		m.constExpr(r)
	}
	if k.typed() {
		if t := r.byte(); k.expressions() && !isRefType(t) || !k.expressions() && t != 0 {
			r.fail(fmt.Errorf("has elements of a kind (0x%02x) that is not of WebAssembly 2.0", t))
		}
	}
	n := r.count()
	if m.elements += n; m.elements > maxElements {
		r.fail(fmt.Errorf("makes more than %d entries in all segments", maxElements))
	}
	for i := uint32(0); i < n && r.err == nil; i++ {
		if k.expressions() {
			m.constExpr(r)
		} else {
			m.function(r)
		}
	}
	m.segments++
}

// table reads the index of a table.
func (m *module) table(r *reader) uint32 {
	t := r.u32()
	if int64(t) >= int64(len(m.tables)) && r.err == nil {
		r.fail(fmt.Errorf("names table %d, which does not exist", t))
		return 0
	}
	return t
}

func (m *module) readData(r *reader) {
	kind := r.u32()
	if kind > 2 {
		r.fail(fmt.Errorf("has flags %d", kind))
	}
	if kind == 2 && r.u32() != 0 {
		r.fail(errors.New("is for a second memory, which is not supported"))
	}
	if kind != 1 {
		m.constExpr(r)
	}
	m.data = append(m.data, uint32(len(r.bytes(r.u32()))))
}
