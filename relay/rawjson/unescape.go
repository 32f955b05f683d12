package rawjson

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendString appends what raw stands for: a string, with its quotes, that a Scanner has passed. dst may be the
// memory of raw itself, as the result is never longer than what was read.
func AppendString(dst, raw []byte) []byte {
	rest := raw[1 : len(raw)-1]
	for {
		i := bytes.IndexByte(rest, '\\')
		if i < 0 {
			return append(dst, rest...)
		}
		dst = append(dst, rest[:i]...)
		n := 2
		if rest[i+1] == 'u' {
			var r rune
			r, n = codePoint(rest[i:])
			dst = utf8.AppendRune(dst, r)
		} else {
			dst = append(dst, unescaped[rest[i+1]])
		}
		rest = rest[i+n:]
	}
}

// codePoint reads `\uXXXX`, or a surrogate pair of them, and returns how long it is.
func codePoint(b []byte) (r rune, n int) {
	r, _ = hex4(b)
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	low, _ := hex4(b[6:])
	return utf16.DecodeRune(r, low), 12
}

var unescaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}
