package plugins

import (
	"math/bits"
	"time"

	"eventrelay/relay"
)

// chain takes events through the filters and hands them to the sink. Each lane has one; owned by the lane's holder.
type chain struct {
	lane     int
	sink     relay.Sink
	maxEvent int
	events   eventStats

	gen *generation
	out outgoing
	now int64 // by nanos: the last look at the clock with this event, by the chain or in a call; or unread

	// One event in timedEvery has its calls timed: reading the clock costs as much as a small filter. Of the others, only
	// calls that take more than a slice of fuel look at it.
	timed bool
	count uint

	// What the event at hand emitted, in the order in which it follows its parent.
	emitted []emission
	room    budget // for more of them, and of time
}

// timedEvery is how many events go by for one whose calls are timed, the first among them.
const timedEvery = 16

// emission is an emitted event and the filter after which it goes on.
type emission struct {
	event *relay.Event
	after int
}

// fate is what became of an event in the filters.
type fate struct {
	event   *relay.Event // as it came out
	verdict relay.Verdict
	filter  string
	reason  string
}

// run decides one event and appends it, and after it what was emitted from it, and says so in r. set are the filters that
// see it.
func (c *chain) run(g *generation, ev *relay.Event, set filterSet, r *relay.Result) {
	c.gen = g
	c.room = eventBudget(c.maxEvent, g.time)
	if set != 0 {
		c.now, c.timed = unread, c.count%timedEvery == 0
		if c.timed {
			c.now = nanos()
		}
		c.count++
	}
	end := c.filter(ev, set)
	*r = relay.Result{EventID: ev.ID, Verdict: end.verdict, Filter: end.filter, Reason: end.reason}
	if end.verdict.Passed() {
		r.Position = c.sink.Append(end.event)
	}
	if len(c.emitted) > 0 {
		r.Emitted = c.settle(0)
	}
	c.events.count(ev.Source, end.verdict, 1)
}

// settle takes the emissions from the given index on through the rest of the chain, each followed by what was emitted
// from it in turn, and returns how many were appended. It recurses at most once per filter: emissions only go on.
func (c *chain) settle(from int) (appended int) {
	end := len(c.emitted)
	for i := from; i < end; i++ {
		e := c.emitted[i]
		set := c.match(e.event).after(e.after)
		if set != 0 {
			c.look()
		}
		out := c.filter(e.event, set)
		if out.verdict.Passed() {
			c.sink.Append(out.event)
			appended++
		}
		appended += c.settle(end)
	}
	clear(c.emitted[from:end])
	c.emitted = c.emitted[:from]
	return appended
}

// look looks at the clock, and counts the time since it last was: of calls too short to look at it themselves, a
// thousand make it long. As with metering, of what a busy machine lets pass no more is counted than was the guests'.
func (c *chain) look() {
	now := nanos()
	if c.now != unread {
		c.room.time -= min(time.Duration(now-c.now), maxCounted)
	}
	c.now = now
}

func (c *chain) match(ev *relay.Event) filterSet {
	return c.gen.matcher.match(ev.Topic, hashTopic(ev.Topic), ev.Source)
}

// filter takes an event through the filters of set. What they emit is added to c.emitted.
func (c *chain) filter(ev *relay.Event, set filterSet) fate {
	end := fate{event: ev}
	if set != 0 {
		c.out.set(ev)
	}
	for set != 0 {
		i := bits.TrailingZeros64(uint64(set))
		set = set.after(i)
		s := &c.gen.steps[i]
		a, failed := c.call(s, i, end.event)
		name := s.filter.plugin.name
		switch {
		case failed != nil && s.onError == dropOnError:
			return fate{verdict: relay.Failed, filter: name, reason: failed.Error()}
		case failed != nil:
		case a.said == saidDrop:
			return fate{verdict: relay.Dropped, filter: name, reason: a.reason}
		case a.said == saidReject:
			return fate{verdict: relay.Rejected, filter: name, reason: a.reason}
		case a.said == saidTransform:
			if a.event.Topic != end.event.Topic {
				set = c.match(a.event).after(i)
			}
			end = fate{event: a.event, verdict: relay.Transformed, filter: name}
			c.out.set(a.event)
		}
	}
	return end
}

// call calls one filter, unless its breaker is open or the event has had its time, counts what it did, and keeps what it
// emitted, if it did not fail.
func (c *chain) call(s *step, i int, ev *relay.Event) (answer, *failure) {
	f, p := s.filter, s.filter.plugin
	stats, b := &p.stats.lanes[c.lane], p.breakerOf(c.out.hook)
	if c.room.time <= 0 {
		return answer{}, c.uncalled(s, &eventTimeFailure)
	}
	admitted, probe := b.admit()
	if !admitted {
		return answer{}, c.uncalled(s, &breakerFailure)
	}
	slot := &f.slots[c.lane]
	room := callBudget(&f.limits, c.maxEvent).least(c.room)
	a, failed := slot.handle(&c.out, room, c.now)
	stats.fuel.Add(slot.spent)
	c.room.time -= slot.took
	looked := slot.looked
	if c.timed {
		looked = nanos()
		stats.duration.Observe(time.Duration(looked - c.now))
	}
	c.now = max(c.now, looked)
	if failed != nil {
		stats.count(c.out.hook, saidFail)
		c.failed(s, ev, failed, probe)
		return a, failed
	}
	stats.count(c.out.hook, a.said)
	if probe {
		b.settle(false, probe)
		p.log.Info("filter works again: its breaker is closed", "hook", c.out.hook.String())
	}
	if in := slot.inst; in != nil && len(in.call.emitted) > 0 {
		c.room = c.room.minus(room.minus(in.call.room))
		c.keep(in, i)
	}
	return a, nil
}

// uncalled counts a failure that a filter is not to blame for: it was not called.
func (c *chain) uncalled(s *step, failed *failure) *failure {
	s.filter.plugin.stats.lanes[c.lane].count(c.out.hook, saidFail)
	s.filter.plugin.failed(failed, s.onError)
	return failed
}

// failed counts a failure and puts the event that caused it into quarantine.
func (c *chain) failed(s *step, ev *relay.Event, failed *failure, probe bool) {
	p := s.filter.plugin
	p.failed(failed, s.onError)
	if causeTable[failed.cause].ofEvent {
		p.quarantine.add(s.filter.quarantined(c.out.hook, ev, failed, time.Now()))
	}
	if h := c.out.hook; c.blames(failed, probe) && p.breakerOf(h).settle(true, probe) && !probe {
		p.log.Warn("filter fails too often: it is left alone for a while, and what it would decide follows on_error", "hook", h.String(), "cause", failed.cause.String(), "on_error", s.onError)
	}
}

// blames reports whether a failure counts for the breaker. That a filter could not make sense of what a stranger sent, and is
// in order, does not: any stranger could have it left alone.
func (c *chain) blames(failed *failure, probe bool) bool {
	if probe {
		return true
	}
	return causeTable[failed.cause].ofFilter && (c.out.hook == onEvent || failed.cause != causeGuest)
}

// keep takes over what an instance emitted.
func (c *chain) keep(in *instance, after int) {
	emitted := in.call.emitted
	in.filter.plugin.stats.emitted.Add(uint64(len(emitted)))
	for _, ev := range emitted {
		c.emitted = append(c.emitted, emission{ev, after})
	}
	clear(emitted)
}
