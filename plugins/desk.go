package plugins

import (
	"context"
	"log/slog"
	"time"

	"eventrelay/relay"
)

// Desk runs one filter on single events, through the very code that serves, to try it and to find out why it failed. Not
// safe for concurrent use. Not closing it leaks the filter's memory.
type Desk struct {
	filter   *filter
	maxEvent int
	out      outgoing
}

// Trial is what a filter did with an event.
type Trial struct {
	Verdict   string        `json:"verdict"`             // pass, transform, drop, reject or fail
	Reason    string        `json:"reason,omitempty"`    // of drop and reject, in the filter's words
	Cause     string        `json:"cause,omitempty"`     // of fail
	Error     string        `json:"error,omitempty"`     // of fail
	Functions []string      `json:"functions,omitempty"` // of a trap, innermost first
	Fuel      uint64        `json:"fuel"`
	Duration  time.Duration `json:"duration_ns"`
	Event     *Event        `json:"event,omitempty"`   // as it goes on after transform
	Emitted   []Event       `json:"emitted,omitempty"` // further events
}

// OpenDesk loads and starts a filter. Its error is Validate's, or a *LoadError. What the filter logs goes to log.
func OpenDesk(ctx context.Context, o Options, spec Filter, log *slog.Logger) (*Desk, error) {
	if err := Validate(o, []Filter{spec}); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	o.Lanes = 1
	a := assembly{options: o, plugins: newRegistry(1, log)}
	f, err := a.filter(ctx, &spec)
	if err != nil {
		return nil, &LoadError{spec.Name, spec.Path, err}
	}
	f.plugin.kv.configure(int64(f.limits.KV))
	return &Desk{filter: f, maxEvent: int(o.MaxEvent)}, nil
}

// Try gives the filter an event. The filter's memory carries over from event to event, as it does in a lane.
func (d *Desk) Try(ev *relay.Event) Trial {
	s := &d.filter.slots[0]
	begun := time.Now()
	d.out.set(ev)
	a, failed := s.handle(&d.out, callBudget(d.filter.limits.Emits, d.maxEvent), nanos())
	t := Trial{Verdict: a.said.String(), Reason: a.reason, Fuel: s.spent, Duration: time.Since(begun)}
	if failed != nil {
		t.Verdict, t.Cause, t.Error, t.Functions = saidFail.String(), failed.cause.String(), failed.text, failed.functions
		return t
	}
	if a.event != nil {
		e := exportEvent(a.event)
		t.Event = &e
	}
	for _, e := range s.inst.call.emitted {
		t.Emitted = append(t.Emitted, exportEvent(e))
	}
	return t
}

// Close frees the filter.
func (d *Desk) Close() { d.filter.release() }
