package broadcaster

import (
	"sort"
	"sync/atomic"
	"time"

	"eventrelay/relay"
)

// feed is what all subscriptions with one pattern, name and wire form see: entries base ≤ c < tail, of which each member
// needs those from its cursor on.
type feed struct {
	// Set at construction.
	pattern relay.Pattern
	form    relay.Form
	rule    uint8 // in rules.limits; guarded by Broadcaster.mu

	// tail is the number of the next entry. Written under Broadcaster.mu, read by passes without it.
	tail atomic.Uint64

	// Guarded by Broadcaster.mu.
	base  uint64  // the first entry kept
	ring  []entry // entry c is ring[c % len]; len is a power of two; nil when nothing is kept
	bytes uint64  // bytes of all entries ever appended
	parts []*part // its members, by shard
	next  *feed   // another feed of the same pattern, in another form or by another name

	name *relay.Pattern // set at construction: what its members call the pattern; nil: by itself
}

// entry is an event's place in a feed.
type entry struct {
	ev     *event
	before uint64 // feed.bytes before this entry, so that a lag in bytes is one subtraction
}

// part is the members of a feed that belong to one shard. There is one for every topic, so the order of its fields leaves
// no gaps.
type part struct {
	// Set at construction.
	feed  *feed
	shard *Shard

	// Guarded by Broadcaster.mu.
	low uint64 // this shard needs no entry below

	// Owned by the shard's loop.
	members []uint32 // in Shard.members; removed only between visits
	limit   uint64   // members with a cursor below this are past the lag limit, or lag in a feed that keeps the latest
	visit   visit

	// Set at construction.
	index uint32 // in Shard.parts

	// Guarded by Broadcaster.mu.
	joined bool   // in feed.parts
	dirty  bool   // in Shard.dirty
	behind bool   // in reap.behind: some member is not at the tail
	relief relief // wanted by the budget

	// Owned by the shard's loop.
	mode    mode // as of the last take, report or tick
	touched bool // in reap.touched: low is to be computed anew
	leaving bool // in reap.leaves: some member is gone
}

func newFeed(p relay.Pattern, form relay.Form) *feed {
	return &feed{pattern: p, form: form}
}

// called returns what the members call the feed's pattern.
func (f *feed) called() relay.Pattern {
	if f.name != nil {
		return *f.name
	}
	return f.pattern
}

// The methods below need Broadcaster.mu.

func (f *feed) at(c uint64) *entry { return &f.ring[c&uint64(len(f.ring)-1)] }

func (f *feed) append(ev *event, pool *ringPool) {
	tail := f.tail.Load()
	if kept := int(tail - f.base); kept == len(f.ring) {
		f.grow(kept, pool)
	}
	*f.at(tail) = entry{ev, f.bytes}
	f.bytes += ev.size
	ev.refs++
	f.tail.Store(tail + 1)
}

func (f *feed) grow(kept int, pool *ringPool) {
	old := f.ring
	f.ring = pool.get(max(minRing, 2*kept))
	for c := f.base; c < f.base+uint64(kept); c++ {
		*f.at(c) = old[c&uint64(len(old)-1)]
	}
	pool.put(old)
}

// release gives up the entries that no part needs.
func (f *feed) release(b *Broadcaster) {
	if k := b.kept[f]; k != nil {
		f.conflate(b, k)
	} else {
		low := f.tail.Load()
		for _, p := range f.parts {
			low = min(low, p.low)
		}
		for ; f.base < low; f.base++ {
			e := f.at(f.base)
			b.unref(e.ev)
			*e = entry{}
		}
	}
	if f.base == f.tail.Load() && f.ring != nil {
		b.rings.put(f.ring)
		f.ring = nil
	}
}

// lagLimit returns the lowest cursor that is at most maxLag bytes behind; the newest event does not count.
func (f *feed) lagLimit(maxLag uint64) uint64 {
	tail := f.tail.Load()
	if tail == f.base {
		return f.base
	}
	newest := f.at(tail - 1).before
	n := sort.Search(int(tail-f.base), func(i int) bool { return newest-f.at(f.base+uint64(i)).before <= maxLag })
	return f.base + uint64(n)
}

// ageLimit returns the lowest cursor whose entry was appended after oldest; the newest event does not count.
func (f *feed) ageLimit(oldest time.Time) uint64 {
	kept := int(f.tail.Load() - f.base)
	n := sort.Search(max(kept-1, 0), func(i int) bool { return f.at(f.base + uint64(i)).ev.at.After(oldest) })
	return f.base + uint64(n)
}

func (f *feed) part(s *Shard) *part {
	for _, p := range f.parts {
		if p.shard == s {
			return p
		}
	}
	return nil
}
