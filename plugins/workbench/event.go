package workbench

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"mime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"eventrelay/plugins"
	"eventrelay/relay"
	"eventrelay/relay/rawjson"
)

// eventKeys are those of an event on the desk: an item of a batch that is published; what else relay knows of an event;
// what a quarantine calls the same things; and what an envelope says about its delivery, which is left out.
var eventKeys = []string{
	"topic", "data", "data_base64", "type", "event_id", "attributes", "source", "time",
	"kind", "payload", "payload_base64", "payload_omitted", "subscription", "id",
}

// epoch is the time of events that say none, where it must be the same each time.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// draft is an event as it is being read.
type draft struct {
	ev   relay.Event
	hook string // "" of an event
	at   int
	name *node // topic
	kind *node // type or kind
	data *node // JSON, or a string of text
	text *node // a quarantine's payload: a string that holds it
	code *node // base64
}

// hooks are what a filter may be asked about besides events.
var hooks = []string{"connect", "subscribe", "disconnect"}

// readEvent makes an event of an object, or what a filter is asked about a connection or subscription by a hook. Without a
// time it is of the given one.
func readEvent(n node, hook string, now time.Time) (*relay.Event, *fault) {
	d := draft{ev: relay.Event{Time: now}, hook: hook, at: n.at}
	return d.read(n, eventKeys)
}

func (d *draft) read(n node, known []string) (*relay.Event, *fault) {
	if f := n.members("an event", known, d.member); f != nil {
		return nil, f
	}
	if f := d.topic(); f != nil {
		return nil, f
	}
	if d.hook != "" { // which has no payload
		if d.data != nil || d.text != nil && string(d.text.raw) != `""` || d.code != nil {
			return nil, faultf(d.at, "a connection or subscription has no data")
		}
		return &d.ev, nil
	}
	if f := d.payload(); f != nil {
		return nil, f
	}
	return &d.ev, nil
}

func (d *draft) member(key string, v node) (f *fault) {
	switch key {
	case "topic":
		d.name = &v
	case "hook":
		d.hook, f = readHook(v)
	case "event_id":
		d.ev.ID, f = v.text(key)
	case "data":
		d.data = &v
	case "payload":
		d.text = &v
	case "data_base64", "payload_base64":
		d.code = &v
	case "type", "kind":
		d.kind = &v
	case "attributes":
		d.ev.Attributes, f = readAttributes(v)
	case "source":
		d.ev.Source, f = readSource(v)
	case "time":
		d.ev.Time, f = readTime(v)
	case "after":
		f = d.later(v)
	case "payload_omitted":
		f = faultf(v.at, "%v", plugins.ErrOmitted)
	}
	return f
}

// later moves the event's time, which is that of the event before.
func (d *draft) later(v node) *fault {
	word, f := v.text("after")
	if f != nil {
		return f
	}
	pause, err := time.ParseDuration(word)
	if err != nil || pause < 0 || pause > 24*365*time.Hour {
		return faultf(v.at, "after is a time such as 10s or 1h30m")
	}
	d.ev.Time = d.ev.Time.Add(pause)
	return nil
}

// payload sets kind and payload.
func (d *draft) payload() (f *fault) {
	ev := &d.ev
	given := 0
	for _, n := range []*node{d.data, d.text, d.code} {
		if n != nil {
			given++
		}
	}
	switch {
	case given > 1:
		return faultf(d.at, "the event has its data twice; write data, or data_base64 for bytes")
	case given == 0 && d.kind == nil:
		return faultf(d.at, `the event has no "data" (nor "data_base64")`)
	}
	if ev.Kind, f = d.readKind(); f != nil {
		return f
	}
	switch {
	case d.text != nil:
		return d.string(d.text)
	case d.code != nil:
		return d.decode()
	case d.data == nil: // a quarantine's event without payload
	case ev.Kind == relay.KindJSON:
		ev.Payload = bytes.Clone(d.data.raw)
	case ev.Kind == relay.KindBinary:
		return faultf(d.data.at, "bytes need data_base64 in place of data")
	default:
		return d.string(d.data)
	}
	return nil
}

func (d *draft) readKind() (relay.Kind, *fault) {
	if d.kind == nil {
		if d.data != nil {
			return relay.KindJSON, nil
		}
		return relay.KindBinary, nil
	}
	word, f := d.kind.text("type")
	if f != nil {
		return 0, f
	}
	for _, k := range []relay.Kind{relay.KindBinary, relay.KindText, relay.KindJSON} {
		if word == k.String() {
			return k, nil
		}
	}
	media, _, err := mime.ParseMediaType(word) // an envelope has a media type there
	switch {
	case err != nil || !strings.Contains(media, "/"):
		return 0, faultf(d.kind.at, `type is "json", "text" or "binary"`)
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		return relay.KindJSON, nil
	case d.code != nil:
		return relay.KindBinary, nil
	}
	return relay.KindText, nil
}

func (d *draft) string(n *node) *fault {
	text, f := n.text("data of an event that is text")
	d.ev.Payload = []byte(text)
	return f.or(d.check(n))
}

func (d *draft) decode() *fault {
	text, f := d.code.text("data_base64")
	if f != nil {
		return f
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return faultf(d.code.at, "data_base64 is no base64 (RFC 4648 §4, with padding)")
	}
	d.ev.Payload = data
	return d.check(d.code)
}

// check checks that the payload, which n holds, is what its kind says.
func (d *draft) check(n *node) *fault {
	switch {
	case d.ev.Kind != relay.KindBinary && !utf8.Valid(d.ev.Payload):
		return faultf(n.at, "its type says text, but the data is not UTF-8")
	case d.ev.Kind == relay.KindJSON:
		var s rawjson.Scanner
		s.Reset(d.ev.Payload)
		if _, f := s.Document(); f != nil {
			return faultf(n.at, "its type says json, but the data is not: %s", f.Reason)
		}
	}
	return nil
}

// or returns f, or else if f is nil.
func (f *fault) or(otherwise *fault) *fault {
	if f != nil {
		return f
	}
	return otherwise
}

// topic sets the topic: that of a subscription is a pattern, and so may that be that a connection asks for.
func (d *draft) topic() *fault {
	if d.name == nil {
		if d.hook == "connect" || d.hook == "disconnect" {
			return nil
		}
		return faultf(d.at, `the event has no "topic"`)
	}
	name, f := d.name.text("topic")
	if f != nil || name == "" && d.hook != "" {
		return f
	}
	_, err := relay.ParsePattern(name)
	if d.hook == "" {
		_, err = relay.ParseTopic(name)
	}
	if err != nil {
		return faultf(d.name.at, "%v", err)
	}
	d.ev.Topic = relay.Topic(name)
	return nil
}

func readHook(v node) (string, *fault) {
	word, f := v.text("hook")
	if f == nil && !slices.Contains(hooks, word) {
		f = faultf(v.at, "there is no hook %.32q; there are %s", word, strings.Join(hooks, ", "))
	}
	return word, f
}

func readSource(v node) (relay.Source, *fault) {
	word, f := v.text("source")
	for _, s := range []relay.Source{relay.Published, relay.Inbound} {
		if word == s.String() {
			return s, nil
		}
	}
	return 0, f.or(faultf(v.at, `source is "published" or "inbound"`))
}

func readTime(v node) (time.Time, *fault) {
	text, f := v.text("time")
	if f != nil {
		return time.Time{}, f
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Before(time.Unix(0, 0)) || t.Year() > 2200 {
		return time.Time{}, faultf(v.at, "time is one such as 2026-01-31T12:00:00Z, from 1970 on")
	}
	return t, nil
}

func readAttributes(v node) (relay.Attributes, *fault) {
	attrs := relay.Attributes{}
	f := v.each("attributes", func(key string, value node) *fault {
		text, f := value.text("an attribute")
		attrs = append(attrs, relay.Attribute{Key: key, Value: text})
		return f
	})
	slices.SortFunc(attrs, func(a, b relay.Attribute) int { return cmp.Compare(a.Key, b.Key) })
	if len(attrs) == 0 {
		attrs = nil
	}
	return attrs, f
}

// AppendEvent appends an event in the form of an item of a batch, as `relay publish --file` takes it.
func AppendEvent(dst []byte, ev *relay.Event) []byte {
	dst = append(dst, `{"topic":`...)
	dst = rawjson.AppendQuoted(dst, string(ev.Topic))
	if ev.ID != "" {
		dst = rawjson.AppendQuoted(append(dst, `,"event_id":`...), ev.ID)
	}
	if len(ev.Attributes) > 0 {
		text, _ := json.Marshal(attributeMap(ev.Attributes)) // strings always encode
		dst = append(append(dst, `,"attributes":`...), text...)
	}
	return append(appendData(dst, ev.Kind, ev.Payload), '}')
}

// appendData appends the members that hold the payload.
func appendData(dst []byte, kind relay.Kind, payload []byte) []byte {
	switch kind {
	case relay.KindJSON:
		if bytes.ContainsAny(payload, "\n\r") { // they would end the line
			payload = compact(payload)
		}
		return append(append(dst, `,"data":`...), payload...)
	case relay.KindText:
		return rawjson.AppendQuoted(append(dst, `,"type":"text","data":`...), payload)
	}
	return append(base64.StdEncoding.AppendEncode(append(dst, `,"data_base64":"`...), payload), '"')
}

func attributeMap(attrs relay.Attributes) map[string]string {
	m := make(map[string]string, len(attrs))
	for _, a := range attrs {
		m[a.Key] = a.Value
	}
	return m
}
