package jsonscan

import (
	"unicode/utf16"
	"unicode/utf8"
)

// AppendUnquoted appends the text that the string quoted spells. quoted is the text of a Name or String token; a lone
// surrogate becomes U+FFFD.
func AppendUnquoted(dst, quoted []byte) []byte {
	for b := inner(quoted); len(b) > 0; {
		part, rest := next(b)
		dst, b = part.appendTo(dst), rest
	}
	return dst
}

// Equal reports whether the string quoted spells s. It does not allocate.
func Equal(quoted []byte, s string) bool {
	b := inner(quoted)
	if len(b) < len(s) { // no escape is shorter than what it spells
		return false
	}
	for len(b) > 0 {
		part, rest := next(b)
		var room [utf8.UTFMax]byte
		spelled := part.literal
		if spelled == nil {
			spelled = part.appendTo(room[:0])
		}
		if len(spelled) > len(s) || s[:len(spelled)] != string(spelled) {
			return false
		}
		b, s = rest, s[len(spelled):]
	}
	return s == ""
}

// inner strips the quotes.
func inner(quoted []byte) []byte { return quoted[1 : len(quoted)-1] }

// part is a stretch without escapes, or one character that was escaped.
type part struct {
	literal []byte
	char    rune
}

func (p part) appendTo(dst []byte) []byte {
	if p.literal != nil {
		return append(dst, p.literal...)
	}
	return utf8.AppendRune(dst, p.char)
}

// next splits the first part off b.
func next(b []byte) (p part, rest []byte) {
	if b[0] != '\\' {
		n := 1
		for n < len(b) && b[n] != '\\' {
			n++
		}
		return part{literal: b[:n]}, b[n:]
	}
	if b[1] != 'u' {
		return part{char: short(b[1])}, b[2:]
	}
	r := hex4(b[2:6])
	if utf16.IsSurrogate(r) && len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(b[8:12])); pair != utf8.RuneError {
			return part{char: pair}, b[12:]
		}
	}
	return part{char: r}, b[6:] // AppendRune makes U+FFFD of a lone surrogate
}

// short returns what the escape of two characters that ends in c spells.
func short(c byte) rune {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return rune(c) // quote, backslash, slash
}

func hex4(b []byte) (r rune) {
	for _, c := range b {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		default:
			r = r<<4 | rune(c|0x20-'a'+10)
		}
	}
	return r
}
