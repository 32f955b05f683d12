package plugins

import "slices"

// callQueue is a queue of calls, first in, first out. The zero value is ready.
type callQueue struct {
	calls []*hookCall
	head  int
}

func (q *callQueue) len() int { return len(q.calls) - q.head }

// first returns the oldest call, of one or more.
func (q *callQueue) first() *hookCall { return q.calls[q.head] }

func (q *callQueue) contains(is func(*hookCall) bool) bool {
	return slices.ContainsFunc(q.calls[q.head:], is)
}

func (q *callQueue) push(h *hookCall) {
	if q.head > len(q.calls)/2 && len(q.calls) == cap(q.calls) {
		n := copy(q.calls, q.calls[q.head:])
		clear(q.calls[n:])
		q.calls, q.head = q.calls[:n], 0
	}
	q.calls = append(q.calls, h)
}

// pushFront puts back a call that was popped.
func (q *callQueue) pushFront(h *hookCall) {
	if q.head == 0 { // it was the last, or the others have been moved
		q.calls = slices.Insert(q.calls, 0, h)
		return
	}
	q.head--
	q.calls[q.head] = h
}

// pop takes out the oldest call, of one or more.
func (q *callQueue) pop() *hookCall {
	h := q.calls[q.head]
	q.calls[q.head] = nil
	q.head++
	if q.head == len(q.calls) {
		q.calls, q.head = q.calls[:0], 0
		if cap(q.calls) > keptTasks {
			q.calls = nil
		}
	}
	return h
}
