package plugins

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"eventrelay/relay"
)

// Pipeline takes events through the filters to the sink. It is safe for concurrent use. Not closing it leaks its
// goroutines and the memory of all guests.
type Pipeline struct {
	// Set at construction.
	options Options
	sink    relay.Sink
	plugins *registry
	lanes   []*lane
	stats   *pipelineStats

	gen     atomic.Pointer[generation] // nil: no new events
	parting atomic.Pointer[generation] // for clients that leave when there are no new events; nil before
	number  atomic.Uint64              // of the generation
	hooked  atomic.Uint32              // relay.HookSet of the generation, also when it has ended

	// Guarded by life.
	life    sync.Mutex // one Open, Reload, Drain or Close at a time; held while guests start
	closed  bool
	parted  bool                      // those who leave are not taken any more
	retired chan struct{}             // closed when the generation before the current one is freed; nil: there was none
	last    *generation               // the current one, also while draining
	check   func(relay.HookSet) error // of the last ReloadIf

	stopping context.Context // ended by Close, so that a Reload in its way gives up
	stop     context.CancelFunc
}

var _ relay.Publisher = (*Pipeline)(nil)

// Open compiles every filter and starts its instances, one per lane. Its error is that of Validate, or a *LoadError
// that names the filter, its file and the reason.
func Open(ctx context.Context, o Options, filters []Filter, sink relay.Sink, log *slog.Logger) (*Pipeline, error) {
	if err := Validate(o, filters); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	plugins := newRegistry(o.Lanes, log)
	a := assembly{options: o, plugins: plugins}
	g, err := a.assemble(ctx, filters)
	if err != nil {
		return nil, err
	}
	install(g)
	p := &Pipeline{options: o, sink: sink, plugins: plugins, stats: &pipelineStats{}, last: g, check: anyHooks}
	p.stopping, p.stop = context.WithCancel(context.Background())
	for i := range o.Lanes {
		p.lanes = append(p.lanes, newLane(i, o, sink))
	}
	g.settled.Store(true)
	p.hooked.Store(uint32(g.hooks))
	p.number.Store(1)
	p.gen.Store(g)
	return p, nil
}

// Check loads every filter once, as Open would, and frees it again.
func Check(ctx context.Context, o Options, filters []Filter) error {
	_, err := CheckHooks(ctx, o, filters)
	return err
}

// CheckHooks is Check, and returns which hooks there are.
func CheckHooks(ctx context.Context, o Options, filters []Filter) (relay.HookSet, error) {
	if err := Validate(o, filters); err != nil {
		return 0, err
	}
	o = o.withDefaults()
	o.Lanes = 1
	a := assembly{options: o, plugins: newRegistry(1, slog.New(slog.DiscardHandler))}
	g, err := a.assemble(ctx, filters)
	if err != nil {
		return 0, err
	}
	defer g.free()
	return g.hooks, nil
}

// current returns the current generation, held, or nil when the pipeline takes no events.
func (p *Pipeline) current() *generation {
	for {
		g := p.gen.Load()
		if g == nil || g.hold() {
			return g
		}
	}
}

// Publish implements relay.Publisher.
func (p *Pipeline) Publish(ctx context.Context, evs []*relay.Event, results []relay.Result) {
	g := p.current()
	err := ctx.Err()
	if g == nil {
		err = relay.ErrClosed
	} else {
		defer g.release()
	}
	if err == nil && p.sink.Full(nil) {
		p.stats.refused.Add(uint64(len(evs)))
		err = relay.ErrBusy
	}
	if err == nil && len(evs) == 1 && p.single(g, evs[0], &results[0]) {
		return
	}
	b := newBatch(ctx, g, evs, results)
	defer b.free()
	if err != nil {
		for i := range evs {
			b.fail(i, err)
		}
		return
	}
	p.plan(b)
	p.appendStraight(b)
	if len(b.straight) == len(evs) {
		return
	}
	mine, n := p.enqueue(b)
	if mine != nil {
		mine.run(n)
	}
	p.wait(b)
}

// single publishes one event without a batch: at once if no filter sees it, or if its lane is idle. It reports whether
// that was so.
func (p *Pipeline) single(g *generation, ev *relay.Event, r *relay.Result) bool {
	set, at := p.route(g, ev)
	switch {
	case set != 0:
		return p.lanes[at].decideNow(g, ev, set, r)
	case !g.direct():
		return false
	}
	*r = relay.Result{EventID: ev.ID, Position: p.sink.Append(ev)}
	p.stats.straight.count(ev.Source, relay.Accepted, 1)
	return true
}

// plan decides, for each event, which filters see it and which lane it goes through.
func (p *Pipeline) plan(b *batch) {
	direct := b.gen.direct()
	for i, ev := range b.events {
		set, lane := p.route(b.gen, ev)
		if set == 0 && direct {
			lane = straight
			b.straight = append(b.straight, b.events[i])
		}
		b.sets, b.lanes = append(b.sets, set), append(b.lanes, lane)
	}
}

func (p *Pipeline) route(g *generation, ev *relay.Event) (filterSet, int32) {
	hash := hashTopic(ev.Topic)
	return g.matcher.match(ev.Topic, hash, ev.Source), int32(hash % uint64(len(p.lanes)))
}

// appendStraight hands the events that no filter sees to the sink, at once.
func (p *Pipeline) appendStraight(b *batch) {
	n := len(b.straight)
	switch {
	case n == 0:
		return
	case n == 1:
		b.at = append(b.at, p.sink.Append(b.straight[0]))
	default:
		b.at = append(b.at, make([]relay.Position, n)...)
		p.sink.AppendBatch(b.straight, b.at)
	}
	j := 0
	for i, lane := range b.lanes {
		if lane == straight {
			b.results[i] = relay.Result{EventID: b.events[i].ID, Position: b.at[j]}
			p.stats.straight.count(b.events[i].Source, relay.Accepted, 1)
			j++
		}
	}
}

// enqueue leaves the other events with their lanes. It returns a lane that the caller has become the holder of, if
// one was idle, and how many of its tasks to run; further idle lanes are left to their workers, to run at once.
func (p *Pipeline) enqueue(b *batch) (mine *lane, n int) {
	for _, at := range b.lanes {
		if at == straight || b.uses(at) {
			continue
		}
		b.used = append(b.used, at)
		l := p.lanes[at]
		put, claimed := p.enqueueAt(b, l, mine == nil)
		if claimed {
			mine, n = l, put
		}
	}
	return mine, n
}

// enqueueAt puts all of b's events for l at once. Once one was refused, so are those after it: order is kept.
func (p *Pipeline) enqueueAt(b *batch, l *lane, mayHold bool) (put int, claimed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	for i, at := range b.lanes {
		if at != int32(l.index) {
			continue
		}
		if err == nil {
			err = p.put(b, l, i)
		}
		if err != nil {
			b.fail(i, err)
			p.stats.refused.Add(1)
			continue
		}
		put++
	}
	if put == 0 || !l.claim() {
		return put, false
	}
	if !mayHold {
		l.wakeWorker()
	}
	return put, mayHold
}

func (p *Pipeline) put(b *batch, l *lane, i int) error {
	t := task{event: b.events[i], set: b.sets[i], gen: b.gen, batch: b, result: &b.results[i]}
	t.begin()
	b.open.Add(1)
	err := l.put(t)
	if err != nil {
		t.abandon()
		b.open.Add(-1)
	}
	return err
}

// wait returns when every task of b is finished. When b's context ends, those that have not begun are taken back.
func (p *Pipeline) wait(b *batch) {
	if b.open.Add(-1) == 0 { // mostly: the publisher has run its tasks itself
		return
	}
	select {
	case <-b.done:
		return
	case <-b.ctx.Done():
	}
	for _, at := range b.used {
		p.lanes[at].drop(b.ctx.Err(), func(t *task) bool { return t.batch == b })
	}
	<-b.done
}

// Submit implements relay.Publisher.
func (p *Pipeline) Submit(ev *relay.Event, done func(relay.Result), ready func()) error {
	g := p.current()
	if g == nil {
		return relay.ErrClosed
	}
	if p.sink.Full(ready) {
		p.stats.refused.Add(1)
		g.release()
		return relay.ErrBusy
	}
	set, at := p.route(g, ev)
	if set == 0 && g.direct() {
		position := p.sink.Append(ev)
		g.release()
		p.stats.straight.count(ev.Source, relay.Accepted, 1)
		if done != nil {
			done(relay.Result{EventID: ev.ID, Position: position})
		}
		return nil
	}
	err := p.lanes[at].submit(task{event: ev, set: set, gen: g, done: done}, ready)
	if err != nil {
		p.stats.refused.Add(1)
		g.release()
	}
	return err
}

// queued returns how many bytes of events wait.
func (p *Pipeline) queued() (bytes int64) {
	for _, l := range p.lanes {
		l.mu.Lock()
		bytes += l.queued
		l.mu.Unlock()
	}
	return bytes
}
