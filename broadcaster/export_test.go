package broadcaster

import (
	"time"

	"eventrelay/relay"
)

// HeldRings counts the feeds that hold a ring.
func (b *Broadcaster) HeldRings() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.index.each(func(f *feed) {
		if f.ring != nil {
			n++
		}
	})
	return n
}

// Flushes counts the calls of Flush that wait.
func (b *Broadcaster) Flushes() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.flushes)
}

// Held is how much a shard holds, in elements of its slabs and lists.
func Held(s relay.Shard) []int {
	sh := s.(*Shard)
	return []int{sh.conns.Len(), sh.members.Len(), sh.parts.Len(), sh.outboxes.Len(), len(sh.reap.behind)}
}

// Live reports whether slot's connection may get events.
func Live(s relay.Shard, slot relay.Slot) bool { return s.(*Shard).conn(slot).live() }

// Kept counts the feeds that keep something for members that lag, and the entries that they keep.
func (b *Broadcaster) Kept() (feeds, entries int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.kept), b.keptEntries
}

// LookAgain has the next look for room come at once.
func (b *Broadcaster) LookAgain() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.budget.lookedAt = time.Time{}
}
