package broadcaster

import "eventrelay/relay"

// readyQueue holds the connections whose sockets drained, in the order in which they did. Each is in it once at most; one that
// was closed since may still be, though its slot is another's: to be served for nothing does that no harm.
type readyQueue struct {
	slots []relay.Slot
	head  int // those before it were served
}

func (q *readyQueue) len() int { return len(q.slots) - q.head }

func (q *readyQueue) push(slot relay.Slot) {
	if q.head > len(q.slots)/2 { // NOTE: else it would grow without end where it never gets empty.
		q.slots, q.head = q.slots[:copy(q.slots, q.slots[q.head:])], 0
	}
	q.slots = append(q.slots, slot)
}

func (q *readyQueue) pop() relay.Slot {
	q.head++
	return q.slots[q.head-1]
}
