package plugins

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"eventrelay/relay"
	"eventrelay/sdk/abi"
)

// quarantine keeps the newest events on which a filter failed, within bounds of count and bytes, so that they can be
// looked at and run again on a desk. Safe for concurrent use.
type quarantine struct {
	mu    sync.Mutex
	o     Quarantine
	items []*Quarantined // oldest first
	bytes int
	total uint64
}

// Quarantined is an event on which a filter failed: a line of `relay plugin quarantine`, and what `relay plugin replay`
// reads.
type Quarantined struct {
	Plugin    string    `json:"plugin"`
	Time      time.Time `json:"time"` // of the failure
	Cause     string    `json:"cause"`
	Error     string    `json:"error"`
	Functions []string  `json:"functions,omitempty"` // of the trap, innermost first
	Fuel      uint64    `json:"fuel"`                // that the call had spent
	Module    string    `json:"module"`              // sha256 of the file
	Version   uint64    `json:"version"`             // of the plugin, as metrics count them
	Hook      string    `json:"hook,omitempty"`      // connect, subscribe or disconnect; none for an event
	Event     Event     `json:"event"`
}

// Event is a relay.Event as JSON, byte for byte.
type Event struct {
	Topic         string            `json:"topic"`
	ID            string            `json:"event_id"`
	Time          time.Time         `json:"time"`
	Kind          string            `json:"kind"`
	Source        string            `json:"source"`
	Attributes    map[string]string `json:"attributes,omitempty"`
	Payload       *string           `json:"payload,omitempty"`        // UTF-8, as it stood
	PayloadBase64 []byte            `json:"payload_base64,omitempty"` // anything else
	Omitted       int               `json:"payload_omitted,omitempty"`
}

// add keeps an event, at the cost of the oldest.
func (q *quarantine) add(e *Quarantined) {
	size := e.size()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.total++
	if size > int(q.o.Bytes) {
		e.Event.omit()
		size = e.size()
	}
	q.items = append(q.items, e)
	q.bytes += size
	q.trimRequests()
	q.trim()
}

// trimRequests makes the requests of connections fit half of the count: strangers make them, of which next to nothing is
// kept, and must not push out all events. The caller holds q.mu.
func (q *quarantine) trimRequests() {
	isRequest := func(e *Quarantined) bool { return e.Hook == onConnect.String() }
	n := 0
	for _, e := range q.items {
		if isRequest(e) {
			n++
		}
	}
	if n <= max(1, q.o.Events/2) {
		return
	}
	i := slices.IndexFunc(q.items, isRequest)
	q.bytes -= q.items[i].size()
	q.items = slices.Delete(q.items, i, i+1)
}

// trim makes the kept events fit. The caller holds q.mu.
func (q *quarantine) trim() {
	n := 0
	for n < len(q.items) && (len(q.items)-n > q.o.Events || q.bytes > int(q.o.Bytes)) {
		q.bytes -= q.items[n].size()
		n++
	}
	clear(q.items[:n])
	q.items = append(q.items[:0], q.items[n:]...)
}

func (q *quarantine) configure(o Quarantine) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.o = o
	q.trim()
}

// list returns what is kept, oldest first. The items must not be changed.
func (q *quarantine) list() []*Quarantined {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]*Quarantined(nil), q.items...)
}

func (q *quarantine) counts() (kept int, total uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items), q.total
}

// quarantinedOverhead is what an entry takes beside its texts.
const quarantinedOverhead = 512

func (e *Quarantined) size() int {
	n := quarantinedOverhead + len(e.Error) + len(e.Event.Topic) + len(e.Event.ID) + len(e.Event.PayloadBase64)
	if e.Event.Payload != nil {
		n += len(*e.Event.Payload)
	}
	for _, f := range e.Functions {
		n += len(f)
	}
	for k, v := range e.Event.Attributes {
		n += len(k) + len(v)
	}
	return n
}

// omit leaves out what is large.
func (e *Event) omit() {
	if e.Payload != nil {
		e.Omitted = len(*e.Payload)
	} else {
		e.Omitted = len(e.PayloadBase64)
	}
	e.Payload, e.PayloadBase64, e.Attributes = nil, nil, nil
}

// exportEvent copies ev, whose payload may be a part of something larger.
func exportEvent(ev *relay.Event) Event {
	e := Event{Topic: string(ev.Topic), ID: ev.ID, Time: ev.Time, Kind: ev.Kind.String(), Source: ev.Source.String()}
	for _, a := range ev.Attributes {
		if e.Attributes == nil {
			e.Attributes = make(map[string]string, len(ev.Attributes))
		}
		e.Attributes[a.Key] = a.Value
	}
	if utf8.Valid(ev.Payload) {
		text := string(ev.Payload)
		e.Payload = &text
	} else {
		e.PayloadBase64 = append([]byte(nil), ev.Payload...)
	}
	return e
}

// quarantined makes an entry of an event that f failed on.
func (f *filter) quarantined(h hook, ev *relay.Event, failed *failure, now time.Time) *Quarantined {
	q := &Quarantined{
		Plugin:    f.plugin.name,
		Time:      now.UTC(),
		Cause:     failed.cause.String(),
		Error:     failed.text,
		Functions: failed.functions,
		Fuel:      failed.fuel,
		Module:    hex.EncodeToString(f.sum[:]),
		Version:   f.number,
		Event:     exportEvent(ev),
	}
	if h != onEvent {
		q.Hook = h.String()
	}
	if h == onConnect {
		q.Event.hideRequest()
	}
	return q
}

// hideRequest leaves of what a client sent no more than how long it was: any header may hold a secret.
func (e *Event) hideRequest() {
	for key, value := range e.Attributes {
		if key == abi.AttributeQuery || strings.HasPrefix(key, abi.AttributeHeader) {
			e.Attributes[key] = fmt.Sprintf("[%d bytes, not kept]", len(value))
		}
	}
}

// line encodes an entry as one line of NDJSON.
func (e *Quarantined) line() []byte {
	b, err := json.Marshal(e)
	if err != nil {
		panic("BUG: a quarantined event cannot be written: " + err.Error())
	}
	return append(b, '\n')
}
