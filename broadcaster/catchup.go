package broadcaster

// batch is what a shard sends one member that lags of what its feed kept.
type batch struct {
	entries []keptEntry // each with a reference of its own
	upto    uint64      // the entry that is next; those between that are not in entries are missed
	frames  []byte
	ends    []int // where the frame of each entry ends
}

// gaps returns how many entries from cursor on, below upto, are missed.
func (b *batch) gaps(cursor uint64) int64 { return int64(b.upto-cursor) - int64(len(b.entries)) }

// catchUp sends member i what comes before the feed's ring for it: word of what it missed, and what was kept. It reports
// whether the ring is next, and the socket takes more.
func (s *Shard) catchUp(p *part, i uint32, c *conn) bool {
	m := s.members.At(i)
	s.collect(p, m.cursor)
	defer s.giveBack()
	k := &s.batch
	if !s.tell(p, i, c, k.gaps(m.cursor)) {
		return false
	}
	if len(k.entries) == 0 {
		s.pass(p, i, k.upto, 0)
		return true
	}
	for _, e := range k.entries {
		k.frames = e.ev.appendFrame(k.frames, p.feed, s)
		k.ends = append(k.ends, len(k.frames))
	}
	return s.sendKept(p, i, c)
}

// sendKept sends the batch. It reports false: whether the ring is next shows at the next visit.
func (s *Shard) sendKept(p *part, i uint32, c *conn) bool {
	m, k := s.members.At(i), &s.batch
	n, err := s.driver.Send(m.slot, k.frames)
	if err != nil {
		s.fail(m.slot, c)
		return false
	}
	s.tally.sends++
	s.tally.bytes += uint64(n)
	if n == len(k.frames) {
		s.pass(p, i, k.upto, uint64(len(k.entries)))
		return false
	}
	c.flags |= connFull
	s.tally.full++
	done, start := 0, 0
	for ; k.ends[done] <= n; done++ {
		start = k.ends[done]
	}
	if n > start { // what is kept may be replaced, so the rest is copied
		rest := k.frames[n:k.ends[done]]
		s.push(c, rest)
		s.outboxes.At(c.outbox - 1).event = len(rest)
		done++
	}
	if done > 0 {
		s.pass(p, i, k.entries[done-1].n+1, uint64(done))
	}
	return false
}

// pass moves the cursor of member i to entry to, past which it got some entries and, so it was told, missed the others.
func (s *Shard) pass(p *part, i uint32, to, got uint64) {
	m := s.members.At(i)
	s.miss(p, i, to-m.cursor-got)
	s.tally.deliveries += got
	m.cursor = to
}

// collect fills the batch with what is kept from cursor on, as far as it goes into one send. What is in the ring from
// there on stays there until the next report.
func (s *Shard) collect(p *part, cursor uint64) {
	b, f, out := s.b, p.feed, &s.batch
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.kept[f]
	out.upto = max(cursor, f.base)
	if k == nil {
		return
	}
	room := gatherSize
	for _, e := range k.entries[k.find(cursor):] {
		if e.ev == nil {
			continue
		}
		if room -= int(e.ev.size); room < 0 && len(out.entries) > 0 {
			out.upto = out.entries[len(out.entries)-1].n + 1
			return
		}
		e.ev.refs++
		out.entries = append(out.entries, e)
	}
	if fast, ok := k.fast[p]; ok {
		k.fast[p] = min(fast, out.upto)
	}
}

// giveBack ends the use of the batch.
func (s *Shard) giveBack() {
	k := &s.batch
	if len(k.entries) > 0 {
		s.b.mu.Lock()
		for _, e := range k.entries {
			s.b.unref(e.ev)
		}
		s.b.mu.Unlock()
	}
	clear(k.entries)
	k.entries, k.frames, k.ends = k.entries[:0], trim(k.frames), k.ends[:0]
}

// lag finds out which members of p lag, if its feed keeps the latest for those: they hold no entry of the ring any more.
// It needs Broadcaster.mu.
func (s *Shard) lag(p *part) {
	l := s.b.limits(p.feed)
	p.mode = l.mode
	fast := p.low
	if l.mode == modeLatest {
		fast = p.feed.tail.Load()
		for _, i := range p.members {
			m := s.members.At(i)
			if c := s.conns.At(uint32(m.slot)); !c.is(connFull) || c.part == i+1 {
				fast = min(fast, m.cursor)
			}
		}
		p.limit = max(fast, p.feed.base) // who is below base is to catch up, lagging or not
	}
	s.b.park(p, fast)
}
