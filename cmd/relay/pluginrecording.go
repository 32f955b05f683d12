package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"eventrelay/plugins"
	"eventrelay/plugins/workbench"
	"eventrelay/relay"
)

// recordingRun gives the events of a recording to a filter, one by one.
type recordingRun struct {
	app  *app
	f    *testFlags
	desk *desk
	file string
	rec  *workbench.Recording

	kept               []*workbench.Recorded // for --save
	keptBytes          int
	events, fails, bad int
	elsewhere          int // events of topics that the filter does not see
	tally              map[string]int
}

// maxSaved is how many events, and bytes of theirs, a case is made of at most.
const (
	maxSaved      = 1000
	maxSavedBytes = 8 << 20
)

// sees reports whether a relay would give the filter an event of this topic.
func (d *desk) sees(topic relay.Topic) bool {
	return len(d.filter.Topics) == 0 || slices.ContainsFunc(d.filter.Topics, func(p relay.Pattern) bool { return p.Matches(topic) })
}

func (r *recordingRun) run(ctx context.Context) error {
	d, err := r.desk.bench.Start(ctx, r.desk.filter, &plugins.Pin{})
	if err != nil {
		return &exitError{exitUsage, err}
	}
	r.tally = map[string]int{}
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		e, err := r.rec.Next()
		switch {
		case err == io.EOF:
			return r.end(ctx)
		case errors.Is(err, workbench.ErrRecording):
			return err
		case err != nil:
			r.bad++
			r.app.notef("%v", err)
			continue
		case e.Hook == "" && !r.desk.sees(e.Event.Topic):
			r.elsewhere++
			continue
		}
		t := r.desk.bench.Try(d, e.Hook, e.Event)
		r.events++
		r.tally[t.Verdict]++
		if t.Cause != "" {
			r.fails++
		}
		r.print(e, &t)
		if r.f.save != "" && len(r.kept) < maxSaved && r.keptBytes < maxSavedBytes {
			r.kept, r.keptBytes = append(r.kept, e), r.keptBytes+len(e.Event.Payload)
		}
	}
}

// trialLine is what became of an event, in the output of --json and of plugin run.
type trialLine struct {
	Line    int    `json:"line"`
	Topic   string `json:"topic"`
	EventID string `json:"event_id,omitempty"`
	Was     string `json:"was,omitempty"` // the cause, of one in quarantine
	trialView
}

// trialView is a trial as JSON: events in the form in which they are published.
type trialView struct {
	Verdict   string            `json:"verdict"`
	Reason    string            `json:"reason,omitempty"`
	Status    int               `json:"status,omitempty"`
	Cause     string            `json:"cause,omitempty"`
	Error     string            `json:"error,omitempty"`
	Functions []string          `json:"functions,omitempty"`
	Event     json.RawMessage   `json:"event,omitempty"`
	Emitted   []json.RawMessage `json:"emitted,omitempty"`
	Log       []string          `json:"log,omitempty"`
	Fuel      uint64            `json:"fuel"`
	Duration  time.Duration     `json:"duration_ns"`
}

func viewTrial(t *workbench.Trial) trialView {
	v := trialView{
		Verdict: t.Verdict, Reason: t.Reason, Status: t.Status, Cause: t.Cause, Error: t.Error, Functions: t.Functions,
		Log: t.Log, Fuel: t.Fuel, Duration: t.Duration,
	}
	if t.Event != nil {
		v.Event = workbench.AppendEvent(nil, t.Event)
	}
	for _, ev := range t.Emitted {
		v.Emitted = append(v.Emitted, workbench.AppendEvent(nil, ev))
	}
	return v
}

func (r *recordingRun) print(e *workbench.Recorded, t *workbench.Trial) {
	if r.f.asJSON {
		encodeLine(r.app.out, trialLine{r.rec.Line(), string(e.Event.Topic), e.Event.ID, e.Cause, viewTrial(t)})
		return
	}
	was := ""
	if e.Cause != "" {
		was = "was " + e.Cause + ", now "
	}
	fmt.Fprintf(r.app.out, "%6d  %s\n", r.rec.Line(), printable(was)+trialText(string(e.Event.Topic), t))
	if t.Cause != "" {
		r.app.printTrace("          ", t)
	}
}

// encodeLine writes one line of JSON.
func encodeLine(w io.Writer, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}

// trialText is what became of an event, in one line.
func trialText(topic string, t *workbench.Trial) string {
	text := t.Verdict
	switch {
	case t.Cause != "":
		text = "fails: " + t.Cause + ": " + t.Error
	case t.Reason != "":
		text += ": " + t.Reason
	}
	if t.Hook != "" {
		topic = strings.TrimSpace(t.Hook + " " + topic)
	}
	if t.Event != nil {
		text += " → " + eventText(t.Hook, t.Event)
	}
	for _, ev := range t.Emitted {
		text += " + " + eventText("", ev)
	}
	return printable(fmt.Sprintf("%s: %s (fuel %d)", topic, text, t.Fuel))
}

// maxShown is how much of an event is shown.
const maxShown = 160

// eventText is an event in one line or, of a hook, a pattern and the attributes of a connection.
func eventText(hook string, ev *relay.Event) string {
	text := string(ev.Topic)
	if hook == "" {
		text += " " + string(eventLine(ev.Kind, ev.Payload[:min(len(ev.Payload), maxShown)]))
	}
	if len(ev.Payload) > maxShown {
		text += "…"
	}
	var attrs []string
	for _, a := range ev.Attributes {
		attrs = append(attrs, a.Key+"="+a.Value)
	}
	if all := strings.Join(attrs, ", "); len(all) > maxShown {
		text += " with " + strings.ToValidUTF8(all[:maxShown], "") + "…"
	} else if all != "" {
		text += " with " + all
	}
	return strings.TrimSpace(text)
}

func (r *recordingRun) end(ctx context.Context) error {
	if !r.f.asJSON {
		parts := []string{}
		for _, v := range []string{"pass", "transform", "drop", "reject", "refuse", "fail"} {
			if n := r.tally[v]; n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", n, v))
			}
		}
		fmt.Fprintf(r.app.out, "%s: %s: %s\n", printable(r.file), plural(r.events, "event"), orNone(parts))
	}
	if r.elsewhere > 0 {
		r.app.notef("%s: %s of other topics left out, which the filter does not get by its topics in relay.yaml", r.file, plural(r.elsewhere, "event"))
	}
	if r.f.save != "" {
		if err := r.save(ctx); err != nil {
			return err
		}
	}
	switch {
	case r.bad > 0:
		return fmt.Errorf("%s of %s can't be read", plural(r.bad, "line"), r.file)
	case r.fails > 0:
		return fmt.Errorf("the filter fails on %d of %s", r.fails, plural(r.events, "event"))
	}
	return nil
}

// savedCase is the file of a case that --save names.
func savedCase(d *desk, name string) string {
	return filepath.Join(d.project.Dir, "cases", strings.TrimSuffix(name, ".json")+".json")
}

// save makes a case of the events, and has it say what happens.
func (r *recordingRun) save(ctx context.Context) error {
	if len(r.kept) == 0 {
		return fmt.Errorf("--save: %s has no events", r.file)
	}
	if r.events > len(r.kept) {
		r.app.notef("--save: the case is made of the first %d of %d events", len(r.kept), r.events)
	}
	file := savedCase(r.desk, r.f.save)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	text := workbench.NewCase("made of "+filepath.Base(r.file), r.desk.filter.Config, r.desk.filter.Allow, r.kept)
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return &exitError{exitUsage, fmt.Errorf("--save: %w", err)}
	}
	_, err = out.Write(text)
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	c, err := workbench.ReadCase(file)
	if err != nil {
		return err
	}
	res, err := r.desk.bench.TryCase(ctx, c)
	if err != nil {
		return err
	}
	if err := res.Update(); err != nil {
		return err
	}
	r.app.notef("%s holds %s", file, plural(len(r.kept), "event"))
	return nil
}
