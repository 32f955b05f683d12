package ingest

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"eventrelay/relay"
	"eventrelay/relay/rawjson"
)

// exchange is one request on its way to its answer, and the scratch memory that the next one uses again. It belongs to
// the request's goroutine.
type exchange struct {
	h *Handler

	// Of this request.
	w      http.ResponseWriter
	r      *http.Request
	ctx    context.Context
	now    time.Time
	topic  string // as in the path, percent-decoded
	query  url.Values
	target target
	media  media
	unread bool // the body, or the rest of it
	passed bool // something was handed on

	sharedBy  [3]relay.Attributes // see shared
	lastTopic relay.Topic         // see parseTopic

	// Scratch.
	hands relay.Handshake // the Gate does not keep it
	body  []byte
	out   []byte
	scan  rawjson.Scanner
	inner rawjson.Scanner // of what scan found
	batch batch
}

// begin takes up a request.
func (x *exchange) begin(w http.ResponseWriter, r *http.Request) {
	x.w, x.r, x.ctx, x.now = w, r, r.Context(), time.Now()
	x.unread = r.ContentLength != 0
	x.passed = false
	x.topic, x.query, x.target, x.media = "", nil, target{}, media{}
	x.sharedBy, x.lastTopic = [3]relay.Attributes{}, ""
}

// keep is the scratch memory that is worth keeping, per buffer.
const keep = 2 << 20

// end lets go of the request.
func (x *exchange) end() {
	x.w, x.r, x.ctx, x.hands = nil, nil, nil, relay.Handshake{}
	x.batch.release()
	x.scan.Reset(nil)
	x.inner.Reset(nil)
	if cap(x.body) > keep {
		x.body = nil
	}
	if cap(x.out) > keep {
		x.out = nil
	}
}

// run takes the request to its answer. Nothing of the body is read before the Gate has let the peer in.
func (x *exchange) run() answer {
	if p := x.first((*exchange).route, (*exchange).admit); p != nil {
		return x.refuse(p)
	}
	if x.r.Method == http.MethodOptions {
		return preflight
	}
	if p := x.first((*exchange).aim, (*exchange).sort, (*exchange).read); p != nil {
		return x.refuse(p)
	}
	return x.once()
}

// first takes the steps up to the first that has a problem.
func (x *exchange) first(steps ...func(*exchange) *problem) *problem {
	for _, step := range steps {
		if p := step(x); p != nil {
			return p
		}
	}
	return nil
}

// publish makes events of the body and publishes them.
func (x *exchange) publish() answer {
	switch m := x.media; {
	case m.form == asLines:
		return x.lines()
	case m.form == asEvents:
		return x.array((*exchange).cloudEventItem)
	case x.target.batch:
		return x.array(x.itemReader((*exchange).checkedItem))
	}
	return x.single()
}

// event returns an event of this request, without a payload.
func (x *exchange) event() relay.Event {
	return relay.Event{Topic: x.target.topic, ID: x.target.eventID, Time: x.now, Source: relay.Published}
}
