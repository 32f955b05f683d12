package transport

import (
	"net/http"

	"eventrelay/relay"
)

// Limits of a request's head. What is larger is refused before it is parsed.
const (
	maxHead    = 16 << 10 // bytes in all
	maxLine    = 8 << 10  // bytes of a header line
	maxTarget  = 4 << 10  // bytes of the request line's target
	maxHeaders = 64

	maxRequestLine = maxTarget + len("OPTIONS  HTTP/1.1")
)

// headScanner finds the end of a request's head in bytes of any split, looking at each byte once, and refuses what no
// honest client sends: a head past the limits, control characters (a TLS hello, binary garbage), and bare LF or CR,
// which peers behind a proxy may read as different requests. The zero value is ready.
type headScanner struct {
	size  int
	line  int  // bytes of the current line so far
	lines int  // complete lines
	cr    bool // the last byte was CR
}

// scan looks at the next bytes. It returns the number of bytes up to and with the empty line that ends the head, or 0
// while that has not come; or the HTTP status to refuse with.
func (s *headScanner) scan(p []byte) (end, status int) {
	for i := 0; i < len(p); i++ {
		if text := textLen(p[i:]); text > 0 && !s.cr {
			if status := s.grow(text); status != 0 {
				return 0, status
			}
			if i += text; i == len(p) {
				break
			}
		}
		switch c := p[i]; {
		case s.cr != (c == '\n'): // LF comes after CR, and nothing else does
			return 0, http.StatusBadRequest
		case c == '\n':
			switch last := s.endLine(); {
			case s.size > maxHead || s.lines > maxHeaders+1 && !last:
				return 0, http.StatusRequestHeaderFieldsTooLarge
			case last:
				return i + 1, 0
			}
		case c == '\r':
			s.size++
			s.cr = true
		default:
			return 0, http.StatusBadRequest
		}
	}
	return 0, 0
}

// textLen returns how many bytes p begins with that may stand in a line.
func textLen(p []byte) int {
	for i, c := range p {
		if !lineByte[c] {
			return i
		}
	}
	return len(p)
}

// lineByte holds the bytes that may stand in a line: all but control characters, of which a tab may.
var lineByte = func() (ok [256]bool) {
	for c := range ok {
		ok[c] = c >= ' ' && c != 0x7f || c == '\t'
	}
	return ok
}()

// endLine begins the next line and reports whether the line that ends was the empty one after the head.
func (s *headScanner) endLine() bool {
	empty := s.line == 0
	s.cr, s.line = false, 0
	s.size++
	s.lines++
	return empty
}

// grow adds n bytes to the current line.
func (s *headScanner) grow(n int) (status int) {
	s.line += n
	s.size += n
	switch {
	case s.lines == 0 && s.line > maxRequestLine:
		return http.StatusRequestURITooLong
	case s.line > maxLine || s.size > maxHead:
		return http.StatusRequestHeaderFieldsTooLarge
	}
	return 0
}

// opening is a request's head as far as it came.
type opening struct {
	scan  headScanner
	bytes []byte
}

// take looks at the next bytes. It returns the complete head and what follows it, or neither while more must come; or
// why the peer is refused. The head may lie in p.
func (o *opening) take(p []byte) (head, rest []byte, refusal *relay.Refusal) {
	end, status := o.scan.scan(p)
	switch {
	case status != 0:
		return nil, nil, scanRefusal(status)
	case end == 0:
		o.bytes = append(o.bytes, p...)
		return nil, nil, nil
	case len(o.bytes) == 0:
		return p[:end], p[end:], nil
	}
	return append(o.bytes, p[:end]...), p[end:], nil
}
