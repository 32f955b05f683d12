package broadcaster

import "eventrelay/relay"

// visit is a pass's place in the members of one part.
type visit struct {
	start uint32 // where it began: rotates, so that nobody is always last; of a visit under way, less than there are members
	next  uint32 // how many members it has seen
	again bool   // gatherSize left some member behind: the next pass is to visit it once more
}

// chunk is how many members are visited between looks at the tail.
const chunk = 64

// Pass implements relay.Shard. One pass takes the parts that are dirty when it begins, visits each, and ends with one
// locked reap; it may take several calls. Half of each call is for connections whose sockets drained, half for the pass:
// however many drain all the time, those that keep up get their events, and the other way round.
func (s *Shard) Pass(budget int) bool {
	half, upToDate := budget/2, false
	for budget > 0 {
		switch ready := s.ready.len() > 0; {
		case ready && (budget > half || upToDate):
			budget -= s.serveReady()
		case len(s.work) > 0:
			budget -= s.visit(s.work[len(s.work)-1], min(budget, chunk))
		default:
			s.settle()
			if upToDate = !s.take(); upToDate && !ready {
				return false
			}
		}
	}
	return true
}

// take begins a pass.
func (s *Shard) take() bool {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.work, s.dirty = s.dirty, s.work[:0]
	for _, p := range s.work {
		p.dirty = false
		s.setLimit(p)
	}
	return len(s.work) > 0
}

// setLimit needs Broadcaster.mu.
func (s *Shard) setLimit(p *part) {
	l := s.b.limits(p.feed)
	p.mode = l.mode
	if l.mode != modeLatest {
		p.limit = max(p.feed.lagLimit(l.maxLag), p.relieved())
		return
	}
	p.relief = reliefNone // what members that lag need is in kept
	p.limit = p.feed.base
	if k := s.b.kept[p.feed]; k != nil {
		p.limit = max(p.limit, k.fast[p])
	}
}

// visit brings up to n members of p to the tail and returns how many it looked at, at least one. When it has seen all,
// it takes p off the list of work.
func (s *Shard) visit(p *part, n int) int {
	tail := p.feed.tail.Load()
	v, size, seen := &p.visit, uint32(len(p.members)), 0
	if size > 0 {
		s.reap.touch(p)
	}
	if v.next == 0 && v.start >= size { // NOTE: else who joins from here on shifts where start%size is, past some who wait.
		v.start = 0
	}
	for ; v.next < size && seen < n; v.next++ {
		seen++
		i := p.members[(v.start+v.next)%size]
		m := s.members.At(i)
		if m.cursor >= tail || m.gone {
			continue
		}
		c := s.conns.At(uint32(m.slot))
		switch {
		case !c.is(connFull):
			s.deliver(p, i, c, tail)
			v.again = v.again || m.cursor < tail && !c.is(connFull|connDead)
		case m.cursor < p.limit:
			s.slow(p, i, p.limit)
		}
	}
	s.tally.flush(&s.b.stats)
	if v.next >= size {
		s.endVisit(p)
	}
	return max(seen, 1)
}

// endVisit takes p off the list of work. If someone was left behind, p is visited again in the next pass: so no pass is
// endless, however fast events come, and what it need not keep any more is released, and its limits looked at, in between.
func (s *Shard) endVisit(p *part) {
	v := &p.visit
	if v.again {
		s.reap.unfinished = append(s.reap.unfinished, p)
	}
	*v = visit{start: v.start + chunk}
	last := len(s.work) - 1
	s.work[last] = nil
	s.work = s.work[:last]
}

// deliver sends what member i, of connection c, waits for, up to tail, and moves its cursor.
func (s *Shard) deliver(p *part, i uint32, c *conn, tail uint64) {
	m := s.members.At(i)
	if m.cursor < p.limit || s.owes(i) {
		if !s.catchUp(p, i, c) || m.cursor >= tail {
			return
		}
	}
	frames := s.gather.bytes(s, p, m.cursor, tail)
	n, err := s.driver.Send(m.slot, frames)
	if err != nil {
		s.fail(m.slot, c)
		return
	}
	next, sent := s.gather.split(m.cursor, n)
	s.tally.sends++
	s.tally.bytes += uint64(n)
	s.tally.deliveries += next - m.cursor
	m.cursor = next
	if n == len(frames) {
		return
	}
	c.flags |= connFull
	s.tally.full++
	if sent > 0 {
		c.part = i + 1
		c.sent = uint32(sent)
		if p.mode == modeLatest { // it lags from now on, and what it lags by may be replaced
			s.keepPartial(c, m)
		}
	}
}

// owes reports whether member i is still to be told that it missed something.
func (s *Shard) owes(i uint32) bool {
	if len(s.owed) == 0 { // mostly
		return false
	}
	_, owed := s.owed[i]
	return owed
}

// serveReady serves one connection whose socket drained: the frame it is in the middle of, its outbox, then its feeds in
// turn. It returns the number of sends.
func (s *Shard) serveReady() int {
	slot := s.ready.pop()
	c := s.conns.At(uint32(slot))
	c.flags &^= connReady
	if c.is(connDead) || !c.is(connOpen) {
		return 1
	}
	c.flags &^= connFull
	sends := 1
	if s.finishPartial(slot, c) && s.flushOutbox(slot, c) {
		sends += s.serveFeeds(c)
	}
	s.tally.flush(&s.b.stats)
	return sends
}

// finishPartial completes the frame that c is in the middle of and reports whether it is done.
func (s *Shard) finishPartial(slot relay.Slot, c *conn) bool {
	if c.part == 0 {
		return true
	}
	m := s.members.At(c.part - 1)
	p := *s.parts.At(m.part)
	s.reap.touch(p)
	rest := s.gather.one(s, p, m.cursor)[c.sent:]
	n, err := s.driver.Send(slot, rest)
	if err != nil {
		s.fail(slot, c)
		return false
	}
	s.tally.bytes += uint64(n)
	if n < len(rest) {
		c.sent += uint32(n)
		c.flags |= connFull
		return false
	}
	c.part, c.sent = 0, 0
	m.cursor++
	s.tally.deliveries++
	return true
}

// serveFeeds sends each of c's feeds at most one gather. What is left is for a visit: the part is put on the list of work.
func (s *Shard) serveFeeds(c *conn) int {
	sends := 0
	for i := c.first; i != 0 && !c.is(connFull|connDead); i = s.members.At(i - 1).next {
		m := s.members.At(i - 1)
		p := *s.parts.At(m.part)
		tail := p.feed.tail.Load()
		if m.gone || m.cursor >= tail {
			continue
		}
		s.reap.touch(p)
		s.deliver(p, i-1, c, tail)
		sends++
		if m.cursor < tail && !c.is(connFull|connDead) {
			s.b.mu.Lock()
			p.mark()
			s.b.mu.Unlock()
		}
	}
	return sends
}
