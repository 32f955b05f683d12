package plugins

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"eventrelay/relay"
)

// ReadQuarantined reads a line of `relay plugin quarantine`. The event is not read further than JSON; see Relay.
func ReadQuarantined(line []byte) (*Quarantined, error) {
	q := &Quarantined{}
	if err := json.Unmarshal(line, q); err != nil {
		return nil, fmt.Errorf("not a line of relay plugin quarantine: %w", err)
	}
	if q.Event.Topic == "" && q.Hook == "" {
		return nil, errors.New("not a line of relay plugin quarantine: it has no event with a topic")
	}
	return q, nil
}

// Errors of Event.Relay.
var (
	// ErrOmitted is returned for an event that was too large to be kept as a whole.
	ErrOmitted = errors.New("the event was larger than quarantine.bytes, so that its payload was not kept")
	// ErrNotKept is returned for a connection, since its request may hold secrets.
	ErrNotKept = errors.New("the request of a connection is not kept, so that it can't be tried again")
	// ErrEvent is returned for what is no event.
	ErrEvent = errors.New("not an event")
)

// Relay returns the event, or the record of a hook, as the filter saw it.
func (q *Quarantined) Relay() (*relay.Event, error) {
	switch q.Hook {
	case "":
		return q.Event.Relay()
	case onConnect.String():
		return nil, ErrNotKept
	}
	return q.Event.Record()
}

// Relay returns the event as filters saw it.
func (e *Event) Relay() (*relay.Event, error) {
	if _, err := relay.ParseTopic(e.Topic); err != nil {
		return nil, err
	}
	return e.relay()
}

// Record returns the record of a hook, whose topic is a pattern, or empty.
func (e *Event) Record() (*relay.Event, error) {
	if e.Topic != "" {
		if _, err := relay.ParsePattern(e.Topic); err != nil {
			return nil, err
		}
	}
	return e.relay()
}

func (e *Event) relay() (ev *relay.Event, err error) {
	if e.Omitted > 0 {
		return nil, ErrOmitted
	}
	ev = &relay.Event{Topic: relay.Topic(e.Topic), ID: e.ID, Time: e.Time, Payload: e.PayloadBase64}
	if e.Payload != nil {
		ev.Payload = []byte(*e.Payload)
	}
	if ev.Kind, err = parseWord(e.Kind, "kind", relay.KindBinary, relay.KindText, relay.KindJSON); err != nil {
		return nil, err
	}
	if ev.Source, err = parseWord(e.Source, "source", relay.Published, relay.Inbound); err != nil {
		return nil, err
	}
	for k, v := range e.Attributes {
		ev.Attributes = append(ev.Attributes, relay.Attribute{Key: k, Value: v})
	}
	slices.SortFunc(ev.Attributes, func(a, b relay.Attribute) int { return cmp.Compare(a.Key, b.Key) })
	return ev, nil
}

// parseWord returns the value whose word s is; no word means the first.
func parseWord[T fmt.Stringer](s, what string, values ...T) (T, error) {
	for _, v := range values {
		if s == v.String() {
			return v, nil
		}
	}
	if s == "" {
		return values[0], nil
	}
	return values[0], fmt.Errorf("%w: %s %.32q is none of %v", ErrEvent, what, s, values)
}
