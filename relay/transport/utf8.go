package transport

import "unicode/utf8"

// utf8Check validates UTF-8 that comes in pieces, and fails on the first octet that no continuation can make good.
// The zero value stands between characters.
type utf8Check struct {
	need   uint8 // continuation octets still to come
	lo, hi uint8 // range of the next one
}

// next takes the next octets and reports whether all may still be UTF-8.
func (u *utf8Check) next(p []byte) bool {
	for u.need > 0 && len(p) > 0 {
		if !u.step(p[0]) {
			return false
		}
		p = p[1:]
	}
	// The bulk goes to the standard library, but for a last character that may be cut.
	cut := len(p)
	for i := 1; i <= min(utf8.UTFMax-1, len(p)); i++ {
		if c := p[len(p)-i]; c >= 0xc0 {
			cut = len(p) - i
			break
		}
	}
	if !utf8.Valid(p[:cut]) {
		return false
	}
	for _, c := range p[cut:] {
		if !u.step(c) {
			return false
		}
	}
	return true
}

// complete reports whether no character is cut.
func (u *utf8Check) complete() bool { return u.need == 0 }

// step takes one octet, by the table of RFC 3629 §4.
func (u *utf8Check) step(c byte) bool {
	if u.need > 0 {
		ok := u.lo <= c && c <= u.hi
		u.need, u.lo, u.hi = u.need-1, 0x80, 0xbf
		return ok
	}
	u.lo, u.hi = 0x80, 0xbf
	switch {
	case c < 0x80:
	case 0xc2 <= c && c <= 0xdf:
		u.need = 1
	case 0xe0 <= c && c <= 0xef:
		u.need = 2
	case 0xf0 <= c && c <= 0xf4:
		u.need = 3
	default:
		return false
	}
	switch c {
	case 0xe0: // no overlong forms
		u.lo = 0xa0
	case 0xed: // no surrogates
		u.hi = 0x9f
	case 0xf0:
		u.lo = 0x90
	case 0xf4: // nothing above U+10FFFF
		u.hi = 0x8f
	}
	return true
}
