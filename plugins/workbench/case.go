package workbench

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"time"

	"eventrelay/plugins"
	"eventrelay/relay"
)

// Case is one case of a test: what a filter is configured with, the events it gets one after the other, and what it must
// make of each. What it does not say of the filter's settings is as relay.yaml has it.
type Case struct {
	File   string
	Config map[string]any // nil: as in relay.yaml
	Allow  []string       // nil: as in relay.yaml
	Seed   uint64         // of what is random
	Start  time.Time      // while the filter starts
	Events []*relay.Event
	Hooks  []string      // of each event: "", or connect, subscribe or disconnect
	Expect []Expectation // of each event, in this order
	Refuse *string       // not nil: the filter must not start, and its reason contain this

	text   []byte // of the file
	expect *node  // the value of "expect", if there is one
}

var (
	caseKeys      = []string{"about", "config", "allow", "seed", "events", "expect", "refuse"}
	caseEventKeys = append(slices.Clone(eventKeys), "after", "hook")
)

// maxCase is the largest case file.
const maxCase = 64 << 20

// ReadCase reads a case. Its error is a *FileError, or that of reading the file.
func ReadCase(file string) (*Case, error) {
	text, err := readFile(file)
	if err != nil {
		return nil, err
	}
	return parseCase(file, text)
}

func readFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &FileError{File: file, Problem: "is not a regular file"}
	case info.Size() > maxCase:
		return nil, &FileError{File: file, Problem: "is larger than 64MiB; large inputs are for a recording, which is read event by event"}
	}
	return os.ReadFile(file)
}

func parseCase(file string, text []byte) (*Case, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // as some editors on Windows write
	c := &Case{File: file, Start: epoch, text: text}
	n, f := document(text)
	if f == nil {
		f = n.members("a case", caseKeys, c.member)
	}
	if f == nil {
		f = c.check(n)
	}
	if f != nil {
		return nil, f.in(file, text, 1)
	}
	return c, nil
}

func (c *Case) member(key string, v node) (f *fault) {
	switch key {
	case "about":
		_, f = v.text(key)
	case "config":
		c.Config, f = readConfig(v)
	case "allow":
		c.Allow, f = v.texts(key)
	case "seed":
		if json.Unmarshal(v.raw, &c.Seed) != nil {
			f = faultf(v.at, "seed is a whole number from 0 on")
		}
	case "events":
		f = c.readEvents(v)
	case "expect":
		c.expect = &v
		c.Expect, f = readExpectations(v)
	case "refuse":
		var text string
		text, f = v.text(key)
		c.Refuse = &text
	}
	return f
}

// check looks at what the members must have to do with each other.
func (c *Case) check(n node) *fault {
	switch {
	case c.Refuse != nil && (len(c.Events) > 0 || c.expect != nil):
		return faultf(n.at, `a case says "refuse", for a filter that must not start, or has "events"`)
	case c.Refuse == nil && len(c.Events) == 0:
		return faultf(n.at, `the case has no "events"`)
	case len(c.Expect) > len(c.Events):
		return faultf(c.expect.at, `"expect" has %d items for %d events; it says of each event what becomes of it`, len(c.Expect), len(c.Events))
	}
	return nil
}

func readConfig(v node) (config map[string]any, f *fault) {
	if len(v.raw) == 0 || v.raw[0] != '{' {
		return nil, faultf(v.at, "config is an object")
	}
	d := json.NewDecoder(bytes.NewReader(v.raw))
	d.UseNumber() // a large number is handed over as it is written
	if err := d.Decode(&config); err != nil {
		return nil, faultf(v.at, "config: %v", err)
	}
	return config, nil
}

// readEvents reads the events. Each is of the time that it says, or by "after" later than the one before.
func (c *Case) readEvents(v node) *fault {
	now := c.Start
	return v.elements("events", func(e node) *fault {
		d := draft{ev: relay.Event{Time: now}, at: e.at}
		ev, f := d.read(e, caseEventKeys)
		if f != nil {
			return f
		}
		if ev.Kind == relay.KindJSON {
			ev.Payload = compact(ev.Payload)
		}
		now = ev.Time
		c.Events, c.Hooks = append(c.Events, ev), append(c.Hooks, d.hook)
		return nil
	})
}

// compact returns JSON without white space, as programs publish it.
func compact(text []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return text
	}
	return b.Bytes()
}

// settings returns the filter with what the case says of it.
func (c *Case) settings(f plugins.Filter) plugins.Filter {
	if c.Config != nil {
		f.Config = c.Config
	}
	if c.Allow != nil {
		f.Allow = c.Allow
	}
	return f
}
