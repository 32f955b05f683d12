package rawjson

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// value steps over one value, which begins at pos.
func (s *Scanner) value() bool {
	if s.pos == len(s.data) {
		return s.unexpected("a value")
	}
	switch c := s.data[s.pos]; c {
	case '"':
		_, ok := s.str()
		return ok
	case '{':
		return s.object()
	case '[':
		return s.array()
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return s.number()
	}
	return s.unexpected("a value")
}

func (s *Scanner) object() bool {
	if !s.deeper() {
		return false
	}
	mark := len(s.members)
	for first := true; s.more('}', first); first = false {
		if !s.key() {
			return false
		}
		s.space()
		if !s.value() {
			return false
		}
	}
	s.depth--
	return s.fault == nil && s.distinct(mark)
}

func (s *Scanner) array() bool {
	if !s.deeper() {
		return false
	}
	for first := true; s.more(']', first); first = false {
		if !s.value() {
			return false
		}
	}
	s.depth--
	return s.fault == nil
}

// deeper steps over an opening bracket.
func (s *Scanner) deeper() bool {
	if s.depth == MaxDepth {
		return s.fail(s.pos, fmt.Sprintf("nested deeper than %d levels", MaxDepth))
	}
	s.depth++
	s.pos++
	return true
}

// more steps to the next member or element, or over the closing bracket, when it reports false as it does at a fault.
func (s *Scanner) more(closing byte, first bool) bool {
	c := s.space()
	switch {
	case s.pos == len(s.data):
		return s.fail(s.pos, "the text ends before '"+string(closing)+"'")
	case c == closing:
		s.pos++
		return false
	case first:
		return true
	case c != ',':
		return s.unexpected("',' or '" + string(closing) + "'")
	}
	comma := s.pos
	s.pos++
	if s.space() == closing && s.pos < len(s.data) {
		return s.fail(comma, "a comma before '"+string(closing)+"'")
	}
	return true
}

func (s *Scanner) literal(word string) bool {
	if !bytes.HasPrefix(s.data[s.pos:], []byte(word)) {
		return s.unexpected("a value")
	}
	s.pos += len(word)
	return true
}

// end checks that only white space follows.
func (s *Scanner) end() bool {
	s.space()
	if s.pos != len(s.data) {
		return s.unexpected("the end of the text")
	}
	return true
}

// space steps over white space and returns the byte at pos, or 0 at the end of the text.
func (s *Scanner) space() byte {
	for ; s.pos < len(s.data); s.pos++ {
		if c := s.data[s.pos]; c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c
		}
	}
	return 0
}

// fail keeps the first fault and reports false.
func (s *Scanner) fail(at int, reason string) bool {
	if s.fault == nil {
		s.fault = &Fault{at, reason}
	}
	return false
}

// unexpected is the fault of finding at pos something else than what was wanted.
func (s *Scanner) unexpected(wanted string) bool {
	if s.pos == len(s.data) {
		return s.fail(s.pos, "the text ends where "+wanted+" is expected")
	}
	return s.fail(s.pos, describe(s.data[s.pos:])+" where "+wanted+" is expected")
}

// describe names what rest begins with, and the mistake that it probably is.
func describe(rest []byte) string {
	r, n := utf8.DecodeRune(rest)
	switch {
	case bytes.HasPrefix(rest, []byte("\xef\xbb\xbf")):
		return "a byte order mark"
	case r == utf8.RuneError && n == 1:
		return fmt.Sprintf("byte 0x%02x, which is no UTF-8,", rest[0])
	case r == '\'':
		return "a single quote (strings are in double quotes)"
	case isLetter(r):
		return fmt.Sprintf("%q", word(rest))
	}
	return fmt.Sprintf("%q", r)
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// word returns the ASCII letters that rest begins with, 16 at most: NaN, None, undefined.
func word(rest []byte) []byte {
	n := 0
	for n < min(len(rest), 16) && isLetter(rune(rest[n])) {
		n++
	}
	return rest[:n]
}
