package transport

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"eventrelay/relay"
)

// refusalHeaders returns the headers with which r is answered. After any answer but 101 the connection closes: a proxy
// that believes in an upgrade must not become a tunnel.
func refusalHeaders(r *relay.Refusal) http.Header {
	h := http.Header{
		"Connection":   {"close"},
		"Content-Type": {"application/problem+json"},
	}
	switch r.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusMethodNotAllowed:
		h.Set("Allow", http.MethodGet)
	case http.StatusUpgradeRequired:
		h.Set("Upgrade", "websocket")
		h.Add("Connection", "Upgrade")              // in a line of its own, as net/http looks for close alone
		h["Sec-WebSocket-Version"] = []string{"13"} // as RFC 6455 spells it
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	}
	return h
}

// refusalBody returns the problem details of r (RFC 9457).
func refusalBody(r *relay.Refusal) []byte {
	body, err := json.Marshal(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{http.StatusText(r.Status), r.Status, r.Reason})
	if err != nil {
		panic("BUG: a refusal does not encode: " + err.Error())
	}
	return append(body, '\n')
}

// refusalAnswer returns the whole answer as it goes over the wire.
func refusalAnswer(r *relay.Refusal) []byte {
	body := refusalBody(r)
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n", r.Status, http.StatusText(r.Status), len(body))
	_ = refusalHeaders(r).Write(&b) // a bytes.Buffer does not fail
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// writeRefusal answers r over net/http.
func writeRefusal(w http.ResponseWriter, r *relay.Refusal) {
	for name, values := range refusalHeaders(r) {
		w.Header()[name] = values
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(refusalBody(r)) // a client that is gone is no error of ours
}

// scanRefusal says why a headScanner refused.
func scanRefusal(status int) *relay.Refusal {
	reason := map[int]string{
		http.StatusBadRequest:                  "this is not HTTP/1.1 (TLS and HTTP/2 need a proxy in front)",
		http.StatusRequestURITooLong:           "the request target is longer than 4 KiB",
		http.StatusRequestHeaderFieldsTooLarge: "the request head is larger than 16 KiB, 64 headers, or 8 KiB in a line",
	}[status]
	return &relay.Refusal{Status: status, Reason: reason}
}
