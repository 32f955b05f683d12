package plugins

import (
	"context"
	"fmt"

	"eventrelay/relay"
)

// Reload puts the given filters in the place of the running ones. Filters whose module and settings are the same run on;
// others are loaded and started beside them. Events accepted before go through the old filters, later ones through the
// new, in order, and none waits for the change. Any error leaves the old filters running. It returns when the old ones
// are through with their events, or when ctx ends, which then no longer undoes it.
func (p *Pipeline) Reload(ctx context.Context, filters []Filter) error {
	return p.ReloadIf(ctx, filters, anyHooks)
}

func anyHooks(relay.HookSet) error { return nil }

// ReloadIf is Reload, but for an error of check about the hooks that the new filters have: then the old ones run on. It holds for
// a Rollback that follows, too. It must not call the pipeline.
func (p *Pipeline) ReloadIf(ctx context.Context, filters []Filter, check func(relay.HookSet) error) error {
	ctx, unlock := p.lockLife(ctx)
	defer unlock()
	err := p.reload(ctx, filters, check)
	if err != nil {
		p.stats.reloads[0].Add(1)
		return err
	}
	p.stats.reloads[1].Add(1)
	return nil
}

// lockLife takes life, and returns a context that ends with ctx and when the pipeline stops.
func (p *Pipeline) lockLife(ctx context.Context) (_ context.Context, unlock func()) {
	p.life.Lock()
	ctx, cancel := context.WithCancel(ctx)
	unhook := context.AfterFunc(p.stopping, cancel)
	return ctx, func() {
		unhook()
		cancel()
		p.life.Unlock()
	}
}

func (p *Pipeline) reload(ctx context.Context, filters []Filter, check func(relay.HookSet) error) error {
	if err := Validate(p.options, filters); err != nil {
		return err
	}
	if err := p.awaitRetired(ctx); err != nil {
		return err
	}
	a := assembly{options: p.options, plugins: p.plugins, running: p.last}
	g, err := a.assemble(ctx, filters)
	if err == nil {
		if err = check(g.hooks); err != nil {
			g.free()
		}
	}
	if err != nil {
		p.plugins.keep(p.last)
		return err
	}
	p.check = check
	p.swap(ctx, g, swapDone)
	return nil
}

// Rollback puts the version of one filter that ran before the running one in its place: module, config, limits and
// grants; its place in the chain stays as configured. The version that it replaces is not loaded again until its file or
// settings change, and can be brought back by another Rollback. See relay.PluginControl.
func (p *Pipeline) Rollback(ctx context.Context, name string) error {
	ctx, unlock := p.lockLife(ctx)
	defer unlock()
	if err := p.awaitRetired(ctx); err != nil {
		return err
	}
	pl := p.plugins.find(name)
	if pl == nil {
		return relay.ErrNoPlugin
	}
	running, previous := pl.versionsOf()
	if previous == nil {
		return relay.ErrNoPrevious
	}
	if err := previous.open(ctx); err != nil {
		pl.stats.swaps[swapFailed].Add(1)
		return &LoadError{name, previous.spec.Origin(), fmt.Errorf("the version before does not start any more: %w", err)}
	}
	steps := make([]step, len(p.last.steps))
	for i, s := range p.last.steps {
		if s.filter == running {
			s.filter = previous
		}
		s.filter.hold()
		steps[i] = s
	}
	g := newGeneration(steps, p.options.EventTime)
	if err := p.check(g.hooks); err != nil {
		g.free()
		previous.park()
		return &LoadError{name, previous.spec.Origin(), fmt.Errorf("the version before would not do any more: %w", err)}
	}
	p.swap(ctx, g, swapRolledBack)
	pl.refuse(running.identity)
	pl.log.Warn("rolled back by request; the version that was replaced stays out until its file or settings change",
		"sha256", fmt.Sprintf("%x", previous.sum), "was", fmt.Sprintf("%x", running.sum))
	return nil
}

// awaitRetired waits for the generation before the running one: there are at most two at a time. The caller holds life.
func (p *Pipeline) awaitRetired(ctx context.Context) error {
	if p.gen.Load() == nil {
		return relay.ErrClosed
	}
	if p.retired == nil {
		return nil
	}
	select {
	case <-p.retired:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the filters before the running ones to finish: %w", ctx.Err())
	}
}

// swap makes g the current generation, counts the versions that change under outcome, and lets go of the old one when its last event is through.
func (p *Pipeline) swap(ctx context.Context, g *generation, outcome int) {
	old := p.last
	replaced, forgotten := install(g)
	for _, f := range replaced {
		f.plugin.stats.swaps[outcome].Add(1)
	}
	p.last = g
	p.number.Add(1)
	p.hooked.Store(uint32(g.hooks))
	p.gen.Store(g)
	retired := make(chan struct{})
	p.retired = retired
	old.release()
	go func() { // ends when old's events are through, which Drain and Close wait for
		<-old.drained
		g.settled.Store(true)
		for _, f := range replaced {
			f.park()
		}
		for _, f := range forgotten {
			f.release()
		}
		old.free()
		p.plugins.keep(g)
		close(retired)
	}()
	select {
	case <-retired:
	case <-ctx.Done():
	}
}

// install makes g's filters the running versions of their plugins, with spares. It returns those to be parked, and those
// to be let go, when no event is with them any more.
func install(g *generation) (replaced, forgotten []*filter) {
	for i := range g.steps {
		s := &g.steps[i]
		p := s.filter.plugin
		running, previous := p.versionsOf()
		p.configure(s, running != s.filter)
		if running == s.filter {
			continue
		}
		p.install(s.filter)
		s.filter.keepSpares()
		if running != nil {
			replaced = append(replaced, running)
		}
		if previous != nil {
			forgotten = append(forgotten, previous)
		}
	}
	return replaced, forgotten
}

// Drain ends the intake, ErrClosed from now on, and returns when every event that was taken is decided and appended,
// or with ctx's error.
func (p *Pipeline) Drain(ctx context.Context) error {
	p.stop()
	p.life.Lock()
	defer p.life.Unlock()
	p.refuse()
	return p.finished(ctx)
}

// refuse ends the intake. Those who leave later find the same filters.
func (p *Pipeline) refuse() {
	if p.gen.Load() == nil {
		return
	}
	p.parting.Store(p.last.again())
	p.gen.Swap(nil).release()
}

// Part returns when the filters have been told of all clients that have left, or with ctx's error. It drains, too. Of
// those who leave later, filters don't learn: Close should follow.
func (p *Pipeline) Part(ctx context.Context) error {
	p.life.Lock()
	defer p.life.Unlock()
	if p.closed {
		return nil
	}
	g := p.part()
	if err := p.finished(ctx); err != nil {
		return err
	}
	select {
	case <-g.drained:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("filters are still being told who left: %w", ctx.Err())
	}
}

// part ends the intake of those who leave, and returns the generation that they are with. The caller holds life.
func (p *Pipeline) part() *generation {
	p.refuse()
	g := p.parting.Load()
	if !p.parted {
		p.parted = true
		g.release()
	}
	return g
}

// finished waits until no event is on its way.
func (p *Pipeline) finished(ctx context.Context) error {
	waits := []<-chan struct{}{p.last.drained}
	if p.retired != nil {
		waits = append(waits, p.retired)
	}
	for _, done := range waits {
		select {
		case <-done:
		case <-ctx.Done():
			return fmt.Errorf("events are still with the filters: %w", ctx.Err())
		}
	}
	return nil
}

// Close ends the intake, gives up events that wait (ErrClosed), completes those that have begun, and frees everything.
// When it returns, no goroutine of the pipeline is left. It may be called twice.
func (p *Pipeline) Close() error {
	p.stop()
	p.life.Lock()
	defer p.life.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	parting := p.part()
	for _, l := range p.lanes {
		l.refuse()
	}
	for i := range p.last.steps {
		p.last.steps[i].filter.stop() // starts in the way give up
	}
	_ = p.finished(context.Background()) // never ends, so there is no error
	<-parting.drained
	for _, l := range p.lanes {
		l.stop()
	}
	p.last.free()
	parting.free()
	p.plugins.keep(nil)
	return nil
}
