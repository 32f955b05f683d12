package plugins

import (
	"errors"
	"math"
	"sync"

	"eventrelay/relay"
)

// lane takes events through the filters one at a time, in the order in which they were accepted. Whoever finds it idle
// becomes its holder and may run guests (Publish does, on its own goroutine); who finds it busy leaves his events in
// the queue, and a holder that is done hands what is left to the lane's worker. The mutex guards the queue only and is
// never held while a guest runs.
type lane struct {
	// Set at construction.
	index int
	room  int64         // bytes that may wait
	wake  chan struct{} // hands the lane to the worker; closed by stop
	done  sync.WaitGroup

	// Owned by the holder.
	chain  chain
	result relay.Result // of a task without a place for it

	// Guarded by mu.
	mu     sync.Mutex
	busy   bool // there is a holder, or the worker is about to become it
	queue  taskQueue
	hooks  hookQueue
	queued int64    // bytes in queue
	ready  []func() // those who were refused and wait for room
	closed bool     // put refuses
}

// task is one event on its way through a lane.
type task struct {
	hook  *hookCall // nil for an event; then it alone is set
	event *relay.Event
	set   filterSet
	gen   *generation

	// What to do with the result: Publish has a batch, Submit only a function, which may be nil, and a held generation.
	batch  *batch
	result *relay.Result // in batch.results
	done   func(relay.Result)
}

func newLane(index int, o Options, sink relay.Sink) *lane {
	l := &lane{index: index, room: int64(o.Queue) / int64(o.Lanes), wake: make(chan struct{}, 1), hooks: newHookQueue(o)}
	l.chain.lane, l.chain.sink, l.chain.maxEvent = index, sink, int(o.MaxEvent)
	l.done.Go(l.work)
	return l
}

// taskOverhead is what a waiting event takes beside its bytes.
const taskOverhead = 256

func (t *task) size() int64 {
	n := taskOverhead + len(t.event.Topic) + len(t.event.Payload)
	for i := range t.event.Attributes {
		n += len(t.event.Attributes[i].Key) + len(t.event.Attributes[i].Value)
	}
	return int64(n)
}

// put queues a task and returns nil, ErrBusy or ErrClosed. An empty queue has room for any. The caller holds l.mu.
func (l *lane) put(t task) error {
	n := t.size()
	switch {
	case l.closed:
		return relay.ErrClosed
	case l.queued > 0 && l.queued+n > l.room:
		return relay.ErrBusy
	}
	l.queued += n
	l.queue.push(t)
	return nil
}

// claim makes the caller the holder of an idle lane. The caller holds l.mu and, if claimed, calls run or handOver.
func (l *lane) claim() bool {
	idle := !l.busy
	l.busy = true
	return idle
}

// run takes at most n tasks from the queue and decides them. Only the holder calls it; afterwards it is not the holder
// any more.
func (l *lane) run(n int) {
	defer crash()
	for ; n > 0; n-- {
		t, ok := l.take()
		if !ok {
			return
		}
		l.decide(&t)
	}
	l.handOver()
}

// take begins the oldest task. When there is none, the lane becomes idle.
func (l *lane) take() (task, bool) {
	l.mu.Lock()
	if l.hooks.next(l.queue.len() > 0) {
		t := task{hook: l.hooks.pop()}
		l.mu.Unlock()
		return t, true
	}
	t, ok := l.queue.pop()
	if !ok {
		l.busy = false
		l.mu.Unlock()
		return task{}, false
	}
	l.queued -= t.size()
	ready := l.roomy()
	l.mu.Unlock()
	for _, call := range ready {
		call()
	}
	return t, true
}

// roomy returns those to tell that there is room again, once half of it is free. The caller holds l.mu.
func (l *lane) roomy() (ready []func()) {
	if l.queued <= l.room/2 {
		ready, l.ready = l.ready, nil
	}
	return ready
}

// handOver gives the lane to the worker when tasks are left, else makes it idle.
func (l *lane) handOver() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy = l.queue.len()+l.hooks.len() > 0; l.busy {
		l.wakeWorker()
	}
}

// wakeWorker makes the worker the holder. The caller holds l.mu.
func (l *lane) wakeWorker() {
	l.wake <- struct{}{} // NOTE: does not block: there is one holder, and it alone sends
}

func (l *lane) work() {
	for range l.wake {
		l.run(math.MaxInt)
	}
}

// decideNow decides an event that some filter sees, if the lane is idle: then nothing waits that must go before it. It
// reports whether it did.
func (l *lane) decideNow(g *generation, ev *relay.Event, set filterSet, r *relay.Result) bool {
	l.mu.Lock()
	mine := !l.closed && l.claim()
	l.mu.Unlock()
	if !mine {
		return false
	}
	defer crash()
	l.chain.run(g, ev, set, r)
	l.handOver()
	return true
}

// decide takes a task through the chain, unless whoever waits for it has given up.
func (l *lane) decide(t *task) {
	if t.hook != nil {
		l.step(t.hook)
		return
	}
	if t.batch != nil {
		if err := t.batch.ctx.Err(); err != nil {
			t.finish(&relay.Result{EventID: t.event.ID, Err: err})
			return
		}
	}
	r := t.result
	if r == nil {
		r = &l.result
	}
	l.chain.run(t.gen, t.event, t.set, r)
	t.finish(r)
}

// begin is called before a task is put, abandon when it was not, finish when it is decided.
func (t *task) begin() {
	if t.set == 0 {
		t.gen.detoured.Add(1)
	}
}

func (t *task) abandon() {
	if t.set == 0 {
		t.gen.detoured.Add(-1)
	}
}

// finish tells whoever waits for the task. The batch must not be used afterwards.
func (t *task) finish(r *relay.Result) {
	t.abandon()
	if t.batch != nil {
		if r != t.result {
			*t.result = *r
		}
		t.batch.finish(1)
		return
	}
	if t.done != nil {
		t.done(*r)
	}
	t.gen.release()
}

// submit puts a task for the worker to run. ready is called when there is room again, if there is none now.
func (l *lane) submit(t task, ready func()) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.begin()
	err := l.put(t)
	switch {
	case err == nil && l.claim():
		l.wakeWorker()
	case err != nil:
		t.abandon()
		if errors.Is(err, relay.ErrBusy) && ready != nil {
			l.ready = append(l.ready, ready)
		}
	}
	return err
}

// drop takes the tasks out of the queue that the given function selects and finishes them with err.
func (l *lane) drop(err error, which func(*task) bool) {
	l.mu.Lock()
	dropped := l.queue.remove(which)
	for i := range dropped {
		l.queued -= dropped[i].size()
	}
	ready := l.roomy()
	l.mu.Unlock()
	for i := range dropped {
		dropped[i].finish(&relay.Result{EventID: dropped[i].event.ID, Err: err})
	}
	for _, call := range ready {
		call()
	}
}

// refuse ends the lane's intake: what waits is dropped, and nothing more is put. What was begun is completed.
func (l *lane) refuse() {
	l.mu.Lock()
	l.closed = true
	var calls []*hookCall
	for h := l.hooks.pop(); h != nil; h = l.hooks.pop() {
		calls = append(calls, h)
	}
	l.mu.Unlock()
	for _, h := range calls {
		h.giveUp()
	}
	l.drop(relay.ErrClosed, func(*task) bool { return true })
}

// stop ends the worker. Nobody may hold the lane, or put anything any more.
func (l *lane) stop() {
	close(l.wake)
	l.done.Wait()
}
