package transport

import (
	"bytes"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"unsafe"

	"eventrelay/relay"
)

// request is the parsed head of an HTTP request. Its strings are pieces of text, and with its maps good until the next
// parse. The zero value is ready.
type request struct {
	method, target, proto string
	host                  string
	hosts                 int // Host headers seen
	header                textproto.MIMEHeader
	path                  string // of target, decoded
	query                 url.Values

	text []byte   // the head
	ones []string // what the lists of one value, which most are, stand in
}

// targetPath returns the path in the request line of head, without looking further, or "" if there is none.
func targetPath(head []byte) string {
	line, _, _ := bytes.Cut(head, []byte("\r\n"))
	_, rest, _ := bytes.Cut(line, []byte(" "))
	target, _, _ := bytes.Cut(rest, []byte(" "))
	path, _, _ := bytes.Cut(target, []byte("?"))
	return string(path)
}

// parse parses a head that a headScanner found complete. It takes only the syntax of RFC 9112: no folded lines, no space
// before a colon, no line without one. The target is left to parseTarget.
func (r *request) parse(head []byte) *relay.Refusal {
	r.reset()
	r.text = append(r.text[:0], bytes.TrimSuffix(head, []byte("\r\n\r\n"))...)
	// NOTE: a string of its own would be all the garbage that a handshake leaves, and a storm's garbage is memory.
	line, rest, _ := strings.Cut(unsafe.String(unsafe.SliceData(r.text), len(r.text)), "\r\n")
	var ok bool
	r.method, r.target, ok = strings.Cut(line, " ")
	if !ok || !isToken(r.method) {
		return badRequest("the request line is malformed")
	}
	if r.target, r.proto, ok = strings.Cut(r.target, " "); !ok || r.target == "" || len(r.target) > maxTarget {
		return badRequest("the request line is malformed")
	}
	for more := rest != ""; more; {
		line, rest, more = strings.Cut(rest, "\r\n")
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) { // this also refuses folded lines and a space before the colon
			return badRequest("a header line is malformed")
		}
		r.addHeader(name, strings.Trim(value, " \t"))
	}
	return nil
}

// reset forgets everything but the room it took.
func (r *request) reset() {
	header, query, text, ones := r.header, r.query, r.text, r.ones
	if header == nil || len(query) > maxHeaders { // a map does not shrink, and clearing it takes as long as it is large
		header, query = make(textproto.MIMEHeader, 16), make(url.Values, 4)
	}
	clear(header)
	clear(query)
	clear(ones)
	*r = request{header: header, query: query, text: text, ones: ones[:0]}
}

func (r *request) addHeader(name, value string) {
	if name = canonical(name); name == "Host" {
		r.host = value
		r.hosts++
		return
	}
	r.add(r.header, name, value)
}

// add appends value to the list of name.
func (r *request) add(m map[string][]string, name, value string) {
	if list, ok := m[name]; ok {
		m[name] = append(list, value)
		return
	}
	n := len(r.ones)
	r.ones = append(r.ones, value)
	m[name] = r.ones[n : n+1 : n+1] // a second value moves the list out of here
}

// canonical returns a header's name as net/http writes it. Those of the handshake it would spell anew each time.
func canonical(name string) string {
	switch name {
	case "Sec-WebSocket-Key":
		return "Sec-Websocket-Key"
	case "Sec-WebSocket-Version":
		return "Sec-Websocket-Version"
	case "Sec-WebSocket-Protocol":
		return "Sec-Websocket-Protocol"
	case "Sec-WebSocket-Extensions":
		return "Sec-Websocket-Extensions"
	}
	return textproto.CanonicalMIMEHeaderKey(name)
}

// parseTarget sets the path and the query.
func (r *request) parseTarget() *relay.Refusal {
	path, query, _ := strings.Cut(r.target, "?")
	if !isPlainPath(path) {
		u, err := url.ParseRequestURI(r.target)
		if err != nil {
			return badRequest("the request target is malformed")
		}
		path, query = u.Path, u.RawQuery
	}
	r.path = path
	return r.parseQuery(query)
}

// isPlainPath reports whether path decodes to itself, without a look at RFC 3986.
func isPlainPath(path string) bool {
	for i := range len(path) {
		if c := path[i]; c != '/' && !alphanumeric[c] || c == '/' && i > 0 && path[i-1] == '/' {
			return false
		}
	}
	return path != "" && path[0] == '/'
}

// parseQuery reads the query as url.ParseQuery does.
func (r *request) parseQuery(query string) *relay.Refusal {
	for query != "" {
		var pair string
		if pair, query, _ = strings.Cut(query, "&"); pair == "" {
			continue
		}
		if strings.Contains(pair, ";") {
			return badRequest("the query is malformed: it holds a semicolon")
		}
		key, value, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(key)
		if err == nil {
			value, err = url.QueryUnescape(value)
		}
		if err != nil {
			return badRequest("the query is malformed: " + err.Error())
		}
		r.add(r.query, key, value)
	}
	return nil
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

// alphanumeric holds the letters and digits, and tokenChar what a token of RFC 9110 §5.6.2 may hold beside them.
var alphanumeric, tokenChar = func() (letters, all [256]bool) {
	for c := range 256 {
		letters[c] = '0' <= c && c <= '9' || 'a' <= c|' ' && c|' ' <= 'z'
		all[c] = letters[c] || c < 0x80 && strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0
	}
	return letters, all
}()

// isToken reports whether s is a token of RFC 9110 §5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		if !tokenChar[s[i]] {
			return false
		}
	}
	return s != ""
}

func badRequest(reason string) *relay.Refusal {
	return &relay.Refusal{Status: http.StatusBadRequest, Reason: reason}
}
