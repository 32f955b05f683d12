package broadcaster

import (
	"slices"
	"time"

	"eventrelay/relay"
)

// kept is what a feed with the policy Latest has left for members that lag: of the entries that everybody else has, the
// newest of each topic. It exists while some member lags. So what lagging members cost does not grow with the time that
// they lag, but with the topics that they subscribed to, up to the feed's MaxLag. Guarded by Broadcaster.mu.
type kept struct {
	fast    map[*part]uint64 // below this entry, a part's members that don't lag need nothing; parts that lag only
	entries []keptEntry      // ascending
	topics  map[relay.Topic]uint64
	live    int
	bytes   uint64 // of the live
	low     uint64 // no member needs an entry below
}

// keptEntry is entry n of the feed. One that a newer has replaced, or that was given up, has no event.
type keptEntry struct {
	n  uint64
	ev *event
}

// keptOverhead is what an entry is charged with.
const keptOverhead = 96

func (k *kept) find(n uint64) int {
	i, _ := slices.BinarySearchFunc(k.entries, n, func(e keptEntry, n uint64) int {
		switch {
		case e.n < n:
			return -1
		case e.n > n:
			return 1
		}
		return 0
	})
	return i
}

// add takes over the feed's reference to the event of entry n, the highest so far.
func (k *kept) add(b *Broadcaster, n uint64, ev *event, maxLag uint64) {
	t := ev.src.Topic
	if old, ok := k.topics[t]; ok {
		k.drop(b, k.find(old))
	}
	k.topics[t] = n
	k.entries = append(k.entries, keptEntry{n, ev})
	k.live++
	k.bytes += ev.size
	b.keptEntries++
	for i := 0; k.bytes-ev.size > maxLag; i++ {
		k.drop(b, i)
	}
	for k.entries[0].ev == nil {
		k.entries = k.entries[1:]
	}
	if len(k.entries) > 2*k.live+minRing {
		k.entries = slices.DeleteFunc(k.entries, func(e keptEntry) bool { return e.ev == nil })
	}
}

// drop gives up the i-th entry.
func (k *kept) drop(b *Broadcaster, i int) {
	e := &k.entries[i]
	if e.ev == nil {
		return
	}
	delete(k.topics, e.ev.src.Topic) // NOTE: the key may be a piece of a large request body, so it goes with its event.
	k.live--
	k.bytes -= e.ev.size
	b.keptEntries--
	b.unref(e.ev)
	e.ev = nil
}

// purge gives up the entries below low, which nobody needs.
func (k *kept) purge(b *Broadcaster, low uint64) {
	k.low = low
	i := k.find(low)
	for j := range i {
		k.drop(b, j)
	}
	if k.entries = k.entries[i:]; len(k.entries) == 0 {
		k.entries = nil
	}
}

// expire gives up what was appended before oldest, but not the newest.
func (k *kept) expire(b *Broadcaster, oldest time.Time) {
	for i := 0; i < len(k.entries)-1; i++ {
		if ev := k.entries[i].ev; ev != nil && ev.at.After(oldest) {
			return
		}
		k.drop(b, i)
	}
}

// park says that p's members that don't lag need nothing below fast, and those that lag nothing below p.low. It needs mu;
// release follows.
func (b *Broadcaster) park(p *part, fast uint64) {
	k := b.kept[p.feed]
	switch {
	case fast > p.low && k == nil:
		if b.kept == nil {
			b.kept = map[*feed]*kept{}
		}
		b.kept[p.feed] = &kept{fast: map[*part]uint64{p: fast}, topics: map[relay.Topic]uint64{}}
	case fast > p.low:
		k.fast[p] = fast
	case k != nil:
		delete(k.fast, p)
	}
}

// conflate gives up the entries that no part needs: those that only members that lag need go to k. It needs mu.
func (f *feed) conflate(b *Broadcaster, k *kept) {
	low := f.tail.Load()
	pinned := low
	for _, p := range f.parts {
		low = min(low, p.low)
		if fast, ok := k.fast[p]; ok {
			pinned = min(pinned, fast)
		} else {
			pinned = min(pinned, p.low)
		}
	}
	maxLag := b.limits(f).maxLag
	for ; f.base < pinned; f.base++ {
		e := f.at(f.base)
		if f.base < low {
			b.unref(e.ev)
		} else {
			k.add(b, f.base, e.ev, maxLag)
		}
		*e = entry{}
	}
	k.purge(b, low)
	if len(k.fast) == 0 && len(k.entries) == 0 {
		delete(b.kept, f)
	}
}

// served returns the lowest entry that some member of f needs. It needs mu.
func (b *Broadcaster) served(f *feed) uint64 {
	if k := b.kept[f]; k != nil {
		return min(k.low, f.base)
	}
	return f.base
}
