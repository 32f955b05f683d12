// Package rawjson reads JSON without decoding it: it checks a text to the letter of RFC 8259, and hands out the raw
// bytes of values, so that a payload is relayed as it was published.
//
// It is stricter than encoding/json where two readers of one text could otherwise see two different events: a key that
// occurs twice in an object, a lone surrogate, a number no double can hold, bytes that are no UTF-8 and a byte order
// mark are faults. Keys are case-sensitive. Nesting is limited to MaxDepth. Every fault has its position.
//
//	Reset → Document                                        one whole value
//	Reset → Enter → Next → Key, Value → Next → … → Err      the members or elements of one object or array
//
// AppendQuoted and AppendString go from a text to its JSON string and back, for those who put JSON together by hand.
package rawjson

import "fmt"

// MaxDepth is how deep arrays and objects may be nested.
const MaxDepth = 512

// Scanner walks one JSON text. The zero value is ready for Reset. It is for one goroutine at a time; reuse it, as it
// keeps its scratch memory.
type Scanner struct {
	data  []byte
	pos   int
	depth int
	fault *Fault

	members []member // keys of the objects that are open, innermost last
	decoded []byte   // text of the keys that have escapes
	table   []int32  // scratch of distinct

	// Of the object or array that Enter entered.
	closing byte
	first   bool
}

// Fault says where a text stops being acceptable JSON, and why.
type Fault struct {
	Offset int // in bytes from the start of the text
	Reason string
}

func (f *Fault) Error() string { return fmt.Sprintf("%s at byte %d", f.Reason, f.Offset) }

// keep is how many members' scratch memory is kept for the next text.
const keep = 4096

// Reset makes s read data from its start.
func (s *Scanner) Reset(data []byte) {
	if cap(s.members) > keep {
		s.members, s.decoded, s.table = nil, nil, nil
	}
	s.data, s.pos, s.depth, s.fault = data, 0, 0, nil
	s.members, s.decoded = s.members[:0], s.decoded[:0]
}

// Document checks that the text is one value, with white space around it at most, and returns that value's bytes.
func (s *Scanner) Document() ([]byte, *Fault) {
	s.space()
	start := s.pos
	if !s.value() {
		return nil, s.fault
	}
	end := s.pos
	if !s.end() {
		return nil, s.fault
	}
	return s.data[start:end], nil
}

// Enter begins the walk over the members of an object ('{') or the elements of an array ('[').
func (s *Scanner) Enter(bracket byte) bool {
	name := "an object"
	s.closing, s.first = '}', true
	if bracket == '[' {
		name, s.closing = "an array", ']'
	}
	if s.space() != bracket || s.pos == len(s.data) {
		return s.unexpected(name)
	}
	s.pos++
	s.depth++
	return true
}

// Next steps to the next member or element. It reports false after the last, when the text must end, and at a fault.
func (s *Scanner) Next() bool {
	if s.fault != nil {
		return false
	}
	if !s.more(s.closing, s.first) {
		_ = s.fault == nil && s.distinct(0) && s.end()
		return false
	}
	s.first = false
	return s.closing == ']' || s.key()
}

// Key returns the key of the member that Next stepped to, unescaped. It is valid until the next Reset.
func (s *Scanner) Key() []byte { return s.text(s.members[len(s.members)-1]) }

// Value checks the value that Next stepped to and returns its bytes and their offset. It must be called once after
// each Next that reported true.
func (s *Scanner) Value() (raw []byte, offset int, ok bool) {
	s.space()
	start := s.pos
	if !s.value() {
		return nil, start, false
	}
	return s.data[start:s.pos], start, true
}

// Err returns the first fault, or nil.
func (s *Scanner) Err() *Fault { return s.fault }
