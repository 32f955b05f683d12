package admin

import (
	"io"
	"net/http"
)

// health answers those who decide whether to restart the process, and whether to send it traffic.
type health struct {
	check func() error // nil: always ready
}

func (h health) alive(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok\n") }

func (h health) ready(w http.ResponseWriter, _ *http.Request) {
	if err := h.reason(); err != nil {
		writeText(w, http.StatusServiceUnavailable, "not ready: "+err.Error()+"\n")
		return
	}
	writeText(w, http.StatusOK, "ready\n")
}

// reason returns why the relay is not ready, or nil.
func (h health) reason() error {
	if h.check == nil {
		return nil
	}
	return h.check()
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // a peer that went away misses it
}
