package transport

import (
	"bytes"
	"net/http"
	"net/textproto"
	"strings"

	"eventrelay/relay"
)

// request is the parsed head of an HTTP request. Its strings are its own.
type request struct {
	method, target, proto string
	host                  string
	hosts                 int // Host headers seen
	header                textproto.MIMEHeader
}

// targetPath returns the path in the request line of head, without looking further, or "" if there is none.
func targetPath(head []byte) string {
	line, _, _ := bytes.Cut(head, []byte("\r\n"))
	_, rest, _ := bytes.Cut(line, []byte(" "))
	target, _, _ := bytes.Cut(rest, []byte(" "))
	path, _, _ := bytes.Cut(target, []byte("?"))
	return string(path)
}

// parseRequest parses a head that a headScanner found complete. It takes only the syntax of RFC 9112: no folded lines,
// no space before a colon, no line without one.
func parseRequest(head []byte) (*request, *relay.Refusal) {
	lines := strings.Split(strings.TrimSuffix(string(head), "\r\n\r\n"), "\r\n")
	r := &request{header: make(textproto.MIMEHeader, len(lines)-1)}
	var ok bool
	r.method, r.target, ok = strings.Cut(lines[0], " ")
	if !ok || !isToken(r.method) {
		return nil, badRequest("the request line is malformed")
	}
	if r.target, r.proto, ok = strings.Cut(r.target, " "); !ok || r.target == "" || len(r.target) > maxTarget {
		return nil, badRequest("the request line is malformed")
	}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) { // this also refuses folded lines and a space before the colon
			return nil, badRequest("a header line is malformed")
		}
		r.add(name, strings.Trim(value, " \t"))
	}
	return r, nil
}

func (r *request) add(name, value string) {
	if name = textproto.CanonicalMIMEHeaderKey(name); name == "Host" {
		r.host = value
		r.hosts++
		return
	}
	r.header[name] = append(r.header[name], value)
}

// one returns the value of a header that must come exactly once.
func (r *request) one(name string) (string, bool) {
	v := r.header[name]
	if len(v) != 1 {
		return "", false
	}
	return v[0], true
}

// hasToken reports whether a comma-separated header holds token, in any case.
func (r *request) hasToken(name, token string) bool {
	for _, line := range r.header[name] {
		for v := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.Trim(v, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// isToken reports whether s is a token of RFC 9110 §5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

func badRequest(reason string) *relay.Refusal {
	return &relay.Refusal{Status: http.StatusBadRequest, Reason: reason}
}
