package broadcaster

import "time"

// Full implements relay.Sink. Slow clients are treated as their policy says when memory gets short, which makes room. It stays
// short when events come faster than they can be sent to clients that take them: then publishers have to wait.
func (b *Broadcaster) Full(ready func()) bool {
	if !b.full.Load() {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	full := b.full.Load()
	if full && ready != nil {
		b.waiting = append(b.waiting, ready)
	}
	return full
}

// reliefEvery is how often room is looked for while publishers are held back, as no append does.
const reliefEvery = 10 * time.Millisecond

// makeRoom lets publishers go on when there is room, and has slow clients make some if not. Shards call it when they may
// have released something, without mu.
func (b *Broadcaster) makeRoom() {
	if !b.full.Load() {
		return
	}
	ready, relieved := b.lookForRoom(time.Now())
	for _, f := range ready {
		f()
	}
	if relieved {
		b.wake()
	}
}

func (b *Broadcaster) lookForRoom(now time.Time) (ready []func(), relieved bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	memory, used := b.rules.Load().memory, b.pinned()
	if used <= memory {
		b.full.Store(false)
		ready, b.waiting = b.waiting, nil
		return ready, false
	}
	if now.Sub(b.budget.lookedAt) < reliefEvery {
		return nil, false
	}
	b.budget.lookedAt = now
	b.relieve(used - memory + memory/8)
	return nil, true
}
