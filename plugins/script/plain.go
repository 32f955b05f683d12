package script

import (
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// plain writes plain data as JSON: objects and arrays as JSON.parse makes them, which a script may have changed. It reads
// them where QuickJS has them, in the guest's memory, and writes what JSON.stringify would, for a tenth of the time; so
// every event whose data was touched can be compared with what it was. What is not plain (accessors, functions, classes,
// keys that are numbers) it leaves to JSON.stringify. No script runs meanwhile.
//
// The layout is that of the one QuickJS that relay embeds, and Boot tries it out.
type plain struct {
	ok            bool
	atoms         uint32 // address of the address of JSRuntime.atom_array
	object, array uint32 // Object.prototype, Array.prototype
}

// Offsets in QuickJS 0.17 on 32 bits.
const (
	contextProtos = 48 // JSContext.class_proto
	runtimeAtoms  = 568

	objectFlags = 8 // and the class in the upper half
	objectShape = 12
	objectProps = 16
	arrayValues = 28
	arrayCount  = 32
	classObject = 1
	classArray  = 2
	fastArray   = 1 << 4

	shapeMask  = 16
	shapeCount = 24
	shapeProto = 36
	shapeHash  = 40

	propertyFlags  = 0xfc000000
	propertyNormal = 0x1c000000 // configurable, writable, enumerable; not an accessor
	atomInteger    = 1 << 31

	stringKind = 4 // and hash and type of an atom
	stringData = 24
	stringWide = 1 << 31
)

const (
	maxEncode      = 4 << 20 // what is larger is written by QuickJS, within the call's time and memory
	maxEncodeSteps = 1 << 20 // values that are looked at, as one may be in many places and leave no trace
	maxEncodeDepth = 512     // that relay takes
)

// plainProbe has one of everything.
const plainProbe = `{"a":1,"b":"x\"\u0001","c":[1.5,null,true,{"ü":"ሴ😀"}],"d":{},"e":[],"f":-0.001,"g":false,"h":1e+21}`

// findPlain finds what encode needs, and tries it.
func (v *VM) findPlain() error {
	if usual, err := v.invoke(entryPlain, undefined); err != nil || usual != boolean(true) {
		return err
	}
	p := plain{ok: true, atoms: v.rt + runtimeAtoms}
	protos, _ := v.mem.ReadUint32Le(v.js + contextProtos)
	p.object, _ = v.mem.ReadUint32Le(protos + 8*classObject)
	p.array, _ = v.mem.ReadUint32Le(protos + 8*classArray)
	x, err := v.parseText([]byte(plainProbe))
	if err != nil {
		return err
	}
	got, ok := p.encode(v, nil, x)
	if ok && string(got) == plainProbe {
		v.plain = p
	}
	return v.free(x)
}

// Plain reports whether the host reads and writes the script's plain data itself, which is many times as fast. It does
// unless the script has added to the prototypes of objects and arrays.
func (v *VM) Plain() bool { return v.plain.ok }

// encode appends x as JSON. It reports false for what is not plain.
func (p *plain) encode(v *VM, dst []byte, x value) ([]byte, bool) {
	if !p.ok {
		return dst, false
	}
	mem, ok := v.mem.Read(0, v.mem.Size())
	if !ok {
		return dst, false
	}
	e := encoder{plain: *p, mem: mem, dst: dst}
	e.atoms = e.u32(p.atoms)
	ok = e.value(x, 0) && !e.bad
	return e.dst, ok
}

// encoder is one encode. It never reads outside memory: an address that is none makes it bad.
type encoder struct {
	plain
	mem   []byte
	dst   []byte
	steps int
	bad   bool
}

// step counts a value that is looked at.
func (e *encoder) step() bool {
	e.steps++
	return e.steps <= maxEncodeSteps && !e.bad
}

func (e *encoder) u32(at uint32) uint32 {
	if uint64(at)+4 > uint64(len(e.mem)) {
		e.bad = true
		return 0
	}
	return binary.LittleEndian.Uint32(e.mem[at:])
}

func (e *encoder) u64(at uint32) value {
	if uint64(at)+8 > uint64(len(e.mem)) {
		e.bad = true
		return undefined
	}
	return value(binary.LittleEndian.Uint64(e.mem[at:]))
}

func (e *encoder) value(x value, depth int) bool {
	if e.bad || depth > maxEncodeDepth || len(e.dst) > maxEncode {
		return false
	}
	switch x.tag() {
	case tagInt:
		e.dst = strconv.AppendInt(e.dst, int64(int32(x)), 10)
	case tagFloat:
		f, _ := x.float()
		e.dst = appendNumber(e.dst, f)
	case tagBool:
		e.dst = strconv.AppendBool(e.dst, x.low() != 0)
	case tagNull:
		e.dst = append(e.dst, "null"...)
	case tagString:
		return e.string(x.low())
	case tagObject:
		switch e.u32(x.low()+objectFlags) >> 16 {
		case classObject:
			return e.members(x.low(), depth)
		case classArray:
			return e.elements(x.low(), depth)
		}
		return false
	default:
		return false
	}
	return true
}

func (e *encoder) members(at uint32, depth int) bool {
	shape, props := e.u32(at+objectShape), e.u32(at+objectProps)
	if proto := e.u32(shape + shapeProto); proto != e.object && proto != 0 {
		return false
	}
	first := shape + shapeHash + 4*(e.u32(shape+shapeMask)+1)
	e.dst = append(e.dst, '{')
	begun := len(e.dst)
	for i := range e.u32(shape + shapeCount) {
		if !e.step() {
			return false
		}
		atom := e.u32(first + 8*i + 4)
		if atom == 0 && !e.bad { // deleted
			continue
		}
		if e.u32(first+8*i)&propertyFlags != propertyNormal || atom&atomInteger != 0 || e.bad {
			return false
		}
		x := e.u64(props + 8*i)
		if x == undefined {
			continue
		}
		if len(e.dst) > begun {
			e.dst = append(e.dst, ',')
		}
		if !e.key(e.u32(e.atoms + 4*atom)) {
			return false
		}
		e.dst = append(e.dst, ':')
		if !e.value(x, depth+1) {
			return false
		}
	}
	e.dst = append(e.dst, '}')
	return true
}

// key appends a property's name. One that is a symbol or may be a number is not plain: JSON.stringify leaves the former
// out and puts the latter first.
func (e *encoder) key(at uint32) bool {
	const typeString = 1
	if e.u32(at+stringKind)>>30 != typeString {
		return false
	}
	if n := e.u32(at); n != 0 && n&stringWide == 0 {
		if c := e.u32(at+stringData) & 0xff; '0' <= c && c <= '9' {
			return false
		}
	}
	return e.string(at)
}

func (e *encoder) elements(at uint32, depth int) bool {
	shape := e.u32(at + objectShape)
	count := e.u32(at + arrayCount)
	length := e.u64(e.u32(at + objectProps)) // the first property of an array
	if e.u32(at+objectFlags)&fastArray == 0 || e.u32(shape+shapeProto) != e.array || e.u32(shape+shapeCount) != 1 || length != integer(int32(count)) {
		return false
	}
	values := e.u32(at + arrayValues)
	e.dst = append(e.dst, '[')
	for i := range count {
		if !e.step() {
			return false
		}
		if i > 0 {
			e.dst = append(e.dst, ',')
		}
		x := e.u64(values + 8*i)
		if x == undefined {
			x = null
		}
		if !e.value(x, depth+1) {
			return false
		}
	}
	e.dst = append(e.dst, ']')
	return true
}

// string appends a string that lies in one piece.
func (e *encoder) string(at uint32) bool {
	n := e.u32(at)
	wide := n&stringWide != 0
	n &^= stringWide
	size := uint64(n)
	if wide {
		size *= 2
	}
	if e.u32(at+stringKind)>>28&3 != 0 || uint64(at)+stringData+size > uint64(len(e.mem)) {
		return false
	}
	data := e.mem[at+stringData:][:size]
	e.dst = append(e.dst, '"')
	if wide {
		e.utf16(data)
	} else {
		e.latin1(data)
	}
	e.dst = append(e.dst, '"')
	return true
}

// latin1 appends a string whose characters are all below U+0100.
func (e *encoder) latin1(data []byte) {
	from := 0
	for i, c := range data {
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			continue
		}
		e.dst = append(e.dst, data[from:i]...)
		from = i + 1
		e.dst = appendRune(e.dst, rune(c))
	}
	e.dst = append(e.dst, data[from:]...)
}

func (e *encoder) utf16(data []byte) {
	for i := 0; i < len(data); i += 2 {
		r := rune(binary.LittleEndian.Uint16(data[i:]))
		if utf16.IsSurrogate(r) && i+2 < len(data) {
			if pair := utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(data[i+2:]))); pair != utf8.RuneError {
				r = pair
				i += 2
			}
		}
		e.dst = appendRune(e.dst, r)
	}
}

// appendRune appends a character as JSON.stringify writes it in a string.
func appendRune(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r == '\b':
		return append(dst, `\b`...)
	case r == '\f':
		return append(dst, `\f`...)
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\r':
		return append(dst, `\r`...)
	case r == '\t':
		return append(dst, `\t`...)
	case r < ' ' || utf16.IsSurrogate(r):
		return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
	}
	return utf8.AppendRune(dst, r)
}

// appendNumber appends a number as JSON.stringify writes it (ECMA-262, Number::toString).
func appendNumber(dst []byte, f float64) []byte {
	const exact = 1 << 53
	switch whole := int64(f); {
	case f != f || math.IsInf(f, 0):
		return append(dst, "null"...)
	case f > -exact && f < exact && float64(whole) == f:
		return strconv.AppendInt(dst, whole, 10)
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	if n := len(dst); n >= 4 && dst[n-4] == 'e' && dst[n-2] == '0' { // e-07 is e-7
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}
