package rawjson

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// str steps over a string and reports whether it holds an escape.
func (s *Scanner) str() (escaped, ok bool) {
	open := s.pos
	s.pos++
	for {
		s.plain()
		if s.pos == len(s.data) {
			return escaped, s.fail(open, "a string that does not end")
		}
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return escaped, true
		case c == '\\':
			escaped = true
			if !s.escape() {
				return escaped, false
			}
		case c < ' ':
			return escaped, s.fail(s.pos, fmt.Sprintf("control character 0x%02x in a string (write it as \\u%04x)", c, c))
		default:
			if !s.rune() {
				return escaped, false
			}
		}
	}
}

// plain steps over ASCII that needs no second look, eight bytes at a time where it can.
func (s *Scanner) plain() {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i, data := s.pos, s.data
	for ; i+8 <= len(data); i += 8 {
		x := binary.LittleEndian.Uint64(data[i:])
		quote, back := x^('"'*ones), x^('\\'*ones)
		// A byte's high bit is set when it is below ' ' (the subtraction borrows), is '"' or '\' (zero after the xor,
		// which borrows), or is not ASCII. A borrow from a lower byte needs that byte to be one of these.
		if found := (x | (x - ' '*ones) | (quote - ones) | (back - ones)) & highs; found != 0 {
			s.pos = i + bits.TrailingZeros64(found)/8 // the lowest is exact: no byte below it borrowed
			return
		}
	}
	for i < len(data) && isPlain[data[i]] {
		i++
	}
	s.pos = i
}

// isPlain tells the bytes that stand for themselves in a string and end no character.
var isPlain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// rune steps over one character that is not ASCII.
func (s *Scanner) rune() bool {
	r, n := utf8.DecodeRune(s.data[s.pos:])
	if r == utf8.RuneError && n == 1 {
		return s.fail(s.pos, fmt.Sprintf("byte 0x%02x in a string is no UTF-8", s.data[s.pos]))
	}
	s.pos += n
	return true
}

// escape steps over an escape sequence, or two that make one surrogate pair.
func (s *Scanner) escape() bool {
	if s.pos+1 == len(s.data) {
		return s.fail(s.pos, "the text ends in an escape")
	}
	switch s.data[s.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return true
	case 'u':
		return s.unicode()
	}
	return s.fail(s.pos, "an escape that JSON does not know")
}

func (s *Scanner) unicode() bool {
	r, ok := hex4(s.data[s.pos:])
	if !ok {
		return s.fail(s.pos, `\u needs four hexadecimal digits`)
	}
	switch {
	case r < 0xd800 || r > 0xdfff:
		s.pos += 6
		return true
	case r < 0xdc00:
		if low, ok := hex4(s.data[s.pos+6:]); ok && low >= 0xdc00 && low <= 0xdfff {
			s.pos += 12
			return true
		}
	}
	return s.fail(s.pos, "half of a surrogate pair")
}

// hex4 reads `\uXXXX`.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
