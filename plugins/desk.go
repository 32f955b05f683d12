package plugins

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"eventrelay/relay"
	"eventrelay/sdk/abi"
)

// Desk runs one filter on single events, through the very code that serves, to try it, to measure it, and to find out why
// it failed. Not safe for concurrent use. Not closing it leaks the filter's memory.
type Desk struct {
	filter  *filter
	options Options
	out     outgoing
	clock   time.Time // of a pinned desk
}

// Trial is what a filter did with an event.
type Trial struct {
	Verdict   string        `json:"verdict"`             // pass, transform, drop, reject or fail; of hooks also refuse
	Reason    string        `json:"reason,omitempty"`    // of drop, reject and refuse, in the filter's words
	Status    int           `json:"status,omitempty"`    // of refuse: HTTP's
	Cause     string        `json:"cause,omitempty"`     // of fail
	Error     string        `json:"error,omitempty"`     // of fail
	Functions []string      `json:"functions,omitempty"` // of a trap, innermost first
	Fuel      uint64        `json:"fuel"`
	Duration  time.Duration `json:"duration_ns"`
	Event     *Event        `json:"event,omitempty"`   // as it goes on after transform; of hooks the pattern and attributes
	Emitted   []Event       `json:"emitted,omitempty"` // further events
}

// OpenDesk loads and starts a filter. Its error is Validate's, or a *LoadError. What the filter logs goes to log.
func OpenDesk(ctx context.Context, o Options, spec Filter, log *slog.Logger) (*Desk, error) {
	d, err := LoadDesk(ctx, o, spec, log)
	if err != nil {
		return nil, err
	}
	if err := d.Start(ctx, spec.Config, nil); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// LoadDesk is OpenDesk without the start: nothing may be tried before Start.
func LoadDesk(ctx context.Context, o Options, spec Filter, log *slog.Logger) (*Desk, error) {
	if err := Validate(o, []Filter{spec}); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	o.Lanes = 1
	m, err := spec.module(spec.bounds(o).Module)
	if err != nil {
		return nil, &LoadError{spec.Name, spec.Origin(), err}
	}
	f, err := load(ctx, o, &spec, m, newPlugin(spec.Name, 1, log))
	if err != nil {
		return nil, &LoadError{spec.Name, spec.Origin(), err}
	}
	return &Desk{filter: f, options: o}, nil
}

// Start starts the filter, or starts it anew, with the given configuration and nothing in its key-value store; if pin is
// not nil, so that it does the same each time. After an error, a *LoadError, it may be called again.
func (d *Desk) Start(ctx context.Context, config map[string]any, pin *Pin) error {
	f := d.filter
	f.park()
	f.hooks.Store(0) // which there are may depend on the configuration
	f.spec.Config = config
	err := checkConfig(f.spec.Name, config)
	if err == nil {
		f.config, f.plugin.kv, f.plugin.world = configText(config), newKV(int64(f.limits.KV)), realWorld
		if pin != nil {
			f.plugin.world = pinnedWorld(*pin, &d.clock)
			f.plugin.kv.now = f.plugin.world.now
		}
		err = f.open(ctx)
	}
	if err != nil {
		return &LoadError{f.spec.Name, f.spec.Origin(), err}
	}
	return nil
}

// Try gives the filter an event. The filter's memory carries over from event to event, as it does in a lane.
func (d *Desk) Try(ev *relay.Event) Trial {
	d.out.set(ev)
	return d.try()
}

// Connect asks the filter about a connection. Of ev, the topic is the pattern asked for, or empty, and the attributes are
// those of a connect record (sdk/abi). The event of a transform has the attributes that the connection gets.
func (d *Desk) Connect(ev *relay.Event) Trial { return d.tryHook(onConnect, ev) }

// Subscribe asks the filter about a subscription. Of ev, the topic is the pattern and the attributes are the connection's.
func (d *Desk) Subscribe(ev *relay.Event) Trial { return d.tryHook(onSubscribe, ev) }

// Disconnect tells the filter of the end of a connection, of which ev has the attributes.
func (d *Desk) Disconnect(ev *relay.Event) Trial { return d.tryHook(onDisconnect, ev) }

// TryAs gives the filter what Quarantined.Hook says that ev is: "" an event, or connect, subscribe or disconnect.
func (d *Desk) TryAs(hook string, ev *relay.Event) (Trial, error) {
	if hook == "" {
		return d.Try(ev), nil
	}
	for h := onConnect; int(h) < hookKinds; h++ {
		if h.String() == hook {
			return d.tryHook(h, ev), nil
		}
	}
	return Trial{}, fmt.Errorf("%w: there is no hook %.32q", ErrEvent, hook)
}

func (d *Desk) tryHook(h hook, ev *relay.Event) Trial {
	inbound := *ev
	inbound.Source = relay.Inbound // what it emits
	d.out.setHook(h, &inbound)
	return d.try()
}

// try gives the filter what is in d.out.
func (d *Desk) try() Trial {
	if h := d.out.hook; !d.filter.has(h) {
		return Trial{Verdict: saidFail.String(), Cause: causeBadAnswer.String(), Error: "the filter has no " + hookTable[h].export}
	}
	s := d.ready()
	d.clock = d.out.event.Time
	begun := time.Now()
	a, failed := s.handle(&d.out, d.room(), nanos())
	t := Trial{Verdict: a.said.String(), Reason: a.reason, Status: int(a.status), Fuel: s.spent, Duration: time.Since(begun)}
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

// Lap is what a number of calls took.
type Lap struct {
	Calls    int
	Failures int // among them; of these, bringing the filter back to its start is in Elapsed, too
	Fuel     uint64
	Elapsed  time.Duration
	Failure  string // the last
}

// Run gives the filter all of the events, as fast as a lane would, and throws away what it answers. Like a lane it reads
// the clock once per event. If each is not nil it has room for how long every call took by itself.
func (d *Desk) Run(events []*relay.Event, each []time.Duration) (l Lap) {
	if !d.filter.has(onEvent) {
		return Lap{Calls: len(events), Failures: len(events), Failure: "the filter has no " + abi.ExportOnEvent}
	}
	s, room := d.ready(), d.room()
	begun := nanos()
	now := begun
	for i, ev := range events {
		d.clock = ev.Time
		d.out.set(ev)
		_, failed := s.handle(&d.out, room, now)
		l.Fuel += s.spent
		end := nanos()
		if each != nil {
			each[i] = time.Duration(end - now)
		}
		now = end
		if failed != nil {
			l.Failures++
			l.Failure = failed.Error()
		}
	}
	l.Calls, l.Elapsed = len(events), time.Duration(now-begun)
	return l
}

// Memory returns the bytes of the filter's linear memory, and how much it spent to start.
func (d *Desk) Memory() (bytes int64, startFuel uint64) {
	if in := d.ready().inst; in != nil {
		bytes = int64(in.mem.Size())
	}
	return bytes, d.filter.startFuel
}

// ready returns the slot, filled if that can be: nobody waits behind a desk, so a start may take as long as the first did.
func (d *Desk) ready() *slot {
	s := &d.filter.slots[0]
	if s.inst == nil {
		_ = s.fill(d.filter.life, d.filter.limits.Init) // handle tries again, and says why not
	}
	return s
}

func (d *Desk) room() budget { return callBudget(&d.filter.limits, int(d.options.MaxEvent)) }

// Close frees the filter.
func (d *Desk) Close() { d.filter.release() }
