package plugins

import (
	"slices"

	"eventrelay/relay"
)

// hookQueue is where a lane's connections, subscriptions and disconnections wait, first in, first out, beside the events: a
// queue of megabytes of these must not keep clients out. The two queues take turns, by time: after a call, events that wait
// have as much as it took. Guarded by the lane's mutex.
type hookQueue struct {
	// Set at construction.
	mostAsks, mostLeaves int
	clock                func() int64 // nanos

	calls  []*hookCall
	head   int
	leaves int // of the calls: onDisconnect

	called bool  // what was begun last is a call, not an event
	since  int64 // when, if it is a call, or events are owed time
	owed   int64 // nanoseconds that events may take before the next call
}

// maxLeaves is how many connections that ended may wait for filters to be told, over all lanes: as many as may stand.
const maxLeaves = 1 << 16

func newHookQueue(o Options) hookQueue {
	return hookQueue{mostAsks: max(1, o.MaxHooks/o.Lanes), mostLeaves: max(1, maxLeaves/o.Lanes), clock: nanos}
}

func (q *hookQueue) len() int { return len(q.calls) - q.head }

// next reports whether to begin a call now, rather than an event, if some wait. Without calls it does not look at the clock.
func (q *hookQueue) next(events bool) bool {
	if q.len() == 0 && !q.called && q.owed == 0 {
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
	q.since, q.called = now, q.len() > 0 && q.owed == 0
	return q.called
}

// put adds a call, or returns ErrBusy.
func (q *hookQueue) put(h *hookCall) error {
	switch {
	case h.hook == onDisconnect && q.leaves >= q.mostLeaves, h.hook != onDisconnect && q.len()-q.leaves >= q.mostAsks:
		return relay.ErrBusy
	case h.hook == onDisconnect:
		q.leaves++
	}
	q.push(h)
	return nil
}

func (q *hookQueue) push(h *hookCall) {
	if q.head > len(q.calls)/2 && len(q.calls) == cap(q.calls) {
		n := copy(q.calls, q.calls[q.head:])
		clear(q.calls[n:])
		q.calls, q.head = q.calls[:n], 0
	}
	q.calls = append(q.calls, h)
}

// pushFront puts back a call that was popped.
func (q *hookQueue) pushFront(h *hookCall) {
	if q.head == 0 { // it was the last, or the others have been moved
		q.calls = slices.Insert(q.calls, 0, h)
		return
	}
	q.head--
	q.calls[q.head] = h
}

// pop takes out the oldest call, or nil.
func (q *hookQueue) pop() *hookCall {
	if q.len() == 0 {
		return nil
	}
	h := q.calls[q.head]
	q.calls[q.head] = nil
	q.head++
	if q.head == len(q.calls) {
		q.calls, q.head = q.calls[:0], 0
		if cap(q.calls) > keptTasks {
			q.calls = nil
		}
	}
	if h.hook == onDisconnect {
		q.leaves--
	}
	return h
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
	switch {
	case closed:
	case h.yields():
		l.hooks.push(h)
	default:
		l.hooks.pushFront(h)
	}
	l.mu.Unlock()
	if closed {
		h.giveUp()
	}
}
