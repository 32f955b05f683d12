package plugins

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"eventrelay/relay"
	"eventrelay/sdk/abi"
)

// answer is what a filter made of an event.
type answer struct {
	said   filterVerdict
	status uint16       // with saidRefuse: of HTTP
	event  *relay.Event // with saidTransform: the event as it goes on
	reason string       // with saidDrop, saidReject and saidRefuse
}

// read reads a hook's answer about ev, checks all of it, and copies what it names out of the guest's memory.
func (in *instance) read(raw abi.Answer, ev *relay.Event) (answer, *failure) {
	kind, ptr, n := raw.Split()
	switch kind {
	case abi.AnswerPass:
		return answer{said: saidPass}, nil
	case abi.AnswerDrop:
		said := saidDrop
		if in.call.code == abi.ReasonReject {
			said = saidReject
		}
		return answer{said: said, reason: clean(in.call.reason, maxReason)}, nil
	}
	view, failed := in.view(raw, kind, ptr, n)
	if failed != nil {
		return answer{}, failed
	}
	return in.changed(kind, view, ev)
}

// view returns what an answer that is neither pass nor drop names, or the failure that it means.
func (in *instance) view(raw abi.Answer, kind abi.AnswerKind, ptr, n uint32) ([]byte, *failure) {
	switch {
	case kind == abi.AnswerError && len(in.call.reason) > 0:
		return nil, &failure{cause: causeGuest, text: clean(in.call.reason, maxErrorText)}
	case kind == abi.AnswerError:
		return nil, &failure{cause: causeGuest, text: fmt.Sprintf("answered %d", int64(raw))}
	case kind == abi.AnswerBad:
		return nil, badAnswer("%#x is no answer of ABI v1", uint64(raw))
	}
	view, ok := in.mem.Read(ptr, n)
	if !ok {
		return nil, badAnswer("%d bytes at %d are not within memory", n, ptr)
	}
	return view, nil
}

// changed reads a new payload or a full record. What turns out to be the same event counts as passed.
func (in *instance) changed(kind abi.AnswerKind, view []byte, ev *relay.Event) (answer, *failure) {
	rec, next, moved := abi.Record{Payload: view}, *ev, false
	if kind == abi.AnswerRecord {
		var err error
		if rec, err = abi.Decode(view); err != nil {
			return answer{}, badAnswer("%v", err)
		}
		if moved, err = apply(&rec, &next); err != nil {
			return answer{}, badAnswer("%v", err)
		}
	}
	if next.Kind == ev.Kind && bytes.Equal(rec.Payload, ev.Payload) {
		if !moved {
			return answer{said: saidPass}, nil
		}
		return answer{said: saidTransform, event: &next}, nil
	}
	if err := in.checkPayload(rec.Payload, next.Kind); err != nil {
		return answer{}, badAnswer("%v", err)
	}
	next.Payload = append([]byte{}, rec.Payload...)
	return answer{said: saidTransform, event: &next}, nil
}

// emitted makes the event that a guest emits. Its source and time are those of the event at hand.
func (in *instance) emitted(rec *abi.Record) (*relay.Event, error) {
	ev := &relay.Event{Time: in.call.event.Time, Source: in.call.event.Source}
	if _, err := apply(rec, ev); err != nil {
		return nil, err
	}
	if err := in.checkPayload(rec.Payload, ev.Kind); err != nil {
		return nil, err
	}
	ev.ID = relay.NewEventID()
	ev.Payload = append([]byte{}, rec.Payload...)
	return ev, nil
}

// maxAttributes is the most bytes of attributes that a guest may give an event.
const maxAttributes = 64 << 10

// apply gives ev the topic, attributes and kind of rec, and reports whether topic or attributes changed.
func apply(rec *abi.Record, ev *relay.Event) (moved bool, err error) {
	if len(rec.Attributes) > maxAttributes {
		return false, fmt.Errorf("attributes of %d bytes; at most %d", len(rec.Attributes), maxAttributes)
	}
	if string(rec.Topic) != string(ev.Topic) || len(rec.Topic) == 0 {
		if ev.Topic, err = relay.ParseTopic(string(rec.Topic)); err != nil {
			return false, err
		}
		moved = true
	}
	if !sameAttributes(rec.Attributes, ev.Attributes) {
		ev.Attributes, moved = attributes(rec.Attributes), true
	}
	ev.Kind = kind(rec.Flags)
	return moved, nil
}

func sameAttributes(got abi.Attributes, had relay.Attributes) bool {
	i := 0
	for key, value := range got.All() {
		if i == len(had) || had[i].Key != string(key) || had[i].Value != string(value) {
			return false
		}
		i++
	}
	return i == len(had)
}

func attributes(got abi.Attributes) relay.Attributes {
	attrs := make(relay.Attributes, 0, got.Len())
	for key, value := range got.All() {
		attrs = append(attrs, relay.Attribute{Key: string(key), Value: string(value)})
	}
	return attrs
}

var (
	errNotJSON = errors.New("the payload is not one JSON value")
	errNotUTF8 = errors.New("the payload is not UTF-8")
)

// checkPayload checks that a payload is what its event says it is.
func (in *instance) checkPayload(p []byte, k relay.Kind) error {
	switch {
	case relay.Size(len(p)) > in.filter.limits.Output:
		return fmt.Errorf("a payload of %d bytes is larger than limits.output (%v)", len(p), in.filter.limits.Output)
	case k != relay.KindBinary && !utf8.Valid(p):
		return errNotUTF8
	case k == relay.KindJSON:
		// As strict as the publish API: what a filter answers must mean the same to every reader after it.
		in.json.Reset(p)
		if _, fault := in.json.Document(); fault != nil {
			return fmt.Errorf("%w: %w", errNotJSON, fault)
		}
	}
	return nil
}
