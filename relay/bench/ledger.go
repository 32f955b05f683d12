package bench

// ledger keeps the books of a run: which event each subscriber expects next from each publisher, what is still on its
// way, and how long deliveries took. It is not safe for concurrent use.
type ledger struct {
	// Set at construction.
	publishers int
	topics     int
	topicOf    []int32 // by subscriber; -1 once it is gone

	members []int32  // subscribers that count, by topic
	next    []uint32 // by subscriber × publisher: the number expected next
	sent    []uint32 // by publisher × topic: the number of the next event
	strict  bool     // false while priming: events may be missing
	closed  bool     // events take slots until all have them
	from    int64    // latency is recorded of events due since

	slots    []slot
	free     []uint16
	inFlight int // slots taken

	latency Histogram
	count   counts
	due     int64 // deliveries that are still to come
	missing map[missed]struct{}
}

// counts are what a ledger counts.
type counts struct {
	Events     int64 // published
	Deliveries int64 // to subscribers that count
	Echoes     int64 // to publishers, and to the slow ones, who don't count
	Other      int64 // messages without an event of this run
	Lost       int64
	Duplicated int64
	Reordered  int64
	Alien      int64 // events that bear our marker and were never published: broken on the way
}

// slot is an event in flight. left is how many subscribers have yet to get it; 0 is a free slot.
type slot struct {
	publisher, topic int32
	seq              uint32
	left             int32
}

// missed is an event that a subscriber should have had before another.
type missed struct {
	subscriber, publisher int32
	seq                   uint32
}

// maxMissing bounds the memory for telling late events from repeated ones. What is over it counts as lost.
const maxMissing = 1 << 20

func newLedger(topicOf []int32, counted []bool, publishers, topics, slots int) *ledger {
	l := &ledger{
		publishers: publishers, topics: topics, topicOf: topicOf, from: 1<<63 - 1,
		members: make([]int32, topics),
		next:    make([]uint32, len(topicOf)*publishers),
		sent:    make([]uint32, publishers*topics),
		slots:   make([]slot, slots),
		free:    make([]uint16, 0, slots),
		missing: map[missed]struct{}{},
	}
	for i, t := range topicOf {
		if counted[i] {
			l.members[t]++
		} else {
			topicOf[i] = -1
		}
	}
	for i := slots - 1; i >= 0; i-- {
		l.free = append(l.free, uint16(i))
	}
	return l
}

// launch notes an event that is about to be sent and returns its mark. When slots are taken, the caller has seen that one
// is free.
func (l *ledger) launch(publisher, topic int, sent int64) mark {
	at := &l.sent[publisher*l.topics+topic]
	m := mark{publisher: publisher, seq: *at, sent: sent}
	*at++
	l.count.Events++
	left := l.members[topic]
	l.due += int64(left)
	if l.closed && left > 0 {
		m.slot = int(l.free[len(l.free)-1])
		l.free = l.free[:len(l.free)-1]
		l.slots[m.slot] = slot{int32(publisher), int32(topic), m.seq, left}
		l.inFlight++
	}
	return m
}

// take notes the delivery of m. This is the hot path; all that is unusual is elsewhere.
func (l *ledger) take(subscriber int, now int64, m mark) {
	if subscriber < 0 || m.publisher >= l.publishers {
		l.count.Echoes++
		return
	}
	at := &l.next[subscriber*l.publishers+m.publisher]
	if m.seq != *at && !l.unexpected(subscriber, now, m, *at) {
		return
	}
	*at = m.seq + 1
	l.count.Deliveries++
	l.due--
	if m.sent >= l.from {
		l.latency.record(now - m.sent)
	}
	if l.closed {
		l.arrive(m.slot, int32(m.publisher), m.seq)
	}
}

// arrive frees a slot when the last subscriber has its event.
func (l *ledger) arrive(n int, publisher int32, seq uint32) {
	if n >= len(l.slots) {
		return
	}
	s := &l.slots[n]
	if s.left == 0 || s.publisher != publisher || s.seq != seq {
		return // of an event that was given up
	}
	if s.left--; s.left == 0 {
		l.release(n)
	}
}

func (l *ledger) release(n int) {
	l.slots[n].left = 0
	l.free = append(l.free, uint16(n))
	l.inFlight--
}

// unexpected judges an event that is not the next, and reports whether it is to be taken as the newest.
func (l *ledger) unexpected(subscriber int, now int64, m mark, next uint32) bool {
	topic := l.topicOf[subscriber]
	switch {
	case topic < 0: // the subscriber is gone
		return false
	case m.seq >= l.sent[m.publisher*l.topics+int(topic)]:
		l.count.Alien++
		return false
	case !l.strict:
		return m.seq > next
	case m.seq > next:
		l.gap(subscriber, m.publisher, next, m.seq)
		return true
	}
	key := missed{int32(subscriber), int32(m.publisher), m.seq}
	if _, late := l.missing[key]; !late {
		l.count.Duplicated++
		return false
	}
	delete(l.missing, key)
	l.count.Lost--
	l.count.Reordered++
	l.count.Deliveries++
	if m.sent >= l.from {
		l.latency.record(now - m.sent)
	}
	return false
}

// gap notes that a subscriber did not get the events from next to before seq.
func (l *ledger) gap(subscriber, publisher int, next, seq uint32) {
	n := int64(seq - next)
	l.count.Lost += n
	l.due -= n
	for s := next; s < seq && len(l.missing) < maxMissing; s++ {
		l.missing[missed{int32(subscriber), int32(publisher), s}] = struct{}{}
	}
	l.forgo(l.topicOf[subscriber], publisher, next, seq)
}

// forgo lets the events in flight from next to before seq do without one subscriber.
func (l *ledger) forgo(topic int32, publisher int, next, seq uint32) {
	for n := range l.slots {
		s := &l.slots[n]
		if s.left > 0 && s.topic == topic && int(s.publisher) == publisher && s.seq >= next && s.seq < seq {
			if s.left--; s.left == 0 {
				l.release(n)
			}
		}
	}
}

// leave notes that a subscriber is gone. What was sent and it does not have is lost.
func (l *ledger) leave(subscriber int) {
	topic := l.topicOf[subscriber]
	if topic < 0 {
		return
	}
	for p := range l.publishers {
		next, sent := l.next[subscriber*l.publishers+p], l.sent[p*l.topics+int(topic)]
		if sent > next {
			l.count.Lost += int64(sent - next)
			l.due -= int64(sent - next)
			l.forgo(topic, p, next, sent)
		}
	}
	l.topicOf[subscriber] = -1
	l.members[topic]--
}

// giveUp frees all slots: nothing has come for too long. What comes later is still taken.
func (l *ledger) giveUp() {
	for n := range l.slots {
		if l.slots[n].left > 0 {
			l.release(n)
		}
	}
}

// begin starts the books in earnest: from here on every event must come to everybody, in order.
func (l *ledger) begin() {
	l.giveUp()
	l.strict, l.due, l.count = true, 0, counts{}
	for i, topic := range l.topicOf {
		if topic < 0 {
			continue
		}
		for p := range l.publishers {
			l.next[i*l.publishers+p] = l.sent[p*l.topics+int(topic)]
		}
	}
}

// settle counts what never came as lost, at the end.
func (l *ledger) settle() {
	for i, topic := range l.topicOf {
		if topic < 0 {
			continue
		}
		for p := range l.publishers {
			l.count.Lost += int64(l.sent[p*l.topics+int(topic)] - l.next[i*l.publishers+p])
		}
	}
	l.due = 0
}

// waiting returns how many subscribers that count have had nothing yet, and one of them.
func (l *ledger) waiting() (n, example int) {
	for i, topic := range l.topicOf {
		if topic < 0 {
			continue
		}
		had := false
		for p := range l.publishers {
			had = had || l.next[i*l.publishers+p] > 0
		}
		if !had {
			n, example = n+1, i
		}
	}
	return n, example
}
