package ingest

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"eventrelay/relay"
)

// Media types of CloudEvents 1.0 (HTTP protocol binding §3, JSON event format).
const (
	cloudEventPrefix = "application/cloudevents"
	cloudEvent       = "application/cloudevents+json"
	cloudEvents      = "application/cloudevents-batch+json"
)

// cloudEventDraft gathers the context attributes of a CloudEvent.
type cloudEventDraft struct {
	start        int
	id, source   string
	kind, spec   string
	contentType  string
	topic        string // extension attribute, used when the request names no topic
	others       relay.Attributes
	data, data64 field
}

// set takes one attribute and returns the rule that it breaks, or "".
func (d *cloudEventDraft) set(name, value string) (rule string) {
	switch {
	case strings.ContainsFunc(name, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') }) || name == "":
		return "is no name of a CloudEvents attribute (a to z and 0 to 9)"
	case len(name) > maxAttributeKey-len(cePrefix):
		return "has too long a name"
	case value == "":
		return "is empty"
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		return "holds a control character or is not UTF-8"
	}
	switch name {
	case "id":
		d.id = value
		return checkEventID(value)
	case "datacontenttype":
		d.contentType = value
		return ""
	case "topic":
		d.topic = value
		return ""
	case "source":
		d.source = value
	case "type":
		d.kind = value
	case "specversion":
		d.spec = value
		if value != "1.0" {
			return "is not 1.0"
		}
	case "time":
		if _, err := time.Parse(time.RFC3339, value); err != nil {
			return "is no time (RFC 3339)"
		}
	}
	d.others = append(d.others, relay.Attribute{Key: cePrefix + name, Value: value})
	if len(d.others) > maxAttributes {
		return "is one attribute too many"
	}
	return ""
}

// missing returns the required attribute that d has not, or "".
func (d *cloudEventDraft) missing() string {
	for _, need := range [...]struct{ name, value string }{
		{"specversion", d.spec}, {"id", d.id}, {"source", d.source}, {"type", d.kind},
	} {
		if need.value == "" {
			return need.name
		}
	}
	return ""
}

// apply makes the attributes those of ev, and returns what the data is.
func (d *cloudEventDraft) apply(x *exchange, ev *relay.Event) (relay.Kind, *fault) {
	if name := d.missing(); name != "" {
		return 0, &fault{d.start, "the CloudEvent has no " + name}
	}
	ev.ID = d.id
	if d.topic != "" && !x.target.named {
		if f := x.parseTopic(ev, []byte(d.topic), d.start); f != nil {
			return 0, f
		}
	}
	m, rule := parseMedia(d.contentType)
	if rule != "" {
		return 0, &fault{d.start, "datacontenttype " + quote(d.contentType) + " " + rule}
	}
	if d.contentType != "" && m.hint != "" { // here the form type means what it says
		m = media{asBytes, "application/x-www-form-urlencoded", ""}
	}
	ev.Attributes = sortAttributes(append(d.others, x.common(m.name)...))
	return m.form.kind(), nil
}

// cloudEventItem makes an event of a CloudEvent in the JSON event format.
func (x *exchange) cloudEventItem(ev *relay.Event, it item) *fault {
	d := cloudEventDraft{start: it.start}
	f := x.members(it, func(key []byte, value field) *fault { return d.member(string(key), value) })
	if f != nil {
		return f
	}
	kind, f := d.apply(x, ev)
	switch {
	case f != nil:
		return f
	case d.data.raw != nil && d.data64.raw != nil:
		return &fault{d.data64.offset, "the CloudEvent has both data and data_base64"}
	case d.data64.raw != nil:
		return x.decoded(ev, kind, d.data64)
	case d.data.raw == nil:
		x.noData(ev, kind)
		return nil
	case kind == relay.KindJSON:
		ev.Kind, ev.Payload = kind, x.batch.copy(d.data.raw)
		return nil
	}
	// JSON event format §3.1.1: data that is not JSON stands in a string.
	text, f := d.data.text("data, as datacontenttype is not JSON,")
	if f != nil {
		return f
	}
	return x.content(ev, kind, text, d.data.offset)
}

// noData gives ev the payload of a CloudEvent without data: no bytes, which are no JSON.
func (x *exchange) noData(ev *relay.Event, kind relay.Kind) {
	ev.Kind, ev.Payload = kind, []byte{}
	if kind == relay.KindJSON {
		ev.Kind = relay.KindBinary
	}
}

// member takes one member of the JSON object.
func (d *cloudEventDraft) member(name string, value field) *fault {
	switch name {
	case "data":
		d.data = value
		return nil
	case "data_base64":
		d.data64 = value
		return nil
	}
	text, f := value.attribute(name)
	if f != nil || text == nil { // null: as if absent
		return f
	}
	if rule := d.set(name, string(text)); rule != "" {
		return &fault{value.offset, "CloudEvents attribute " + quote(name) + " " + rule}
	}
	return nil
}

// attribute returns the text form of a context attribute (JSON event format §2.2), or nil for null.
func (v field) attribute(name string) ([]byte, *fault) {
	switch v.raw[0] {
	case '"':
		return v.text(name)
	case 't', 'f':
		return v.raw, nil
	case 'n':
		return nil, nil
	}
	if _, err := strconv.ParseInt(string(v.raw), 10, 32); err != nil {
		return nil, &fault{v.offset, "CloudEvents attribute " + quote(name) + " is no string, boolean or integer of 32 bits"}
	}
	return v.raw, nil
}
