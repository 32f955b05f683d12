package plugins

import (
	"math/bits"
	"time"

	"eventrelay/relay"
)

// chain takes events through the filters and hands them to the sink. Each lane has one; owned by the lane's holder.
type chain struct {
	sink     relay.Sink
	stats    *pipelineStats
	maxEvent int

	slots []slot
	gen   *generation
	now   time.Time // the clock is read once per call of a guest, not twice

	// What the event at hand emitted, in the order in which it follows its parent.
	emitted []emission
	room    budget // for more of them
}

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

// run decides one event and appends it, and after it what was emitted from it. set are the filters that see it.
func (c *chain) run(g *generation, slots []slot, ev *relay.Event, set filterSet) relay.Result {
	c.gen, c.slots = g, slots
	c.room = eventBudget(c.maxEvent)
	if set != 0 {
		c.now = time.Now()
	}
	res := relay.Result{EventID: ev.ID}
	end := c.filter(ev, set)
	if end.verdict.Passed() {
		res.Position = c.sink.Append(end.event)
	}
	res.Verdict, res.Filter, res.Reason = end.verdict, end.filter, end.reason
	res.Emitted = c.settle(0)
	c.stats.count(ev.Source, end.verdict, 1)
	return res
}

// settle takes the emissions from the given index on through the rest of the chain, each followed by what was emitted
// from it in turn, and returns how many were appended. It recurses at most once per filter: emissions only go on.
func (c *chain) settle(from int) (appended int) {
	end := len(c.emitted)
	for i := from; i < end; i++ {
		e := c.emitted[i]
		out := c.filter(e.event, c.match(e.event).after(e.after))
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

func (c *chain) match(ev *relay.Event) filterSet {
	return c.gen.matcher.match(ev.Topic, hashTopic(ev.Topic), ev.Source)
}

// filter takes an event through the filters of set. What they emit is added to c.emitted.
func (c *chain) filter(ev *relay.Event, set filterSet) fate {
	end := fate{event: ev}
	for set != 0 {
		i := bits.TrailingZeros64(uint64(set))
		set = set.after(i)
		s := &c.slots[i]
		a, failed := c.call(s, i, end.event)
		name := s.filter.plugin.name
		switch {
		case failed != nil && s.filter.onError == dropOnError:
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
		}
	}
	return end
}

// call calls one filter, counts what it did, and keeps what it emitted, if it did not fail.
func (c *chain) call(s *slot, i int, ev *relay.Event) (answer, *failure) {
	p := s.filter.plugin
	room := callBudget(s.filter.limits.Emits, c.maxEvent).least(c.room)
	a, failed := s.handle(ev, room)
	now := time.Now()
	p.stats.duration.Observe(now.Sub(c.now))
	c.now = now
	if failed != nil {
		p.failed(failed, s.filter.onError)
		p.stats.verdicts[saidFail].Add(1)
		return a, failed
	}
	p.stats.verdicts[a.said].Add(1)
	if s.inst != nil && len(s.inst.call.emitted) > 0 {
		c.room = c.room.minus(room.minus(s.inst.call.room))
		c.keep(s.inst, i)
	}
	return a, nil
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
