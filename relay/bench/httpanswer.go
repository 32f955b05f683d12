package bench

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"

	"eventrelay/relay/transport/wsclient"
)

// httpAnswer is an answer to a POST.
type httpAnswer struct {
	status int
	body   []byte // aliases what was read; a chunked one with its chunk sizes in it
	closes bool   // the server closes the connection after it
	length int    // of the whole answer; 0: more bytes are needed
}

// parseAnswer reads the answer at the beginning of p, as HTTP/1.1 servers frame it (RFC 9112 §6). It allocates only for
// errors.
func parseAnswer(p []byte) (a httpAnswer, err error) {
	end := bytes.Index(p, []byte("\r\n\r\n"))
	if end < 0 {
		if len(p) > maxAnswer {
			return a, fmt.Errorf("an answer without end: %.60q", p)
		}
		return a, nil
	}
	head := p[:end+2]
	line, rest, _ := bytes.Cut(head, []byte("\r\n"))
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return a, fmt.Errorf("an answer that is no HTTP/1: %.60q", p)
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, fmt.Errorf("an answer without a status: %.60q", line)
	}
	length, chunked := int64(0), false
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.ParseInt(string(value), 10, 32); err != nil || length < 0 {
				return a, fmt.Errorf("an answer with Content-Length %.30q", value)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		case bytes.EqualFold(name, []byte("Connection")):
			a.closes = bytes.EqualFold(value, []byte("close"))
		}
	}
	body := p[end+4:]
	n := int(length)
	switch {
	case a.status < 200 || a.status == 204 || a.status == 304:
		n = 0
	case chunked:
		if n, err = chunkedLength(body); n == 0 || err != nil {
			return a, err
		}
	}
	if len(body) < n {
		return a, nil
	}
	a.body, a.length = body[:n], end+4+n
	return a, nil
}

// chunkedLength returns how long a chunked body (RFC 9112 §7.1) is with its last chunk, or 0 when it is not complete.
func chunkedLength(p []byte) (int, error) {
	for at := 0; ; {
		line, _, ok := bytes.Cut(p[at:], []byte("\r\n"))
		if !ok {
			return 0, nil
		}
		digits, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 31)
		if err != nil {
			return 0, fmt.Errorf("a chunk of size %.30q", line)
		}
		at += len(line) + 2 + int(n)
		if at > len(p) {
			return 0, nil
		}
		if n == 0 { // trailers are not expected: an empty line ends the body
			if len(p)-at < 2 {
				return 0, nil
			}
			return at + 2, nil
		}
		if at += 2; at > len(p) {
			return 0, nil
		}
	}
}

// failedItems returns what relay's answer to a batch says in "failed"; others say it by the status.
func failedItems(body []byte) int {
	const name = `"failed":`
	i := bytes.LastIndex(body, []byte(name))
	if i < 0 {
		return 0
	}
	digits := body[i+len(name):]
	end := bytes.IndexFunc(digits, func(c rune) bool { return c < '0' || c > '9' })
	n, err := strconv.Atoi(string(digits[:max(end, 0)]))
	if err != nil {
		return 0
	}
	return n
}

// explain returns what an answer says, in one safe line.
func explain(body []byte) string {
	h := http.Header{"Content-Type": {"text/plain"}}
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		h.Set("Content-Type", "application/json")
	}
	if s := wsclient.Problem(h, body); s != "" {
		return s
	}
	h.Set("Content-Type", "text/plain")
	return wsclient.Problem(h, body)
}
