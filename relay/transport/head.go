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
	size  uint16
	line  uint16 // bytes of the current line so far
	lines uint16 // complete lines
	cr    bool   // the last byte was CR
}

// scan looks at the next bytes. It returns the number of bytes up to and with the empty line that ends the head, or 0
// while that has not come; or the HTTP status to refuse with.
func (s *headScanner) scan(p []byte) (end, status int) {
	for i, c := range p {
		if s.size++; s.size > maxHead {
			return 0, http.StatusRequestHeaderFieldsTooLarge
		}
		switch {
		case s.cr != (c == '\n'): // LF comes after CR, and nothing else does
			return 0, http.StatusBadRequest
		case c == '\n':
			if s.endLine() {
				return i + 1, 0
			}
			if s.lines > maxHeaders+1 {
				return 0, http.StatusRequestHeaderFieldsTooLarge
			}
		case c == '\r':
			s.cr = true
		case c < ' ' && c != '\t' || c == 0x7f:
			return 0, http.StatusBadRequest
		default:
			if status := s.grow(); status != 0 {
				return 0, status
			}
		}
	}
	return 0, 0
}

// endLine begins the next line and reports whether the line that ends was the empty one after the head.
func (s *headScanner) endLine() bool {
	empty := s.line == 0
	s.cr, s.line = false, 0
	s.lines++
	return empty
}

func (s *headScanner) grow() (status int) {
	s.line++
	switch {
	case s.lines == 0 && int(s.line) > maxRequestLine:
		return http.StatusRequestURITooLong
	case s.line > maxLine:
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
