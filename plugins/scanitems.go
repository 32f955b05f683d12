package plugins

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// What the encodings of WebAssembly 2.0 §5.3 to §5.5 look like, item by item.

const (
	funcTypeForm  = 0x60
	externFunc    = 0x00
	refNullFunc   = 0x70
	refNullExtern = 0x6f
)

func (s *scanner) valueTypes(r *scanReader, most uint32) {
	n := r.count()
	if n > most {
		r.fail(fmt.Errorf("has %d parameters or results; at most %d", n, most))
	}
	s.signatures += n
	if s.signatures > maxSignatures {
		r.fail(fmt.Errorf("makes more than %d parameters and results in all types", maxSignatures))
	}
	for _, t := range r.bytes(n) {
		valueType(r, t)
	}
}

func valueType(r *scanReader, t byte) {
	switch t {
	case 0x7f, 0x7e, 0x7d, 0x7c, 0x7b, refNullFunc, refNullExtern: // i32 i64 f32 f64 v128
	default:
		r.fail(fmt.Errorf("has a value type (0x%02x) that is not of WebAssembly 2.0", t))
	}
}

func (s *scanner) funcType(r *scanReader) {
	if form := r.byte(); form != funcTypeForm && r.err == nil {
		r.fail(fmt.Errorf("is of a form (0x%02x) that is not of WebAssembly 2.0", form))
	}
	s.valueTypes(r, maxSignature)
	s.valueTypes(r, maxSignature)
}

func (s *scanner) imported(r *scanReader) {
	module, name := r.name(), r.name()
	if kind := r.byte(); kind != externFunc && r.err == nil {
		r.fail(fmt.Errorf("imports %.64q.%.64q, which is a memory, table or global; a filter imports functions only", module, name))
	}
	r.u32()
}

func (s *scanner) index(r *scanReader) { r.u32() }

// limits reads a minimum and, if there is one, a maximum (§5.3.7).
func (s *scanner) limits(r *scanReader) (low, high uint32, bounded bool) {
	flags := r.byte()
	switch {
	case flags > 3:
		r.fail(errors.New("has 64-bit addresses, which are not supported"))
	case flags > 1:
		r.fail(errors.New("is shared; threads are not supported"))
	}
	low = r.u32()
	if flags == 1 {
		return low, r.u32(), true
	}
	return low, 0, false
}

func (s *scanner) memory(r *scanReader) {
	low, _, _ := s.limits(r)
	if uint64(low) > s.pages {
		r.fail(fmt.Errorf("begins with %d pages of 64KiB, and limits.memory allows %d: raise limits.memory to %dKiB or more, or build the module with less", low, s.pages, uint64(low)*64))
	}
}

// tables checks the table section and writes it anew, with a maximum for every table: without one a guest grows a
// table to gigabytes that no limit sees.
func (s *scanner) tables(body []byte) error {
	if err := s.items(sectionTable, body); err != nil {
		return err
	}
	r := &scanReader{b: body}
	n := r.count()
	bounded := appendU32(nil, n)
	for range n {
		form := r.byte()
		low, high, has := s.limits(r)
		if !has || high > maxTable {
			high = maxTable
		}
		bounded = append(bounded, form, 1)
		bounded = appendU32(appendU32(bounded, low), high)
	}
	s.emit(sectionTable, bounded)
	return nil
}

func (s *scanner) table(r *scanReader) {
	if form := r.byte(); form != refNullFunc && form != refNullExtern {
		r.fail(fmt.Errorf("is of a form (0x%02x) that is not of WebAssembly 2.0", form))
	}
	low, high, bounded := s.limits(r)
	switch {
	case low > maxTable:
		r.fail(fmt.Errorf("begins with %d entries; at most %d", low, maxTable))
	case bounded && high < low:
		r.fail(errors.New("has a maximum below its minimum"))
	}
}

func (s *scanner) global(r *scanReader) {
	valueType(r, r.byte())
	r.byte()
	constExpr(r)
}

func (s *scanner) export(r *scanReader) {
	r.name()
	r.byte()
	r.u32()
}

// constExpr skips a constant expression (§3.3.10): one instruction and end.
func constExpr(r *scanReader) {
	switch op := r.byte(); op {
	case 0x41, 0x23, 0xd2: // i32.const, global.get, ref.func
		r.skipLEB(5)
	case 0x42: // i64.const
		r.skipLEB(10)
	case 0x43: // f32.const
		r.bytes(4)
	case 0x44: // f64.const
		r.bytes(8)
	case 0xd0: // ref.null
		r.byte()
	case 0xfd: // v128.const
		if r.u32() != 12 {
			r.fail(errors.New("has a constant expression that is not constant"))
		}
		r.bytes(16)
	default:
		r.fail(fmt.Errorf("has a constant expression (0x%02x) that is not of WebAssembly 2.0", op))
	}
	if end := r.byte(); end != 0x0b && r.err == nil {
		r.fail(errors.New("has a constant expression of more than one instruction"))
	}
}

// element checks one segment. Its flags (§5.5.12): 1 passive or declarative, 2 explicit index or declarative,
// 4 expressions instead of function indices.
func (s *scanner) element(r *scanReader) {
	flags := r.u32()
	if flags > 7 {
		r.fail(fmt.Errorf("has flags %d", flags))
	}
	active, explicit, exprs := flags&1 == 0, flags&2 != 0, flags&4 != 0
	if active {
		if explicit {
			r.u32()
		}
		constExpr(r)
	}
	if !active || explicit {
		r.byte() // element kind or type
	}
	n := r.count()
	if s.elements += n; s.elements > maxElements {
		r.fail(fmt.Errorf("makes more than %d entries in all segments", maxElements))
	}
	for i := uint32(0); i < n && r.err == nil; i++ {
		if exprs {
			constExpr(r)
		} else {
			r.u32()
		}
	}
}

func (s *scanner) body(r *scanReader) {
	code := r.bytes(r.u32())
	if len(code) > maxBody {
		r.fail(fmt.Errorf("is a function of %d bytes; at most %d, as compiling takes quadratic time: split the function, or build with less inlining", len(code), maxBody))
		return
	}
	b := &scanReader{b: code}
	sum := uint64(0)
	for range b.count() {
		sum += uint64(b.u32())
		valueType(b, b.byte())
	}
	s.locals += sum
	switch {
	case b.err != nil:
		r.fail(b.err)
	case sum > maxLocals:
		r.fail(fmt.Errorf("is a function with %d locals; at most %d", sum, maxLocals))
	case s.locals > maxLocalsSum:
		r.fail(fmt.Errorf("makes more than %d locals in all functions", maxLocalsSum))
	}
}

func (s *scanner) data(r *scanReader) {
	flags := r.u32()
	if flags > 2 {
		r.fail(fmt.Errorf("has flags %d", flags))
	}
	if flags == 2 {
		r.u32()
	}
	if flags != 1 {
		constExpr(r)
	}
	r.bytes(r.u32())
}

const (
	nameSection   = "name"
	functionNames = 1 // subsection
	maxNamed      = 100_000
)

// custom keeps the function names, which make traps readable, and drops the rest.
func (s *scanner) custom(body []byte) error {
	r := &scanReader{b: body}
	name := r.name()
	if r.err != nil {
		return fmt.Errorf("custom section %w", r.err)
	}
	if name != nameSection || s.named {
		return nil
	}
	for r.more() {
		id, sub := r.byte(), r.bytes(r.u32())
		if r.err == nil && id == functionNames && goodNames(sub) {
			s.named = true
			kept := append(appendU32(nil, uint32(len(nameSection))), nameSection...)
			kept = append(kept, functionNames)
			kept = append(appendU32(kept, uint32(len(sub))), sub...)
			s.emit(sectionCustom, kept)
			return nil
		}
	}
	return nil
}

// goodNames reports whether sub is a well-formed name map (§7.4.1): broken names are no reason to refuse a module.
func goodNames(sub []byte) bool {
	r := &scanReader{b: sub}
	n := r.count()
	for i := uint32(0); i < n && r.err == nil; i++ {
		r.u32()
		if !utf8.Valid(r.bytes(r.u32())) {
			return false
		}
	}
	return r.err == nil && !r.more() && n <= maxNamed
}
