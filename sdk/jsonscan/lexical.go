package jsonscan

import "unicode/utf8"

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// number scans -? (0 | [1-9][0-9]*) (\.[0-9]+)? ([eE][+-]?[0-9]+)?
func (s *Scanner) number() (Token, error) {
	start := s.pos
	s.accept('-')
	if !s.accept('0') && !s.digits() {
		return s.fail("a digit")
	}
	if s.accept('.') && !s.digits() {
		return s.fail("a digit")
	}
	if s.accept('e') || s.accept('E') {
		if !s.accept('+') {
			s.accept('-')
		}
		if !s.digits() {
			return s.fail("a digit")
		}
	}
	s.state = after
	return Token{Number, start, s.pos}, nil
}

func (s *Scanner) accept(c byte) bool {
	ok := s.pos < len(s.text) && s.text[s.pos] == c
	if ok {
		s.pos++
	}
	return ok
}

// digits takes all digits and reports whether there was one.
func (s *Scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.text) && isDigit(s.text[s.pos]) {
		s.pos++
	}
	return s.pos > start
}

// string scans a string, which begins at pos.
func (s *Scanner) string(k Kind) (Token, error) {
	start := s.pos
	text, i := s.text, s.pos+1
	for i < len(text) {
		switch c := text[i]; {
		case c == '"':
			s.pos = i + 1
			return Token{k, start, s.pos}, nil
		case c == '\\':
			n := escapeLen(text[i:])
			if n == 0 {
				s.pos = i
				return s.fail("an escape of JSON")
			}
			i += n
		case c < 0x20:
			s.pos = i
			return s.fail("no control character in a string")
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(text[i:])
			if r == utf8.RuneError && n == 1 {
				s.pos = i
				return s.fail("UTF-8")
			}
			i += n
		}
	}
	s.pos = i
	return s.fail("a closing quote")
}

// escapeLen returns the length of the escape at the start of b, or 0 if it is none.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) >= 6 && isHex(b[2]) && isHex(b[3]) && isHex(b[4]) && isHex(b[5]) {
			return 6
		}
	}
	return 0
}
