package plugins

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Guests' words go to logs, metrics and answers. These are the most of them, in bytes.
const (
	maxErrorText = 256
	maxLogLine   = 1024
	maxReason    = 1024
)

// clean returns at most most bytes of a guest's text as valid UTF-8, with control and other unprintable characters
// escaped as in Go, so that it stays on its line and cannot drive a terminal.
func clean[T ~string | ~[]byte](text T, most int) string {
	s := string(text[:min(len(text), most)])
	if len(s) < len(text) {
		s = trimRune(s)
	}
	if isClean(s) {
		return s
	}
	var out strings.Builder
	for _, r := range strings.ToValidUTF8(s, string(utf8.RuneError)) {
		piece := string(r)
		if !unicode.IsPrint(r) {
			q := strconv.QuoteRuneToASCII(r)
			piece = q[1 : len(q)-1]
		}
		if out.Len()+len(piece) > most {
			break
		}
		out.WriteString(piece)
	}
	return out.String()
}

func isClean(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// trimRune cuts off an incomplete character at the end of s.
func trimRune(s string) string {
	for i := 1; i <= utf8.UTFMax && i <= len(s); i++ {
		if c := s[len(s)-i]; utf8.RuneStart(c) {
			if !utf8.FullRuneInString(s[len(s)-i:]) {
				return s[:len(s)-i]
			}
			break
		}
	}
	return s
}
