package rawjson

import "strconv"

// number steps over a number: RFC 8259 §6, and within the range of a double, since beyond it readers differ between
// infinity and an error.
func (s *Scanner) number() bool {
	start := s.pos
	if s.data[s.pos] == '-' {
		s.pos++
	}
	whole := s.digits()
	switch {
	case whole == 0:
		return s.fail(start, "'-' without a digit")
	case whole > 1 && s.data[s.pos-whole] == '0':
		return s.fail(start, "a number with a leading zero")
	}
	if s.at('.') {
		s.pos++
		if s.digits() == 0 {
			return s.fail(start, "a number with no digit after its point")
		}
	}
	power := 0
	if s.at('e') || s.at('E') {
		s.pos++
		if s.at('+') || s.at('-') {
			s.pos++
		}
		if power = s.digits(); power == 0 {
			return s.fail(start, "a number with no digit in its exponent")
		}
	}
	// Below these bounds no number reaches 1e308.
	if whole <= 100 && power <= 2 {
		return true
	}
	if _, err := strconv.ParseFloat(string(s.data[start:s.pos]), 64); err != nil {
		return s.fail(start, "a number beyond the range of a double")
	}
	return true
}

func (s *Scanner) at(c byte) bool { return s.pos < len(s.data) && s.data[s.pos] == c }

// digits steps over decimal digits and returns how many there were.
func (s *Scanner) digits() int {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 {
		s.pos++
	}
	return s.pos - start
}
