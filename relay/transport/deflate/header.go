package deflate

import (
	"errors"
	"strings"
)

// ErrHeader is returned when a Sec-WebSocket-Extensions header breaks the grammar of RFC 6455 §9.1.
var ErrHeader = errors.New("Sec-WebSocket-Extensions is malformed")

// extension is one element of the header.
type extension struct {
	name  string
	terms terms // what its parameters say, if it is permessage-deflate
	valid bool  // and whether they may say it
}

type param struct {
	name, value string
	hasValue    bool
}

// parse reads the header's lines and calls yield for each element. Empty elements of the list mean nothing (RFC 9110
// §5.6.1.2). The error is ErrHeader; then some elements may have been yielded. It does not allocate: browsers offer
// extensions with every handshake.
func parse(lines []string, yield func(extension)) error {
	for _, line := range lines {
		s := scanner{line}
		for {
			if s.next(',') {
				continue
			}
			if s.rest == "" {
				break
			}
			e, ok := s.extension()
			if !ok || s.rest != "" && !s.next(',') {
				return ErrHeader
			}
			yield(e)
		}
	}
	return nil
}

// scanner reads a header line from its front.
type scanner struct{ rest string }

// next takes c, if it comes next. White space around it means nothing.
func (s *scanner) next(c byte) bool {
	s.rest = strings.TrimLeft(s.rest, " \t")
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = strings.TrimLeft(s.rest[1:], " \t")
	return true
}

// extension = token *( ";" token [ "=" ( token | quoted-string ) ] )
func (s *scanner) extension() (e extension, ok bool) {
	if e.name, ok = s.token(); !ok {
		return e, false
	}
	e.valid = true
	for s.next(';') {
		var p param
		if p.name, ok = s.token(); !ok {
			return e, false
		}
		if p.hasValue = s.next('='); p.hasValue {
			if p.value, ok = s.value(); !ok {
				return e, false
			}
		}
		e.valid = e.valid && e.terms.set(p)
	}
	return e, true
}

func (s *scanner) token() (string, bool) {
	n := 0
	for n < len(s.rest) && isTokenByte(s.rest[n]) {
		n++
	}
	t := s.rest[:n]
	s.rest = s.rest[n:]
	return t, n > 0
}

// value reads a token, or a quoted-string that says one.
func (s *scanner) value() (string, bool) {
	if s.rest == "" || s.rest[0] != '"' {
		return s.token()
	}
	var b strings.Builder
	for i := 1; i < len(s.rest); i++ {
		c := s.rest[i]
		if c == '"' {
			s.rest = s.rest[i+1:]
			return b.String(), b.Len() > 0
		}
		if c == '\\' {
			if i++; i == len(s.rest) {
				break
			}
			c = s.rest[i]
		}
		if !isTokenByte(c) { // RFC 6455 §9.1: the value after unescaping must be a token
			break
		}
		b.WriteByte(c)
	}
	return "", false
}

// isTokenByte reports whether c may stand in a token (RFC 9110 §5.6.2).
func isTokenByte(c byte) bool {
	return c > ' ' && c < 0x7f && !strings.ContainsRune(`"(),/:;<=>?@[\]{}`, rune(c))
}
