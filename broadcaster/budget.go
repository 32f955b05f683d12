package broadcaster

import (
	"math/bits"
	"time"
	"unsafe"
)

// budget is what keeps all that waits for clients within Options.Memory. Guarded by Broadcaster.mu.
//
// When an append finds too much pinned, the feeds that pin most, down to a size that suffices, are relieved: the half of
// their backlog that is oldest is given up, whatever their own limits, and whoever still needs it is treated as its policy
// says. If halving all of them does not suffice, whole backlogs go, the newest events with them. Who looks for victims looks
// at the feeds with members behind only, and not again before a sixteenth of the budget was appended.
type budget struct {
	behind   map[*feed]int // of feeds with members behind: in how many shards
	charged  uint64        // bytes of all events appended
	next     uint64        // no look for victims before charged is this
	reliefs  uint64        // feeds relieved
	told     uint64        // of those, how many the log knows of
	toldAt   time.Time
	lookedAt time.Time // by makeRoom
}

// relief is what a part's next visit is to give up.
type relief uint8

const (
	reliefNone relief = iota
	reliefHalf        // the older half of what the feed holds
	reliefAll         // all that waits for members whose sockets are full
)

// used returns how many bytes all that waits for clients takes: events, their encoded forms, the feeds' entries, outboxes.
// It needs mu.
func (b *Broadcaster) used() uint64 {
	return b.pinned() + uint64(max(0, b.stats.outbox.Load()))
}

// pinned is used without the outboxes. It needs mu.
func (b *Broadcaster) pinned() uint64 {
	const entrySize = uint64(unsafe.Sizeof(entry{}))
	events := b.heldBytes + uint64(b.held)*eventMemory + uint64(max(0, b.stats.encoded.Load()))
	return events + b.rings.slots*entrySize + uint64(b.keptEntries)*keptOverhead
}

// charge accounts for an event just appended, and sees to the budget. It needs mu.
func (b *Broadcaster) charge(ev *event) {
	b.budget.charged += ev.size
	memory := b.rules.Load().memory
	if used := b.used(); used > memory && b.budget.charged >= b.budget.next {
		b.budget.next = b.budget.charged + memory/16
		b.relieve(used - memory + memory/8)
	}
	if b.pinned() > memory+memory/8 && !b.full.Load() {
		b.full.Store(true)
		b.stats.holdbacks.Add(1)
	}
}

// relieve has the feeds that pin most give up about excess bytes. It needs mu.
func (b *Broadcaster) relieve(excess uint64) {
	how := reliefHalf
	least, enough := b.heaviest(how, excess)
	if !enough {
		how = reliefAll
		least, _ = b.heaviest(how, excess)
	}
	for f := range b.budget.behind {
		if w := b.weight(f, how); w > 0 && bits.Len64(w) >= least {
			b.relieveFeed(f, how)
		}
	}
}

// heaviest returns how many bits the weight must have of those feeds, the heaviest, that can give up excess bytes, and
// whether there are as many.
func (b *Broadcaster) heaviest(how relief, excess uint64) (least int, enough bool) {
	var gain [65]uint64 // of relieving the feeds whose weight has so many bits
	for f := range b.budget.behind {
		w := b.weight(f, how)
		gain[bits.Len64(w)] += w / (3 - uint64(how)) // half, or all
	}
	sum := uint64(0)
	for least = len(gain); least > 1 && sum < excess; {
		least--
		sum += gain[least]
	}
	return least, sum >= excess
}

// weight is how many bytes the events take that f holds, or, if no more than half are to go, how many without the newest.
func (b *Broadcaster) weight(f *feed, how relief) (w uint64) {
	if tail := f.tail.Load(); f.base < tail {
		newest := f.at(tail - 1)
		w = newest.before - f.at(f.base).before + (tail-1-f.base)*eventMemory
		if how == reliefAll {
			w += newest.ev.size + eventMemory
		}
	}
	if k := b.kept[f]; k != nil {
		w += k.bytes + uint64(k.live)*eventMemory
		if how == reliefHalf && len(k.entries) > 0 {
			w -= k.entries[len(k.entries)-1].ev.size + eventMemory
		}
	}
	return w
}

func (b *Broadcaster) relieveFeed(f *feed, how relief) {
	b.budget.reliefs++
	if k := b.kept[f]; k != nil {
		k.giveUp(b, how)
	}
	for _, p := range f.parts {
		p.relief = how
		p.mark()
	}
}

// giveUp gives up the older half of the bytes, but not the newest event; or all.
func (k *kept) giveUp(b *Broadcaster, how relief) {
	if how == reliefAll {
		for i := range k.entries {
			k.drop(b, i)
		}
		k.entries = nil
		return
	}
	most := k.bytes / 2
	for i := 0; k.bytes > most && i < len(k.entries)-1; i++ {
		k.drop(b, i)
	}
}

// relieved returns the cursor below which members of p are to be given up for want of memory. It needs mu.
func (p *part) relieved() uint64 {
	f, how := p.feed, p.relief
	p.relief = reliefNone
	tail := f.tail.Load()
	switch {
	case how == reliefNone || f.base == tail:
		return 0
	case how == reliefAll:
		return tail
	}
	return f.lagLimit((f.at(tail-1).before - f.at(f.base).before) / 2)
}

// setBehind says whether p has members that are not at the tail. It needs mu.
func (b *Broadcaster) setBehind(p *part, behind bool) {
	if p.behind == behind {
		return
	}
	p.behind = behind
	if behind {
		if b.budget.behind == nil {
			b.budget.behind = map[*feed]int{}
		}
		b.budget.behind[p.feed]++
		return
	}
	if b.budget.behind[p.feed]--; b.budget.behind[p.feed] == 0 {
		delete(b.budget.behind, p.feed)
	}
}

// logReliefs says, at most once a second, that the budget cost someone something.
func (b *Broadcaster) logReliefs(now time.Time) {
	b.mu.Lock()
	n, used := b.budget.reliefs-b.budget.told, b.used()
	if n == 0 || now.Sub(b.budget.toldAt) < time.Second {
		b.mu.Unlock()
		return
	}
	b.budget.told, b.budget.toldAt = b.budget.reliefs, now
	b.mu.Unlock()
	b.opts.Log.Warn("events that wait for slow clients take more than fanout.memory; the slowest clients of the topics with most of them were not waited for",
		"feeds", n, "used_bytes", used, "memory_bytes", b.rules.Load().memory)
}
