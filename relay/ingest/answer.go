package ingest

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"eventrelay/relay"
)

// answer is what goes back.
type answer struct {
	status   int
	problem  bool // the body is application/problem+json
	header   header
	body     []byte
	replayed bool
}

// Values of the headers of every answer, shared since net/http only reads them.
var (
	jsonType    = []string{jsonName}
	problemType = []string{"application/problem+json"}
	noSniff     = []string{"nosniff"}
)

// write sends a. How long the peer may take to read it is for the server to say.
func (x *exchange) write(a answer) {
	h := x.w.Header()
	if x.unread {
		x.giveUp()
	}
	if len(a.body) > 0 {
		h["Content-Type"] = jsonType
		if a.problem {
			h["Content-Type"] = problemType
		}
		h["X-Content-Type-Options"] = noSniff
	}
	if len(a.body) > 2048 { // below, net/http sets it
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	if a.status == http.StatusTooManyRequests || a.status == http.StatusConflict {
		h.Set("Retry-After", "1")
	}
	if a.header.name != "" {
		h.Set(a.header.name, a.header.value)
	}
	if a.replayed {
		h.Set("Idempotency-Replayed", "true")
	}
	x.w.WriteHeader(a.status)
	_, _ = x.w.Write(a.body) // a peer that went away misses its answer
}

// status is the HTTP status of one event's result.
func status(r *relay.Result) int {
	switch {
	case r.Err == nil:
		return [...]int{200, 200, 200, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}[r.Verdict]
	case errors.Is(r.Err, relay.ErrBusy):
		return http.StatusTooManyRequests
	case errors.Is(r.Err, relay.ErrTooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(r.Err, relay.ErrClosed), errors.Is(r.Err, context.Canceled), errors.Is(r.Err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// detail says why an event with another status than 200 has it.
func detail(r *relay.Result) string {
	switch {
	case r.Err != nil && status(r) == http.StatusInternalServerError:
		return "the event could not be published; the relay's log says why"
	case r.Err != nil:
		return r.Err.Error() + "; the event was not published"
	case r.Verdict == relay.Rejected:
		return "filter " + r.Filter + " rejected the event"
	}
	return "filter " + r.Filter + " failed, and the event was dropped"
}

// appendOutcome appends the members that say what became of ev, with no braces.
func appendOutcome(b []byte, ev *relay.Event, r *relay.Result) []byte {
	b = appendText(b, "event_id", ev.ID)
	if r.Err != nil {
		return b
	}
	if !r.Position.IsZero() {
		b = append(appendKey(b, "id"), '"')
		b = append(r.Position.AppendTo(b), '"')
	}
	b = appendText(b, "topic", string(ev.Topic))
	b = appendText(b, "verdict", r.Verdict.String())
	if r.Filter != "" {
		b = appendText(b, "filter", r.Filter)
	}
	if r.Reason != "" {
		b = appendText(b, "reason", r.Reason)
	}
	if r.Emitted > 0 {
		b = appendNumber(b, "emitted", r.Emitted)
	}
	return b
}

// handedOn reports whether r left something with the clients, or left it out by decision of a filter, so that the same
// event must not be published again.
func handedOn(r *relay.Result) bool {
	return r.Err == nil && (r.Verdict <= relay.Dropped || r.Emitted > 0)
}
