package broadcaster

import (
	"slices"
	"strconv"
	"time"

	"eventrelay/relay"
)

// slow does to member i, which is past a limit, what its feed's policy says. to is how far the limit reaches.
func (s *Shard) slow(p *part, i uint32, to uint64) {
	switch p.mode {
	case modeSkip:
		s.skip(p, i, max(to, p.feed.tail.Load()-1))
	case modeLatest: // what is kept for it is bounded where it is kept
	default:
		s.cutOff(s.members.At(i).slot)
	}
}

// skip has member i go on with entry to.
func (s *Shard) skip(p *part, i uint32, to uint64) {
	m := s.members.At(i)
	s.keepPartial(s.conns.At(uint32(m.slot)), m)
	if m.cursor < to {
		s.miss(p, i, to-m.cursor)
		m.cursor = to
		s.reap.touch(p)
	}
}

// miss accounts for n events that member i will never get.
func (s *Shard) miss(p *part, i uint32, n uint64) {
	if n == 0 {
		return
	}
	s.b.stats.missed[p.mode].Add(n)
	if p.feed.form.Inflated() == relay.Envelope {
		s.owe(i, int64(n))
	}
}

// owe adds to what member i is still to be told that it missed.
func (s *Shard) owe(i uint32, n int64) {
	if s.owed == nil {
		s.owed = map[uint32]int64{}
	}
	if s.owed[i] += n; s.owed[i] == 0 {
		delete(s.owed, i)
	}
}

// tell sends member i word of what it missed, of which gaps are still ahead of its cursor. It reports whether the socket
// takes more. Plain members are owed nothing.
func (s *Shard) tell(p *part, i uint32, c *conn, gaps int64) bool {
	n := s.owed[i] + gaps
	if n <= 0 || p.feed.form.Inflated() != relay.Envelope {
		return true
	}
	s.owe(i, -n)
	s.notice = appendMissed(s.notice[:0], s.lead.prefix(p.feed), uint64(n))
	slot := s.members.At(i).slot
	sent, err := s.driver.Send(slot, s.notice)
	if err != nil {
		s.fail(slot, c)
		return false
	}
	if sent == len(s.notice) {
		return true
	}
	c.flags |= connFull
	s.push(c, s.notice[sent:])
	s.outboxes.At(c.outbox - 1).event = len(s.notice) - sent // it is no reply that the client does not read
	return false
}

// appendMissed appends the frame that says that n events were left out. prefix is that of the envelopes.
func appendMissed(b, prefix []byte, n uint64) []byte {
	var num [20]byte
	digits := strconv.AppendUint(num[:0], n, 10)
	const key = `"missed":`
	b = appendHeader(b, opText, len(prefix)+len(key)+len(digits)+1)
	b = append(append(b, prefix...), key...)
	return append(append(b, digits...), '}')
}

// Tick implements relay.Shard.
func (s *Shard) Tick() {
	s.cutSlow()
	now := time.Now()
	s.b.logReliefs(now)
	s.b.makeRoom()
	for _, p := range s.reap.behind {
		limit := s.ageLimit(p, now)
		for _, i := range p.members {
			if m := s.members.At(i); m.cursor < limit && !m.gone {
				s.slow(p, i, limit)
			}
		}
	}
}

// ageLimit returns the cursor below which members of p are past the limit in time.
func (s *Shard) ageLimit(p *part, now time.Time) uint64 {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	l := s.b.limits(p.feed)
	p.mode = l.mode
	switch {
	case l.maxLagTime == 0:
		return 0
	case l.mode == modeLatest:
		if k := s.b.kept[p.feed]; k != nil {
			k.expire(s.b, now.Add(-l.maxLagTime))
		}
		return 0
	}
	return p.feed.ageLimit(now.Add(-l.maxLagTime))
}

// cutOff gives up a client that is past a lag limit. What it holds in feeds is released at once; if its socket drains within
// closeGrace, it is told why.
func (s *Shard) cutOff(slot relay.Slot) {
	s.Close(slot, relay.ReasonSlow, slowFrame)
	if !s.conns.At(uint32(slot)).is(connDead) {
		s.reap.slow = append(s.reap.slow, slowClient{slot, time.Now()})
	}
}

var slowFrame = CloseFrame(relay.ReasonSlow)

// slowClient is a client that is being told that it was too slow.
type slowClient struct {
	slot  relay.Slot
	since time.Time
}

// cutSlow ends those that did not take it in time.
func (s *Shard) cutSlow() {
	s.reap.slow = slices.DeleteFunc(s.reap.slow, func(x slowClient) bool {
		c := s.conn(x.slot)
		switch {
		case !c.is(connClosing) || c.reason != relay.ReasonSlow: // it has left; the slot may be another's
			return true
		case time.Since(x.since) < closeGrace:
			return false
		}
		s.kill(x.slot, c)
		return true
	})
}

// patience returns how long a write to slot may take, for drivers that block in it, or 0 for as long as it takes: the
// client is within its rights if a policy of one of its subscriptions does not disconnect.
func (s *Shard) patience(slot relay.Slot) time.Duration {
	b := s.b
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.rules.Load()
	if len(r.limits) == 1 && r.limits[0].mode == modeDisconnect {
		return r.limits[0].maxLagTime
	}
	d := time.Duration(0)
	for i := s.conns.At(uint32(slot)).first; i != 0; i = s.members.At(i - 1).next {
		l := b.limits((*s.parts.At(s.members.At(i - 1).part)).feed)
		if l.mode != modeDisconnect {
			return 0
		}
		d = max(d, l.maxLagTime)
	}
	if d == 0 {
		return r.limits[0].maxLagTime
	}
	return d
}
