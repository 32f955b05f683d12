package plugins

import (
	"context"
	"sync/atomic"
)

// generation is a chain of filters, loaded and running: what a reload replaces as a whole. Events hold it while they
// are on their way, and it is freed when the last of them is through.
type generation struct {
	// Set at construction.
	filters []*filter
	slots   [][]slot // by lane and filter; each owned by the lane's holder
	matcher *matcher

	refs    atomic.Int64  // those who use it; 1 of them is the pipeline's own, while it is the current one
	drained chan struct{} // closed when refs comes to 0

	// settled says that the generation before this one is drained. Until then an event that no filter sees goes
	// through its lane nevertheless, lest it overtake an earlier one of its topic that a former filter still has.
	settled  atomic.Bool
	detoured atomic.Int64 // such events that are on their way
}

// loadGeneration loads every filter and starts its instances, one per lane. On an error, nothing is left behind.
func loadGeneration(ctx context.Context, o Options, specs []Filter, plugins *registry) (*generation, error) {
	g := &generation{drained: make(chan struct{}), slots: make([][]slot, o.Lanes)}
	g.refs.Store(1)
	for i := range specs {
		f, err := load(ctx, o, &specs[i], plugins.get(specs[i].Name))
		if err == nil {
			g.filters = append(g.filters, f)
			err = g.fill(ctx, f, &specs[i])
		}
		if err != nil {
			g.free()
			return nil, err
		}
	}
	g.matcher = newMatcher(g.filters)
	return g, nil
}

// fill starts an instance of f for every lane.
func (g *generation) fill(ctx context.Context, f *filter, spec *Filter) error {
	for lane := range g.slots {
		s := slot{filter: f}
		if err := ctx.Err(); err != nil {
			return &LoadError{spec.Name, spec.Path, err}
		}
		if err := s.fill(ctx); err != nil {
			return &LoadError{spec.Name, spec.Path, err}
		}
		g.slots[lane] = append(g.slots[lane], s)
	}
	return nil
}

// run makes the generation ready for events: from now on spares are kept.
func (g *generation) run() {
	for _, f := range g.filters {
		f.keepSpares()
	}
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

// free closes all instances and runtimes. No event may hold g.
func (g *generation) free() {
	for _, slots := range g.slots {
		for i := range slots {
			slots[i].empty()
		}
	}
	for _, f := range g.filters {
		f.close()
	}
}
