package plugins

import (
	"context"
	"fmt"

	"eventrelay/relay"
)

// Reload loads the given filters beside the running ones and puts them in their place. Events accepted before go
// through the old filters, later ones through the new, in order, and none waits for the change. Any error leaves the
// old filters running. It returns when the old ones are freed, or when ctx ends, which then no longer undoes it.
func (p *Pipeline) Reload(ctx context.Context, filters []Filter) error {
	p.life.Lock()
	defer p.life.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.stopping, cancel)()
	err := p.reload(ctx, filters)
	if err != nil {
		p.stats.reloads[0].Add(1)
		return err
	}
	p.stats.reloads[1].Add(1)
	return nil
}

func (p *Pipeline) reload(ctx context.Context, filters []Filter) error {
	if err := Validate(p.options, filters); err != nil {
		return err
	}
	if p.gen.Load() == nil {
		return relay.ErrClosed
	}
	if p.retired != nil { // at most two generations at a time
		select {
		case <-p.retired:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the filters before the running ones to finish: %w", ctx.Err())
		}
	}
	g, err := loadGeneration(ctx, p.options, filters, p.plugins)
	if err != nil {
		p.plugins.keep(p.last.filters)
		return err
	}
	g.run()
	p.swap(g)
	select {
	case <-p.retired:
	case <-ctx.Done():
	}
	return nil
}

// swap makes g the current generation and frees the old one when its last event is through.
func (p *Pipeline) swap(g *generation) {
	old := p.last
	p.last = g
	p.number.Add(1)
	p.gen.Store(g)
	retired := make(chan struct{})
	p.retired = retired
	old.release()
	go func() { // ends when old's events are through, which Drain and Close wait for
		<-old.drained
		g.settled.Store(true)
		old.free()
		p.plugins.keep(g.filters)
		close(retired)
	}()
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

// refuse ends the intake.
func (p *Pipeline) refuse() {
	if g := p.gen.Swap(nil); g != nil {
		g.release()
	}
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
	p.refuse()
	for _, l := range p.lanes {
		l.refuse()
	}
	for _, f := range p.last.filters {
		f.stop() // starts in the way give up
	}
	_ = p.finished(context.Background()) // never ends, so there is no error
	for _, l := range p.lanes {
		l.stop()
	}
	p.last.free()
	return nil
}
