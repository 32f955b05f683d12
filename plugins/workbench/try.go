package workbench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"eventrelay/plugins"
	"eventrelay/relay"
)

// Bench tries one filter. Cases with the same grants share its compiled code, each with an instance of its own. Not safe
// for concurrent use. Not closing it leaks the filter's memory.
type Bench struct {
	options plugins.Options
	filter  plugins.Filter
	desks   map[string]*plugins.Desk // by grants
	log     lines
}

// New returns a bench for a filter with these settings, where a case does not say otherwise.
func New(o plugins.Options, f plugins.Filter) *Bench {
	return &Bench{options: o, filter: f, desks: map[string]*plugins.Desk{}}
}

// Close frees what was loaded.
func (b *Bench) Close() {
	for _, d := range b.desks {
		d.Close()
	}
	clear(b.desks)
}

// Start returns a desk on which the filter has just started. A nil pin is the world as it is. It is good until the next.
func (b *Bench) Start(ctx context.Context, f plugins.Filter, pin *plugins.Pin) (*plugins.Desk, error) {
	key := strings.Join(f.Allow, ",")
	d := b.desks[key]
	if d == nil {
		var err error
		if d, err = plugins.LoadDesk(ctx, b.options, f, slog.New(&b.log)); err != nil {
			return nil, err
		}
		b.desks[key] = d
	}
	b.log.kept = nil
	return d, d.Start(ctx, f.Config, pin)
}

// Trial is what became of one event, and what the filter logged about it.
type Trial struct {
	plugins.Trial
	Hook    string       // "" of an event
	Event   *relay.Event // in place of those of plugins.Trial
	Emitted []*relay.Event
	Log     []string
}

// Try gives the filter an event or, by a hook's name, what it is asked about a connection or subscription.
func (b *Bench) Try(d *plugins.Desk, hook string, ev *relay.Event) Trial {
	b.log.kept = nil
	t := Trial{Hook: hook}
	t.Trial, _ = d.TryAs(hook, ev) // what was read has no other hooks than there are
	switch {
	case t.Trial.Event == nil: // what is below the host made of a relay.Event
	case hook == "":
		t.Event, _ = t.Trial.Event.Relay()
	default:
		t.Event, _ = t.Trial.Event.Record()
	}
	for i := range t.Trial.Emitted {
		e, _ := t.Trial.Emitted[i].Relay()
		t.Emitted = append(t.Emitted, e)
	}
	t.Log = b.log.kept
	return t
}

// CaseResult is what came of a case.
type CaseResult struct {
	Case     *Case
	Trials   []Trial
	Problems []Problem // none: all is as expected
	Refusal  string    // why the filter did not start
	Fuel     uint64
	Duration time.Duration
}

// Problem is one thing that is not as expected.
type Problem struct {
	Event int    // its number in the case; 0: none in particular
	Topic string // of the event
	Text  string // what is wrong, if no comparison shows it
	Diff  []DiffLine
	Trial *Trial // of the event
}

// TryCase runs a case. Its error is that the filter cannot be loaded at all, or ctx's.
func (b *Bench) TryCase(ctx context.Context, c *Case) (*CaseResult, error) {
	r := &CaseResult{Case: c}
	d, err := b.Start(ctx, c.settings(b.filter), &plugins.Pin{Now: c.Start, Seed: c.Seed})
	if d == nil {
		return nil, err
	}
	if refused, ok := errors.AsType[*plugins.LoadError](err); ok {
		r.Refusal = refused.Err.Error()
	} else if err != nil {
		return nil, err
	}
	if r.judgeStart() {
		return r, ctx.Err()
	}
	for i, ev := range c.Events {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		t := b.Try(d, c.Hooks[i], ev)
		r.Trials = append(r.Trials, t)
		r.Fuel += t.Fuel
		r.Duration += t.Duration
		r.judge(i, &r.Trials[i])
	}
	return r, nil
}

// judgeStart reports whether the case ends with the start.
func (r *CaseResult) judgeStart() bool {
	switch want := r.Case.Refuse; {
	case want == nil && r.Refusal == "":
		return false
	case want == nil:
		r.problem(Problem{Text: "the filter does not start: " + r.Refusal})
	case r.Refusal == "":
		r.problem(Problem{Text: fmt.Sprintf("the filter starts, but should refuse, saying %q", *want)})
	case !strings.Contains(r.Refusal, *want):
		r.problem(Problem{Text: "the filter refuses with other words", Diff: diff(*want, r.Refusal)})
	}
	return true
}

func (r *CaseResult) judge(i int, t *Trial) {
	p := Problem{Event: i + 1, Topic: string(r.Case.Events[i].Topic), Trial: t}
	if i >= len(r.Case.Expect) {
		p.Text = "the case does not say what is expected; --update writes what happens: " + t.Verdict
		r.problem(p)
		return
	}
	want, got := r.Case.Expect[i].compare(r.Case.Events[i], t)
	if w, g := pretty(want), pretty(got); w != g {
		p.Diff = diff(w, g)
		r.problem(p)
	}
}

func (r *CaseResult) problem(p Problem) { r.Problems = append(r.Problems, p) }

// lines is a log that keeps what the filter writes.
type lines struct {
	kept []string
	to   slog.Handler // if not nil, gets all of it
}

// maxKept is how many lines are kept of one event.
const maxKept = 1000

// Enabled implements slog.Handler.
func (l *lines) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (l *lines) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == plugins.LogMessage && len(l.kept) < maxKept {
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == plugins.LogText {
				l.kept = append(l.kept, a.Value.String())
			}
			return true
		})
	}
	if l.to != nil {
		return l.to.Handle(ctx, r)
	}
	return nil
}

// WithAttrs implements slog.Handler. The attributes say which filter it is, and there is one.
func (l *lines) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup implements slog.Handler.
func (l *lines) WithGroup(string) slog.Handler { return l }

// LogTo makes what the filter logs appear at h, too.
func (b *Bench) LogTo(h slog.Handler) { b.log.to = h }
