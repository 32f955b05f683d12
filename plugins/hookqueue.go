package plugins

import "eventrelay/relay"

// hookQueue is where a lane's connections, subscriptions and disconnections wait beside the events: a queue of megabytes of
// these must not keep clients out. The two queues take turns, by time: after a call, events that wait have as much as it took.
// Guarded by the lane's mutex.
type hookQueue struct {
	// Set at construction.
	most  [hookKinds]int // of each kind that may wait
	clock func() int64   // nanos

	// Each kind waits by itself, and they take turns: neither do strangers who connect keep those who are in from
	// subscribing, nor does a thousand who go at once keep them from coming back.
	kinds [hookKinds]callQueue
	last  hook // the kind that had its turn last

	called bool  // what was begun last is a call, not an event
	since  int64 // when, if it is a call, or events are owed time
	owed   int64 // nanoseconds that events may take before the next call
}

// maxLeaves is how many connections that ended may wait for filters to be told, over all lanes: as many as may stand.
const maxLeaves = 1 << 16

func newHookQueue(o Options) hookQueue {
	share := func(n int) int { return max(1, n/o.Lanes) }
	return hookQueue{
		most:  [hookKinds]int{onConnect: share(o.MaxHooks), onSubscribe: share(o.MaxHooks), onDisconnect: share(maxLeaves)},
		clock: nanos,
	}
}

func (q *hookQueue) len() (n int) {
	for i := range q.kinds {
		n += q.kinds[i].len()
	}
	return n
}

// next reports whether to begin a call now, rather than an event, if some wait. Without calls it does not look at the clock.
func (q *hookQueue) next(events bool) bool {
	waits := q.len() > 0
	if !waits && !q.called && q.owed == 0 {
		return false
	}
	now := q.clock()
	switch took := now - q.since; {
	case !events:
		q.owed = 0
	case q.called:
		q.owed += took
	default:
		q.owed = max(0, q.owed-took)
	}
	q.since, q.called = now, waits && q.owed == 0
	return q.called
}

// put adds a call, or returns ErrBusy.
func (q *hookQueue) put(h *hookCall) error {
	kind := &q.kinds[h.hook]
	if kind.len() >= q.most[h.hook] {
		return relay.ErrBusy
	}
	kind.push(h)
	return nil
}

// again puts back a call that was popped and is not completed.
func (q *hookQueue) again(h *hookCall) {
	if h.yields() {
		q.kinds[h.hook].push(h)
		return
	}
	q.kinds[h.hook].pushFront(h)
}

// pop takes out the oldest call of the kind whose turn it is, or nil.
func (q *hookQueue) pop() *hookCall {
	for range hookKinds {
		q.last = (q.last + 1) % hook(hookKinds)
		kind := &q.kinds[q.last]
		if kind.len() == 0 || q.last == onDisconnect && q.subscribes(kind.first().visit) {
			continue
		}
		return kind.pop()
	}
	return nil
}

// subscribes reports whether a subscription of v waits, after which alone its end comes.
func (q *hookQueue) subscribes(v *relay.Visit) bool {
	return q.kinds[onSubscribe].contains(func(h *hookCall) bool { return h.visit.ID == v.ID })
}

// ask queues a call for the worker to run. It returns ErrBusy or ErrClosed.
func (l *lane) ask(h *hookCall) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return relay.ErrClosed
	}
	if err := l.hooks.put(h); err != nil {
		return err
	}
	if l.claim() {
		l.wakeWorker()
	}
	return nil
}

// step takes a call one step further; what is left of it waits until events had their turn, and now and then other calls.
func (l *lane) step(h *hookCall) {
	if h.step(&l.chain) {
		return
	}
	l.mu.Lock()
	closed := l.closed
	if !closed {
		l.hooks.again(h)
	}
	l.mu.Unlock()
	if closed {
		h.giveUp()
	}
}
