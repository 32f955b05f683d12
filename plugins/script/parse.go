package script

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
	"unicode/utf16"

	"eventrelay/relay/rawjson"
)

// parser makes a value of a JSON text, as JSON.parse would, by QuickJS's own functions: an object and a string are one
// call each. QuickJS's parser, which looks at every character on its own, takes four times as long. What is not as usual,
// such as an object with a member "constructor", is left to it.
//
// The text is an event's payload, which relay has found to be JSON. One that is not is left to JSON.parse too, whose
// error the script then gets.
type parser struct {
	atoms   map[string]uint32 // names of members; each is held once
	values  []value           // of the objects and arrays that are open, innermost last
	names   []uint32          // likewise, of members
	decoded []byte

	text []byte
	at   uint32 // where text lies in the guest's memory
	pos  int

	// shortest says that the text is what JSON.stringify would write of the value.
	shortest bool
}

const (
	maxMembers = 256  // of one object or array, without taking memory for them
	maxAtoms   = 1024 // that are kept from event to event
	maxName    = 64   // bytes of a name that is kept
	maxDepth   = rawjson.MaxDepth

	parseRoom = 12 * maxMembers // in the guest's memory
)

// parse returns false when the text is left to JSON.parse.
func (v *VM) parse(ptr, n uint32) (value, bool) {
	p := &v.parser
	if p.atoms == nil {
		p.atoms = make(map[string]uint32)
	}
	p.text, p.at, p.pos = v.view(ptr, n), ptr, 0
	p.values, p.names, p.shortest = p.values[:0], p.names[:0], true
	x, ok := p.value(v, 0)
	if len(p.atoms) > maxAtoms {
		p.forget(v)
	}
	if ok && p.space() == 0 && p.pos == len(p.text) {
		return x, true
	}
	p.shortest = false
	if ok {
		p.values = append(p.values, x)
	}
	for _, x := range p.values { // those that no object has taken over
		if x.counted() {
			v.must(callFree, uint64(v.js), uint64(x))
		}
	}
	return 0, false
}

// space skips white space and returns the character after it, or 0.
func (p *parser) space() byte {
	for ; p.pos < len(p.text); p.pos++ {
		switch c := p.text[p.pos]; c {
		case ' ', '\t', '\n', '\r':
			p.shortest = false
		default:
			return c
		}
	}
	return 0
}

func (p *parser) value(v *VM, depth int) (value, bool) {
	switch c := p.space(); c {
	case '{':
		return p.object(v, depth)
	case '[':
		return p.array(v, depth)
	case '"':
		return p.str(v)
	case 't':
		return boolean(true), p.word("true")
	case 'f':
		return boolean(false), p.word("false")
	case 'n':
		return null, p.word("null")
	default:
		return p.number()
	}
}

func (p *parser) word(w string) bool {
	if len(p.text)-p.pos < len(w) || string(p.text[p.pos:][:len(w)]) != w {
		return false
	}
	p.pos += len(w)
	return true
}

// number reads a number: whole ones of up to nine digits as QuickJS's integers.
func (p *parser) number() (value, bool) {
	start := p.pos
	n, whole := int32(0), true
	for ; p.pos < len(p.text); p.pos++ {
		switch c := p.text[p.pos]; {
		case '0' <= c && c <= '9':
			n = n*10 + int32(c-'0') // overflows only where it is not used
		case c == '-' && p.pos == start:
		case c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E':
			whole = false
		default:
			return p.numberOf(p.text[start:p.pos], n, whole)
		}
	}
	return p.numberOf(p.text[start:], n, whole)
}

func (p *parser) numberOf(raw []byte, n int32, whole bool) (value, bool) {
	negative := len(raw) > 0 && raw[0] == '-'
	digits := len(raw)
	if negative {
		digits--
	}
	if !isNumber(raw[len(raw)-digits:]) {
		return 0, false
	}
	if whole && digits <= 9 && (!negative || n != 0) {
		if negative {
			n = -n
		}
		return integer(n), true
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	p.decoded = appendNumber(p.decoded[:0], f)
	p.shortest = p.shortest && bytes.Equal(p.decoded, raw)
	return number(f), err == nil
}

// isNumber reports whether a number without its sign is JSON's, of those that strconv takes: not 01, .5 or 1.
func isNumber(s []byte) bool {
	digit := func(i int) bool { return i < len(s) && '0' <= s[i] && s[i] <= '9' }
	dot := bytes.IndexByte(s, '.')
	return digit(0) && (s[0] != '0' || !digit(1)) && (dot < 0 || digit(dot+1))
}

// raw returns the string that begins here, with its quotes, and whether there are escapes in it.
func (p *parser) raw() (raw []byte, escaped, ok bool) {
	start := p.pos
	for p.pos++; p.pos < len(p.text); p.pos++ {
		c := p.text[p.pos]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		switch c {
		default: // no JSON
			return nil, false, false
		case '"':
			p.pos++
			return p.text[start:p.pos], escaped, true
		case '\\':
			escaped, p.shortest = true, false
			if !p.escape() {
				return nil, false, false
			}
		}
	}
	return nil, false, false
}

// escape steps over the first character of an escape. Halves of characters are left to JSON.parse.
func (p *parser) escape() bool {
	p.pos++
	rest := p.text[p.pos:]
	if len(rest) == 0 || rest[0] != 'u' {
		return len(rest) > 0 && strings.IndexByte(`"\/bfnrt`, rest[0]) >= 0
	}
	if len(rest) < 5 {
		return false
	}
	r, err := strconv.ParseUint(string(rest[1:5]), 16, 16)
	return err == nil && !utf16.IsSurrogate(rune(r))
}

func (p *parser) str(v *VM) (value, bool) {
	start := p.pos + 1
	raw, escaped, ok := p.raw()
	if !ok {
		return 0, false
	}
	if !escaped {
		return p.made(v.must(callString, uint64(v.js), uint64(p.at)+uint64(start), uint64(len(raw)-2)))
	}
	p.decoded = rawjson.AppendString(p.decoded[:0], raw)
	return p.made(uint64(v.string(p.decoded)))
}

// name reads a member's name and returns its atom. Names that Object.prototype has, or may have a setter for, are left to
// JSON.parse.
func (p *parser) name(v *VM) (atom uint32, ok bool) {
	raw, escaped, ok := p.raw()
	if !ok {
		return 0, false
	}
	if escaped {
		p.decoded = rawjson.AppendString(p.decoded[:0], raw)
		raw = p.decoded
	} else {
		raw = raw[1 : len(raw)-1]
	}
	if len(raw) > 0 && '0' <= raw[0] && raw[0] <= '9' {
		p.shortest = false // JSON.stringify puts numbers first
	}
	if atom, known := p.atoms[string(raw)]; known {
		return atom, true
	}
	if len(raw) > maxName || inherited[string(raw)] {
		return 0, false
	}
	return p.learn(v, raw), true
}

// inherited are the names that Object.prototype has.
var inherited = map[string]bool{
	"__proto__": true, "__defineGetter__": true, "__defineSetter__": true, "__lookupGetter__": true, "__lookupSetter__": true,
	"constructor": true, "hasOwnProperty": true, "isPrototypeOf": true, "propertyIsEnumerable": true, "toLocaleString": true,
	"toString": true, "valueOf": true,
}

// forget lets go of all atoms. No event's names may be at hand. It is in the time of the event that brought too many.
func (p *parser) forget(v *VM) {
	for _, atom := range p.atoms {
		v.must(callFreeAtom, uint64(v.js), uint64(atom))
	}
	p.atoms = make(map[string]uint32) // the old one may have become large
}

// learn makes the atom of a name, and keeps it.
func (p *parser) learn(v *VM, name []byte) uint32 {
	copy(v.view(v.room, parseRoom), name)
	atom := uint32(v.must(callNewAtom, uint64(v.js), uint64(v.room), uint64(len(name))))
	p.atoms[string(name)] = atom
	return atom
}

func (p *parser) object(v *VM, depth int) (value, bool) {
	values, names := len(p.values), len(p.names)
	p.pos++
	for more := p.space() != '}'; more; {
		if depth == maxDepth || p.space() != '"' {
			return 0, false
		}
		atom, ok := p.name(v)
		if !ok || p.space() != ':' {
			return 0, false
		}
		p.pos++
		p.names = append(p.names, atom)
		x, ok := p.value(v, depth+1)
		if !ok {
			return 0, false
		}
		p.values = append(p.values, x)
		if more, ok = p.more('}'); !ok {
			return 0, false
		}
	}
	p.pos++
	n := uint32(len(p.values) - values)
	room := v.members(n)
	memory := v.view(room, 12*n)
	for i, atom := range p.names[names:] {
		binary.LittleEndian.PutUint32(memory[8*n+4*uint32(i):], atom)
	}
	p.store(memory, values)
	p.names = p.names[:names]
	x := v.must(callObject, uint64(v.js), uint64(n), uint64(room+8*n), uint64(room))
	v.release(room)
	return p.made(x)
}

// members returns room for n values, and then for as many names: the parser's own, or a block.
func (v *VM) members(n uint32) uint32 {
	if n <= maxMembers {
		return v.room
	}
	ptr, err := v.alloc(12 * n)
	if err != nil {
		panic(err)
	}
	return ptr
}

func (v *VM) release(room uint32) {
	if room != v.room {
		v.must(callFreeBlock, uint64(room))
	}
}

func (p *parser) array(v *VM, depth int) (value, bool) {
	values := len(p.values)
	p.pos++
	for more := p.space() != ']'; more; {
		if depth == maxDepth {
			return 0, false
		}
		x, ok := p.value(v, depth+1)
		if !ok {
			return 0, false
		}
		p.values = append(p.values, x)
		if more, ok = p.more(']'); !ok {
			return 0, false
		}
	}
	p.pos++
	n := uint32(len(p.values) - values)
	room := v.members(n)
	p.store(v.view(room, 12*n), values)
	x := v.must(callArray, uint64(v.js), uint64(n), uint64(room))
	v.release(room)
	return p.made(x)
}

// more reads a comma, or sees the closing bracket.
func (p *parser) more(closing byte) (more, ok bool) {
	switch p.space() {
	case ',':
		p.pos++
		return true, true
	case closing:
		return false, true
	}
	return false, false
}

// store puts the values from the index on where QuickJS takes them over.
func (p *parser) store(room []byte, from int) {
	for i, x := range p.values[from:] {
		binary.LittleEndian.PutUint64(room[8*i:], uint64(x))
	}
	p.values = p.values[:from]
}

// made is a new object, array or string. There is none when memory has run out.
func (p *parser) made(raw uint64) (value, bool) {
	if value(raw) == exception {
		panic(ErrMemory)
	}
	return value(raw), true
}
