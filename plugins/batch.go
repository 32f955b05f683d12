package plugins

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"eventrelay/relay"
)

// batch is one Publish on its way: which of its events go where, and how many are not decided yet. Batches are reused,
// so that publishing costs no allocation of ours.
type batch struct {
	ctx     context.Context
	gen     *generation
	events  []*relay.Event
	results []relay.Result

	sets  []filterSet
	lanes []int32 // by event: the lane's index, or straight
	used  []int32 // lanes that have tasks of this batch; the first is run by the publisher, if it was idle

	straight []*relay.Event // events that no filter sees
	at       []relay.Position

	open atomic.Int64  // tasks that are not finished, and the publisher itself
	done chan struct{} // holds one; sent to by whoever brings open to 0
}

// straight stands for the lane of events that need none.
const straight = -1

var batches = sync.Pool{New: func() any { return &batch{done: make(chan struct{}, 1)} }}

// maxKeptEvents bounds what a reused batch holds on to.
const maxKeptEvents = 4096

func newBatch(ctx context.Context, g *generation, evs []*relay.Event, results []relay.Result) *batch {
	b := batches.Get().(*batch)
	b.ctx, b.gen, b.events, b.results = ctx, g, evs, results
	b.open.Store(1)
	return b
}

func (b *batch) free() {
	if cap(b.sets) > maxKeptEvents {
		return
	}
	clear(b.straight)
	b.ctx, b.gen, b.events, b.results = nil, nil, nil, nil
	b.sets, b.lanes, b.used, b.straight, b.at = b.sets[:0], b.lanes[:0], b.used[:0], b.straight[:0], b.at[:0]
	batches.Put(b)
}

// finish says that n of the open are done.
func (b *batch) finish(n int64) {
	if b.open.Add(-n) == 0 {
		b.done <- struct{}{}
	}
}

// fail sets the result of event i when it was not taken.
func (b *batch) fail(i int, err error) {
	b.results[i] = relay.Result{EventID: b.events[i].ID, Err: err}
}

func (b *batch) uses(lane int32) bool { return slices.Contains(b.used, lane) }
