package workbench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"eventrelay/relay"
	"eventrelay/relay/rawjson"
)

// Update writes what happened into the case's file as what is expected, and leaves the rest of it as it is. A case of a
// filter that must not start gets its words.
func (r *CaseResult) Update() error {
	text := r.Case.text
	var key string
	var value []byte
	if r.Case.Refuse != nil || r.Refusal != "" {
		key, value = "refuse", rawjson.AppendQuoted(nil, r.Refusal)
	} else {
		key, value = "expect", r.expectations()
	}
	out, ok := replaceMember(text, key, value)
	if !ok {
		return &FileError{File: r.Case.File, Problem: "can't be updated: it is no object"}
	}
	if _, err := parseCase(r.Case.File, out); err != nil {
		return err // such as a case with events whose filter does not start
	}
	return writeFile(r.Case.File, out)
}

// expectations is the list of what happened, one event a line if it is short.
func (r *CaseResult) expectations() []byte {
	out := []byte("[\n")
	for i := range r.Trials {
		var old *Expectation
		if i < len(r.Case.Expect) {
			old = &r.Case.Expect[i]
		}
		out = append(out, "    "...)
		out = append(out, expectation(r.Case.Events[i], &r.Trials[i], old)...)
		if i < len(r.Trials)-1 {
			out = append(out, ',')
		}
		out = append(out, '\n')
	}
	return append(out, "  ]"...)
}

// expectation is what a trial showed, in the form of a case. The lines of a log are there if they were looked at before.
func expectation(in *relay.Event, t *Trial, old *Expectation) []byte {
	out := rawjson.AppendQuoted([]byte(`{"verdict":`), t.Verdict)
	member := func(key, value string) {
		if value != "" {
			out = append(append(rawjson.AppendQuoted(append(out, ','), key), ':'), rawjson.AppendQuoted(nil, value)...)
		}
	}
	member("reason", t.Reason)
	if t.Status != 0 {
		out = fmt.Appendf(out, `,"status":%d`, t.Status)
	}
	member("cause", t.Cause)
	if t.Cause == "guest" { // the filter's own words; others name functions, which change with every build
		member("error", t.Error)
	}
	if t.Event != nil {
		out = append(appendOutcome(append(out, `,"event":`...), t.Hook, t.Event, in), '}')
	}
	for i, ev := range t.Emitted {
		out = append(out, [2]string{`,"emitted":[`, `,`}[min(i, 1)]...)
		out = append(appendOutcome(out, "", ev, &relay.Event{}), '}')
		if i == len(t.Emitted)-1 {
			out = append(out, ']')
		}
	}
	if old != nil && old.log != nil {
		text, _ := json.Marshal(append([]string{}, t.Log...)) // strings always encode
		out = append(append(out, `,"log":`...), text...)
	}
	return spaced(append(out, '}'))
}

// appendOutcome appends what of ev is not as in, and its data.
func appendOutcome(dst []byte, hook string, ev, in *relay.Event) []byte {
	start := len(dst)
	if ev.Topic != in.Topic {
		dst = rawjson.AppendQuoted(append(dst, `,"topic":`...), string(ev.Topic))
	}
	was := in.Attributes
	if hook != "" { // an answer has those that it gives, and not those that the filter was shown
		was = nil
	}
	if !slices.Equal(ev.Attributes, was) {
		m, _ := json.Marshal(attributeMap(ev.Attributes)) // strings always encode
		dst = append(append(dst, `,"attributes":`...), m...)
	}
	if hook == "" {
		dst = appendData(dst, ev.Kind, ev.Payload)
	}
	if len(dst) == start {
		return append(dst, '{')
	}
	dst[start] = '{' // in place of the first comma
	return dst
}

// spaced puts a space behind the commas and colons of compact JSON, for people; what is long gets lines.
func spaced(text []byte) []byte {
	const width = 110
	var out []byte
	inString := false
	for i, c := range text {
		out = append(out, c)
		if c == '"' && !escaped(text, i) {
			inString = !inString
		}
		if !inString && (c == ',' || c == ':') {
			out = append(out, ' ')
		}
	}
	if len(out) <= width {
		return out
	}
	var b bytes.Buffer
	if json.Indent(&b, text, "    ", "  ") != nil {
		return out
	}
	return b.Bytes()
}

// escaped reports whether an odd number of backslashes stands in front of text[i].
func escaped(text []byte, i int) bool {
	n := 0
	for i > n && text[i-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// replaceMember gives the object that text is another value for a key, as its last member if it has none. It reports
// false if text is no object.
func replaceMember(text []byte, key string, value []byte) ([]byte, bool) {
	n, f := document(text)
	if f != nil {
		return nil, false
	}
	var old *node
	members := 0
	if f := n.each("a case", func(k string, v node) *fault {
		if members++; k == key {
			old = &v
		}
		return nil
	}); f != nil {
		return nil, false
	}
	if old != nil {
		return slices.Concat(text[:old.at], linesAs(text, value), text[old.at+len(old.raw):]), true
	}
	end := n.at + len(n.raw) - 1 // the closing brace
	last := len(bytes.TrimRight(text[:end], " \t\r\n"))
	comma := ","
	if members == 0 {
		comma = ""
	}
	added := comma + "\n  " + string(rawjson.AppendQuoted(nil, key)) + ": " + string(value) + "\n"
	return slices.Concat(text[:last], linesAs(text, []byte(added)), text[end:]), true
}

// linesAs returns JSON with line ends like those of the text that it goes into.
func linesAs(text, added []byte) []byte {
	if bytes.Contains(text, []byte("\r\n")) {
		return bytes.ReplaceAll(added, []byte("\n"), []byte("\r\n")) // within strings there are none
	}
	return added
}

// writeFile puts content in a file's place at once, so that nobody reads half of it.
func writeFile(file string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), "."+strings.TrimPrefix(filepath.Base(file), ".")+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(content)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}

// NewCase returns the text of a case of what was recorded, with no expectations yet.
func NewCase(about string, f map[string]any, allow []string, events []*Recorded) []byte {
	out := rawjson.AppendQuoted([]byte("{\n  \"about\": "), about)
	if f != nil {
		text, _ := json.Marshal(f) // it has been the configuration of a filter
		out = append(append(out, ",\n  \"config\": "...), spaced(text)...)
	}
	if allow != nil {
		text, _ := json.Marshal(allow)
		out = append(append(out, ",\n  \"allow\": "...), spaced(text)...)
	}
	out = append(out, ",\n  \"events\": ["...)
	for i, r := range events {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(out, "\n    "...), spaced(appendRecorded(nil, r))...)
	}
	return append(out, "\n  ]\n}\n"...)
}

// appendRecorded appends an event, or what a filter is asked by a hook, which has no data.
func appendRecorded(dst []byte, r *Recorded) []byte {
	if r.Hook == "" {
		return appendFullEvent(dst, r.Event)
	}
	dst = rawjson.AppendQuoted(append(dst, `{"hook":`...), r.Hook)
	if r.Event.Topic != "" {
		dst = rawjson.AppendQuoted(append(dst, `,"topic":`...), string(r.Event.Topic))
	}
	if len(r.Event.Attributes) > 0 {
		text, _ := json.Marshal(attributeMap(r.Event.Attributes)) // strings always encode
		dst = append(append(dst, `,"attributes":`...), text...)
	}
	return append(r.Event.Time.UTC().AppendFormat(append(dst, `,"time":"`...), time.RFC3339Nano), `"}`...)
}

// appendFullEvent is AppendEvent with the time and, if it is inbound, the source, which only the desk reads.
func appendFullEvent(dst []byte, ev *relay.Event) []byte {
	dst = AppendEvent(dst, ev)
	dst = append(dst[:len(dst)-1], `,"time":"`...)
	dst = append(ev.Time.UTC().AppendFormat(dst, time.RFC3339Nano), '"')
	if ev.Source == relay.Inbound {
		dst = append(dst, `,"source":"inbound"`...)
	}
	return append(dst, '}')
}
