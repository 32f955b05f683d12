package ingest

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"eventrelay/relay"
)

// Handler serves the publish API. It is safe for concurrent use, starts no goroutine and needs no closing.
type Handler struct {
	// Set at construction.
	opts      Options
	publisher relay.Publisher
	gate      relay.Gate
	log       *slog.Logger

	repeats   *repeats
	exchanges sync.Pool // of *exchange, for their scratch memory
	stats     stats
}

// New returns a Handler that publishes to p what g lets in.
func New(o Options, p relay.Publisher, g relay.Gate, log *slog.Logger) *Handler {
	o = o.withDefaults()
	h := &Handler{opts: o, publisher: p, gate: g, log: log}
	h.repeats = newRepeats(o.IdempotencyWindow, o.IdempotencyKeys)
	h.exchanges.New = func() any { return &exchange{h: h} }
	return h
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := h.exchanges.Get().(*exchange)
	x.begin(w, r)
	h.stats.inflight.Add(1)
	// A panic takes the exchange out of use, but not out of the count.
	defer h.stats.inflight.Add(-1)
	a := x.run()
	h.stats.count(a.status, time.Since(x.now))
	x.write(a)
	x.end()
	h.exchanges.Put(x)
}

// logError logs at most once a second, as a peer may cause it at will.
func (h *Handler) logError(what string, err error) {
	if h.stats.mayLog(time.Now()) {
		h.log.Error(what, "err", err)
	}
}
