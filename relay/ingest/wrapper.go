package ingest

import (
	"bytes"
	"encoding/base64"
	"slices"

	"eventrelay/relay"
	"eventrelay/relay/rawjson"
)

// field is a member's value as it stands in the body.
type field struct {
	raw    []byte // nil: absent
	offset int
}

// wrapper is an item that says itself where it goes.
type wrapper struct {
	start                                          int
	topic, data, data64, kind, eventID, attributes field
}

// member returns the field of a key, or nil when there is none.
func (w *wrapper) member(key []byte) *field {
	switch string(key) {
	case "topic":
		return &w.topic
	case "data":
		return &w.data
	case "data_base64":
		return &w.data64
	case "type":
		return &w.kind
	case "event_id":
		return &w.eventID
	case "attributes":
		return &w.attributes
	}
	return nil
}

// wrappedItem makes an event of an object with topic and data.
func (x *exchange) wrappedItem(ev *relay.Event, it item) *fault {
	w := wrapper{start: it.start}
	f := x.members(it, func(key []byte, value field) *fault {
		to := w.member(key)
		if to == nil {
			return &fault{value.offset, "unknown key " + quote(string(key)) +
				"; an item has topic, data or data_base64, type, event_id and attributes (to publish items as they are, name the topic: /publish/TOPIC)"}
		}
		*to = value
		return nil
	})
	if f != nil {
		return f
	}
	if f = x.wrappedTopic(ev, &w); f == nil {
		f = x.wrappedID(ev, &w)
	}
	if f == nil {
		f = x.wrappedData(ev, &w)
	}
	if f == nil {
		f = x.wrappedAttributes(ev, &w)
	}
	return f
}

// members calls each for every member of the object that it is. What was called before a fault counts for nothing.
func (x *exchange) members(it item, each func(key []byte, value field) *fault) *fault {
	s := &x.scan
	s.Reset(x.body[it.start:it.end])
	for ok := s.Enter('{'); ok && s.Next(); {
		raw, offset, valid := s.Value()
		if !valid {
			break
		}
		if f := each(s.Key(), field{raw, it.start + offset}); f != nil {
			return f
		}
	}
	if f := s.Err(); f != nil {
		return &fault{it.start + f.Offset, badJSON + f.Reason}
	}
	return nil
}

func (x *exchange) wrappedTopic(ev *relay.Event, w *wrapper) *fault {
	if w.topic.raw == nil {
		return &fault{w.start, `the item has no "topic"; add it, or name one topic for all: /publish/TOPIC`}
	}
	name, f := w.topic.text("topic")
	if f != nil {
		return f
	}
	return x.parseTopic(ev, name, w.topic.offset)
}

// parseTopic sets ev's topic. Neighbours in a batch mostly have the same one, and share the string.
func (x *exchange) parseTopic(ev *relay.Event, name []byte, offset int) *fault {
	if len(name) > 0 && string(name) == string(x.lastTopic) {
		ev.Topic = x.lastTopic
		return nil
	}
	topic, err := relay.ParseTopic(string(name))
	if err != nil {
		return &fault{offset, err.Error()}
	}
	ev.Topic, x.lastTopic = topic, topic
	return nil
}

func (x *exchange) wrappedID(ev *relay.Event, w *wrapper) *fault {
	if w.eventID.raw == nil {
		return nil
	}
	id, f := w.eventID.text("event_id")
	if f != nil {
		return f
	}
	ev.ID = x.batch.text(id)
	if rule := checkEventID(ev.ID); rule != "" {
		return &fault{w.eventID.offset, "event_id " + rule}
	}
	return nil
}

// wrappedData sets kind and payload.
func (x *exchange) wrappedData(ev *relay.Event, w *wrapper) *fault {
	kind, f := w.payloadKind()
	switch {
	case f != nil:
		return f
	case w.data.raw != nil && w.data64.raw != nil:
		return &fault{w.data64.offset, "the item has both data and data_base64"}
	case w.data64.raw != nil:
		return x.decoded(ev, kind, w.data64)
	case w.data.raw == nil:
		return &fault{w.start, `the item has no "data" (nor "data_base64")`}
	case kind == relay.KindJSON:
		ev.Kind, ev.Payload = kind, x.batch.copy(w.data.raw) // the scanner has checked it
		return nil
	case kind == relay.KindBinary:
		return &fault{w.data.offset, "bytes need data_base64 in place of data"}
	}
	text, f := w.data.text("data")
	if f != nil {
		return f
	}
	ev.Kind, ev.Payload = kind, x.batch.copy(text)
	return nil
}

// payloadKind reads "type". Without it data is JSON, and data_base64 bytes.
func (w *wrapper) payloadKind() (relay.Kind, *fault) {
	if w.kind.raw == nil {
		if w.data64.raw != nil {
			return relay.KindBinary, nil
		}
		return relay.KindJSON, nil
	}
	switch string(w.kind.raw) {
	case `"json"`:
		return relay.KindJSON, nil
	case `"text"`:
		return relay.KindText, nil
	case `"binary"`:
		return relay.KindBinary, nil
	}
	return 0, &fault{w.kind.offset, `type is "json", "text" or "binary"`}
}

// decoded makes what value encodes the payload.
func (x *exchange) decoded(ev *relay.Event, kind relay.Kind, value field) *fault {
	text, f := value.text("data_base64")
	if f != nil {
		return f
	}
	data, err := base64.StdEncoding.Strict().AppendDecode(nil, text)
	if err != nil {
		return &fault{value.offset, "data_base64 is no base64 (RFC 4648 §4, with padding)"}
	}
	if f := x.content(ev, kind, data, 0); f != nil {
		return &fault{value.offset, "what data_base64 encodes is not what its type says: " + f.reason}
	}
	return nil
}

// wrappedAttributes adds the publisher's attributes to those of the request.
func (x *exchange) wrappedAttributes(ev *relay.Event, w *wrapper) *fault {
	ev.Attributes = x.shared(ev.Kind)
	if w.attributes.raw == nil {
		return nil
	}
	ev.Attributes = slices.Clone(ev.Attributes)
	s := &x.inner
	s.Reset(w.attributes.raw)
	if !s.Enter('{') {
		return &fault{w.attributes.offset, "attributes is an object of strings"}
	}
	for s.Next() {
		raw, offset, _ := s.Value()
		value, f := field{raw, w.attributes.offset + offset}.text("an attribute")
		if f != nil {
			return f
		}
		key := string(s.Key())
		if rule := checkAttribute(key); rule != "" {
			return &fault{w.attributes.offset, "attribute " + quote(key) + " " + rule}
		}
		ev.Attributes = append(ev.Attributes, relay.Attribute{Key: key, Value: string(value)})
		if len(ev.Attributes) > maxAttributes {
			return &fault{w.attributes.offset, "the item has too many attributes"}
		}
	}
	sortAttributes(ev.Attributes)
	return nil
}

// text returns what the string value stands for. It may be part of the body.
func (v field) text(name string) ([]byte, *fault) {
	if v.raw[0] != '"' {
		return nil, &fault{v.offset, name + " is a string"}
	}
	inside := v.raw[1 : len(v.raw)-1]
	if bytes.IndexByte(inside, '\\') >= 0 {
		return rawjson.AppendString(nil, v.raw), nil
	}
	return inside, nil
}
