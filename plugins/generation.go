package plugins

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"eventrelay/relay"
)

// generation is a chain: what a reload replaces as a whole. Events hold it while they are on their way; when the last of
// them is through, it lets go of its filters. Filters that did not change are in the next generation too, and run on.
type generation struct {
	// Set at construction.
	steps   []step
	matcher *matcher
	hooks   relay.HookSet
	time    time.Duration // that guests may take for one event

	refs    atomic.Int64  // those who use it; 1 of them is the pipeline's own, while it is the current one
	drained chan struct{} // closed when refs comes to 0

	// settled says that the generation before this one is drained. Until then an event that no filter sees goes
	// through its lane nevertheless, lest it overtake an earlier one of its topic that a former filter still has.
	settled  atomic.Bool
	detoured atomic.Int64 // such events that are on their way
}

// newGeneration takes over the filters that steps hold. eventTime is Options.EventTime.
func newGeneration(steps []step, eventTime time.Duration) *generation {
	g := &generation{steps: steps, matcher: newMatcher(steps), hooks: hookSet(steps), time: eventTime, drained: make(chan struct{})}
	for i := range steps {
		g.time = max(g.time, steps[i].filter.limits.Time)
	}
	g.refs.Store(1)
	return g
}

// again returns a generation of the same steps, which it holds on its own.
func (g *generation) again() *generation {
	for i := range g.steps {
		g.steps[i].filter.hold()
	}
	return newGeneration(slices.Clone(g.steps), g.time)
}

// assembly makes a chain of what is configured, beside the one that runs.
type assembly struct {
	options Options
	plugins *registry
	running *generation // nil: none
	steps   []step      // so far; each filter is held
}

// assemble loads and starts what is not running yet in the configured version. On an error, a *LoadError, nothing is left
// behind, and what runs is untouched.
func (a *assembly) assemble(ctx context.Context, specs []Filter) (*generation, error) {
	for i := range specs {
		f, err := a.filter(ctx, &specs[i])
		if err != nil {
			for j := range a.steps {
				a.steps[j].filter.release()
			}
			return nil, &LoadError{specs[i].Name, specs[i].Origin(), err}
		}
		a.steps = append(a.steps, newStep(f, &specs[i]))
	}
	return newGeneration(a.steps, a.options.EventTime), nil
}

// filter returns the filter that spec means, running and held.
func (a *assembly) filter(ctx context.Context, spec *Filter) (*filter, error) {
	p := a.plugins.get(spec.Name)
	m, err := spec.module(spec.bounds(a.options).Module)
	if err != nil {
		p.stats.swaps[swapFailed].Add(1)
		return nil, err
	}
	id := m.identity(a.options, spec)
	if f := a.running.find(p); f != nil && (f.identity == id || p.refuses(id)) {
		return f.hold(), nil
	}
	f, err := load(ctx, a.options, spec, m, p)
	if err == nil {
		if err = f.open(ctx); err != nil {
			f.release()
		}
	}
	if err != nil {
		p.stats.swaps[swapFailed].Add(1)
		return nil, err
	}
	return f, nil
}

// find returns the filter of p in the chain, or nil.
func (g *generation) find(p *plugin) *filter {
	if g == nil {
		return nil
	}
	for i := range g.steps {
		if g.steps[i].filter.plugin == p {
			return g.steps[i].filter
		}
	}
	return nil
}

// hold keeps the generation from being freed. It reports whether it was still in use.
func (g *generation) hold() bool {
	for n := g.refs.Load(); n > 0; n = g.refs.Load() {
		if g.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

func (g *generation) release() {
	if g.refs.Add(-1) == 0 {
		close(g.drained)
	}
}

// direct reports whether an event that no filter sees may go straight to the sink.
func (g *generation) direct() bool { return g.settled.Load() && g.detoured.Load() == 0 }

// free lets go of the filters. No event may hold g.
func (g *generation) free() {
	for i := range g.steps {
		g.steps[i].filter.release()
	}
}
