package ingest

import (
	"net/http"
	"time"
	"unicode/utf8"
	"unsafe"

	"eventrelay/relay"
)

// single publishes the body as one event.
func (x *exchange) single() answer {
	made := new(parts)
	ev := &made.event
	*ev = x.event()
	ev.Attributes = made.attributes[:0]
	if p := x.compose(ev); p != nil {
		return x.refuse(p)
	}
	if ev.ID == "" {
		ev.ID = made.mint(x.now)
	}
	evs, results := x.batch.one(ev)
	x.h.publisher.Publish(x.ctx, evs, results)
	x.note(&results[0])
	return x.outcome(ev, &results[0])
}

// parts is what a single event consists of beside its payload, in one allocation.
type parts struct {
	event      relay.Event
	attributes [2]relay.Attribute // those that the relay sets
	id         [relay.EventIDLen]byte
}

// mint returns a new event_id. It is part of p, and like the event it is never changed.
func (p *parts) mint(now time.Time) string {
	relay.AppendEventID(p.id[:0], now)
	return unsafe.String(&p.id[0], len(p.id))
}

// compose gives ev the content of the body.
func (x *exchange) compose(ev *relay.Event) *problem {
	switch {
	case x.media.form == asEvent:
		return x.composed(x.cloudEventItem(ev, item{0, len(x.body)}))
	case x.binaryEvent():
		return x.headersEvent(ev)
	case len(x.body) == 0 && x.media.form == asJSON:
		return badRequest("the body is empty; send a JSON value" + x.media.hint)
	default:
		ev.Attributes = x.appendCommon(ev.Attributes, x.media.name)
	}
	return x.composed(x.content(ev, x.media.form.kind(), x.body, 0))
}

func (x *exchange) composed(f *fault) *problem {
	if f == nil {
		return nil
	}
	l := locator{data: x.body}
	at := l.at(f.offset)
	return f.problem(at, x.media.hint)
}

// content makes data, which begins at offset of the body, the payload of ev: a copy, as the body's memory is used again
// and events stay.
func (x *exchange) content(ev *relay.Event, kind relay.Kind, data []byte, offset int) *fault {
	switch kind {
	case relay.KindJSON:
		x.inner.Reset(data)
		value, f := x.inner.Document()
		if f != nil {
			return &fault{offset + f.Offset, badJSON + f.Reason}
		}
		data = value
	case relay.KindText:
		if at := invalidUTF8(data); at >= 0 {
			return &fault{offset + at, "the text is not UTF-8"}
		}
	}
	ev.Kind, ev.Payload = kind, x.batch.copy(data)
	return nil
}

// invalidUTF8 returns the offset of the first byte that is no UTF-8, or -1.
func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; ; {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
}

// outcome is the answer to one event.
func (x *exchange) outcome(ev *relay.Event, r *relay.Result) answer {
	a := answer{status: status(r)}
	b := append(x.out[:0], '{')
	if a.status != http.StatusOK {
		a.problem = true
		b = appendProblem(b, &problem{status: a.status, detail: detail(r)})
	}
	x.out = append(appendOutcome(b, ev, r), '}', '\n')
	a.body = x.out
	return a
}

// note counts a result and remembers what it means for the request.
func (x *exchange) note(r *relay.Result) {
	x.h.stats.result(r)
	x.passed = x.passed || handedOn(r)
	if r.Err != nil && status(r) == http.StatusInternalServerError {
		x.h.logError("an event could not be published", r.Err)
	}
}
