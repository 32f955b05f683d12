package broadcaster

import (
	"slices"

	"eventrelay/relay"
)

// reap is what a pass leaves to be settled at its end.
type reap struct {
	dead       []relay.Slot // connections to be closed
	leaves     []*part      // parts with members that are gone
	touched    []*part      // parts in which a cursor moved
	behind     []*part      // parts with a member that is not at the tail, for Tick
	unfinished []*part      // parts to be visited again in the next pass
	slow       []slowClient // connections that are being told so, for Tick
}

func (r *reap) pending() bool { return len(r.dead)+len(r.leaves)+len(r.touched) > 0 }

func (r *reap) touch(p *part) {
	if !p.touched {
		p.touched = true
		r.touched = append(r.touched, p)
	}
}

func (r *reap) leaving(p *part) {
	if !p.leaving {
		p.leaving = true
		r.leaves = append(r.leaves, p)
		r.touch(p)
	}
}

// settle ends a pass: the dead leave their feeds, what nobody needs any more is released, all under one lock, and the
// loop is told which sockets to close.
func (s *Shard) settle() {
	r := &s.reap
	if !r.pending() {
		return
	}
	for _, p := range r.leaves {
		s.dropGone(p)
	}
	s.report()
	for _, p := range r.touched {
		p.touched = false
	}
	clear(r.touched)
	clear(r.leaves)
	clear(r.unfinished)
	r.touched, r.leaves, r.unfinished = r.touched[:0], r.leaves[:0], r.unfinished[:0]
	s.b.makeRoom()
	s.bury()
}

// dropGone takes the members that are gone out of p.
func (s *Shard) dropGone(p *part) {
	p.leaving = false
	p.members = slices.DeleteFunc(p.members, func(i uint32) bool {
		m := s.members.At(i)
		if !m.gone {
			return false
		}
		s.unlink(s.conns.At(uint32(m.slot)), i)
		s.members.Remove(i)
		delete(s.owed, i)
		return true
	})
}

// unlink takes member i off its connection's list.
func (s *Shard) unlink(c *conn, i uint32) {
	link := &c.first
	for *link != i+1 {
		link = &s.members.At(*link - 1).next
	}
	*link = s.members.At(i).next
}

// report tells the broadcaster how far this shard's members are, so that it can release entries.
func (s *Shard) report() {
	b := s.b
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range s.reap.unfinished {
		p.mark()
	}
	caughtUp := false
	for _, p := range s.reap.touched {
		was := p.behind
		if len(p.members) == 0 {
			b.setBehind(p, false)
			caughtUp = caughtUp || was
			if p.joined {
				p.joined = false
				b.leave(p)
				s.parts.Remove(p.index)
			}
			continue
		}
		p.low = s.lowest(p)
		s.lag(p)
		p.feed.release(b)
		b.setBehind(p, p.low < p.feed.tail.Load())
		switch {
		case p.behind && !was:
			s.reap.behind = append(s.reap.behind, p)
		case was && !p.behind:
			caughtUp = true
		}
	}
	if caughtUp {
		s.reap.behind = slices.DeleteFunc(s.reap.behind, func(p *part) bool { return !p.behind })
	}
	if len(b.flushes) > 0 {
		b.checkFlushes()
	}
}

// lowest returns the lowest cursor of p's members, of which there is at least one.
func (s *Shard) lowest(p *part) uint64 {
	low := s.members.At(p.members[0]).cursor
	for _, i := range p.members[1:] {
		low = min(low, s.members.At(i).cursor)
	}
	return low
}

// bury closes the dead.
func (s *Shard) bury() {
	for _, slot := range s.reap.dead {
		c := s.conns.At(uint32(slot))
		if c.outbox != 0 {
			s.unbox(c.outbox - 1)
		}
		reason := c.reason
		*c = conn{}
		s.b.stats.opened.Add(-1)
		s.b.stats.closed[reason].Add(1)
		s.driver.Closed(slot, reason)
	}
	s.reap.dead = s.reap.dead[:0]
}
