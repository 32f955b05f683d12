package wsclient

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode"
)

// HandshakeError is returned by Dial when the server answered the handshake with a status other than 101.
type HandshakeError struct {
	Status int
	Header http.Header
	Detail string // what the answer's body says, in one line; may be empty
}

func (e *HandshakeError) Error() string {
	s := fmt.Sprintf("the server refused the WebSocket handshake: %d %s", e.Status, http.StatusText(e.Status))
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// maxProblem is how much of a refusal's body is read.
const maxProblem = 4 << 10

// onRefused reads the answer into *refused. gobwas/ws calls it while the handshake's deadline is in force.
func onRefused(refused **HandshakeError) func(int, []byte, io.Reader) {
	return func(status int, _ []byte, r io.Reader) {
		e := &HandshakeError{Status: status}
		*refused = e
		resp, err := http.ReadResponse(bufio.NewReader(r), nil)
		if err != nil {
			return // the status line is all that could be read
		}
		defer resp.Body.Close()
		e.Header = resp.Header
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxProblem)) // what came before a cut still explains
		e.Detail = Problem(resp.Header, body)
	}
}

// Problem returns what the body of an HTTP error answer says, in one line that is safe to print: the detail of an
// application/problem+json (RFC 9457), else its title, else the text itself; "" for other types.
func Problem(h http.Header, body []byte) string {
	typ, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		typ = "text/plain"
	}
	switch {
	case typ == "application/problem+json" || typ == "application/json":
		var p struct{ Title, Detail string }
		if json.Unmarshal(body, &p) != nil {
			return oneLine(body)
		}
		if p.Detail == "" {
			return oneLine([]byte(p.Title))
		}
		return oneLine([]byte(p.Detail))
	case typ == "text/plain":
		return oneLine(body)
	}
	return ""
}

// oneLine makes a server's text safe for a terminal: no control characters, no escape sequences, at most 300 bytes.
func oneLine(text []byte) string {
	text = bytes.TrimSpace(text)
	cut := len(text) > 300
	if cut {
		text = text[:300]
	}
	s := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(text), ""))
	if cut {
		s += "…"
	}
	return s
}
