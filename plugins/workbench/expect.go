package workbench

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"eventrelay/relay"
)

// Expectation is what a case says of one event. What it leaves out is not looked at, except for what was emitted and, of
// an event that it shows, what it leaves out there: that must be as it came in.
type Expectation struct {
	verdict string
	reason  *string // in the filter's words
	status  *int    // of a refusal
	cause   *string // of a failure
	err     *string // part of its text
	event   *outcome
	emitted []outcome
	log     []string // nil: not looked at
}

// outcome is an event that a filter made, as far as a case says.
type outcome struct {
	topic      *string
	kind       *relay.Kind
	payload    []byte
	hasPayload bool
	attributes relay.Attributes
	hasAttrs   bool
}

var (
	expectKeys  = []string{"verdict", "reason", "status", "cause", "error", "event", "emitted", "log"}
	outcomeKeys = []string{"topic", "type", "data", "data_base64", "attributes"}
	verdicts    = []string{"pass", "transform", "drop", "reject", "refuse", "fail"}
)

func readExpectations(v node) (list []Expectation, f *fault) {
	f = v.elements("expect", func(e node) *fault {
		var x Expectation
		if f := e.members("what is expected of an event", expectKeys, x.member); f != nil {
			return f
		}
		if x.verdict == "" {
			return faultf(e.at, `there is no "verdict": %s`, strings.Join(verdicts, ", "))
		}
		list = append(list, x)
		return nil
	})
	return list, f
}

func (x *Expectation) member(key string, v node) (f *fault) {
	switch key {
	case "verdict":
		if x.verdict, f = v.text(key); f == nil && !slices.Contains(verdicts, x.verdict) {
			f = faultf(v.at, "%.32q is no verdict; there are %s", x.verdict, strings.Join(verdicts, ", "))
		}
	case "reason":
		x.reason, f = v.optional(key)
	case "status":
		if json.Unmarshal(v.raw, &x.status) != nil || x.status == nil {
			f = faultf(v.at, "status is a number such as 401")
		}
	case "cause":
		x.cause, f = v.optional(key)
	case "error":
		x.err, f = v.optional(key)
	case "event":
		x.event, f = readOutcome(v)
	case "emitted":
		f = v.elements(key, func(e node) *fault {
			o, f := readOutcome(e)
			if f == nil {
				x.emitted = append(x.emitted, *o)
			}
			return f
		})
	case "log":
		x.log, f = v.texts(key)
	}
	return f
}

func (n node) optional(what string) (*string, *fault) {
	s, f := n.text(what)
	return &s, f
}

func readOutcome(n node) (*outcome, *fault) {
	d := draft{at: n.at}
	o := &outcome{}
	f := n.members("an expected event", outcomeKeys, func(key string, v node) *fault {
		o.hasAttrs = o.hasAttrs || key == "attributes"
		return d.member(key, v)
	})
	if f != nil {
		return nil, f
	}
	if o.hasPayload = d.data != nil || d.code != nil; o.hasPayload || d.kind != nil {
		if f := d.payload(); f != nil {
			return nil, f
		}
		o.kind, o.payload = &d.ev.Kind, d.ev.Payload
	}
	if d.name != nil {
		topic, f := d.name.text("topic")
		if _, err := relay.ParsePattern(topic); f == nil && topic != "" && err != nil {
			f = faultf(d.name.at, "%v", err)
		}
		if f != nil {
			return nil, f
		}
		o.topic = &topic
	}
	o.attributes = d.ev.Attributes
	return o, nil
}

// view is one side of a comparison: JSON with only what the case looks at.
type view map[string]any

// compare returns both sides; they are equal if the trial is as expected.
func (x *Expectation) compare(in *relay.Event, t *Trial) (want, got view) {
	want, got = view{"verdict": x.verdict}, view{"verdict": t.Verdict}
	text := func(key string, w *string, g string) {
		if w != nil {
			want[key], got[key] = *w, g
		}
	}
	text("reason", x.reason, t.Reason)
	text("cause", x.cause, t.Cause)
	if x.status != nil {
		want["status"], got["status"] = *x.status, t.Status
	}
	if x.err != nil {
		want["error"], got["error"] = *x.err, t.Error
		if strings.Contains(t.Error, *x.err) {
			got["error"] = *x.err
		}
	}
	if x.verdict != t.Verdict { // why, even if the case does not ask
		for key, value := range map[string]string{"reason": t.Reason, "cause": t.Cause, "error": t.Error} {
			if value != "" {
				got[key] = value
			}
		}
	}
	if x.event != nil {
		want["event"] = x.event.view(t.Hook, in)
		if t.Event != nil {
			got["event"] = eventView(t.Hook, t.Event)
		}
	}
	if len(x.emitted) > 0 || len(t.Emitted) > 0 {
		want["emitted"], got["emitted"] = []any{}, []any{}
		for i := range x.emitted {
			want["emitted"] = append(want["emitted"].([]any), x.emitted[i].view("", &relay.Event{Kind: relay.KindJSON}))
		}
		for _, ev := range t.Emitted {
			got["emitted"] = append(got["emitted"].([]any), eventView("", ev))
		}
	}
	if x.log != nil {
		want["log"], got["log"] = x.log, append([]string{}, t.Log...)
	}
	return want, got
}

// view shows what is expected of an event that was made of in.
func (o *outcome) view(hook string, in *relay.Event) any {
	ev := *in
	if o.topic != nil {
		ev.Topic = relay.Topic(*o.topic)
	}
	if o.kind != nil {
		ev.Kind = *o.kind
	}
	if o.hasPayload {
		ev.Payload = o.payload
	}
	if o.hasAttrs || hook != "" { // what a filter answers to a hook has what it gives, and not what it was shown
		ev.Attributes = o.attributes
	}
	return eventView(hook, &ev)
}

// eventView shows an event as a tree, in which JSON differs only if it means something else.
func eventView(hook string, ev *relay.Event) any {
	v := view{"topic": string(ev.Topic)}
	if len(ev.Attributes) > 0 {
		v["attributes"] = attributeMap(ev.Attributes)
	}
	if hook != "" {
		return v
	}
	switch ev.Kind {
	case relay.KindJSON:
		v["data"] = tree(ev.Payload)
	case relay.KindText:
		v["type"], v["data"] = "text", string(ev.Payload)
	default:
		v["data_base64"] = ev.Payload
	}
	return v
}

// tree decodes JSON, with numbers as they are written.
func tree(text []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return string(text)
	}
	return v
}

// pretty prints a view, with its keys sorted.
func pretty(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return b.String()
}
