package broadcaster

import (
	"slices"
	"sync/atomic"

	"eventrelay/relay"
	"eventrelay/relay/slab"
)

// Shard implements relay.Shard: the connections that one loop serves. Only that loop's goroutine may call its methods.
// Forgetting Free keeps the shard in its Broadcaster's list.
type Shard struct {
	// Set at construction.
	b      *Broadcaster
	driver relay.Driver

	sleeping atomic.Bool // the loop blocks, and wants Driver.Wake for work

	// Guarded by b.mu.
	dirty []*part // those with new entries

	// Owned by the loop.
	conns    slab.Slab[conn] // by slot
	members  slab.Slab[member]
	parts    slab.Slab[*part]
	outboxes slab.Slab[outbox]
	work     []*part // dirty parts of this pass, yet to be visited, last first
	ready    readyQueue
	gather   gather
	deflater deflater
	lead     lead
	batch    batch
	notice   []byte           // of missed events, being sent
	owed     map[uint32]int64 // by member: missed and not yet told, less told and not yet passed
	reap     reap
	tally    tally
}

var _ relay.Shard = (*Shard)(nil)

// tally collects what a visit did, to be added to the shared counters once.
type tally struct{ deliveries, bytes, sends, full uint64 }

func (t *tally) flush(st *stats) {
	st.deliveries.Add(t.deliveries)
	st.bytes.Add(t.bytes)
	st.sends.Add(t.sends)
	if t.full > 0 {
		st.full.Add(t.full)
	}
	*t = tally{}
}

// Open implements relay.Shard.
func (s *Shard) Open(slot relay.Slot) {
	s.conns.Grow(int(slot) + 1)
	c := s.conns.At(uint32(slot))
	if c.flags != 0 {
		panic("BUG: slot opened twice")
	}
	c.flags = connOpen
	s.b.stats.opened.Add(1)
}

func (s *Shard) conn(slot relay.Slot) *conn {
	if int(slot) >= s.conns.Len() {
		return &conn{}
	}
	return s.conns.At(uint32(slot))
}

// Subscribe implements relay.Shard. Setting the cursor to the tail under the publish lock is the snapshot: events
// appended before are not delivered, those after are.
func (s *Shard) Subscribe(slot relay.Slot, p relay.Pattern, form relay.Form) error {
	return s.SubscribeAs(slot, relay.Subscription{Name: p, Pattern: p}, form)
}

// SubscribeAs implements relay.Shard.
func (s *Shard) SubscribeAs(slot relay.Slot, sub relay.Subscription, form relay.Form) error {
	c := s.conn(slot)
	if !c.live() {
		return relay.ErrGone
	}
	if form.Inflated() == relay.Plain {
		sub.Name = sub.Pattern
	}
	if s.membership(c, sub.Name, form) != nil {
		return relay.ErrSubscribed
	}
	s.b.mu.Lock()
	f := s.b.feedFor(sub, form)
	if f == nil {
		s.b.mu.Unlock()
		return relay.ErrNames
	}
	pt := f.part(s)
	cursor := f.tail.Load()
	if pt == nil {
		pt = &part{feed: f, shard: s, low: cursor, joined: true}
		pt.mode = s.b.limits(f).mode
		pt.index = s.parts.Add(pt)
		f.parts = append(f.parts, pt)
	}
	s.b.mu.Unlock()
	m := s.members.Add(member{cursor: cursor, slot: slot, part: pt.index, next: c.first})
	c.first = m + 1
	pt.members = append(pt.members, m)
	s.b.stats.members.Add(1)
	return nil
}

func (s *Shard) membership(c *conn, name relay.Pattern, form relay.Form) *member {
	for i := c.first; i != 0; i = s.members.At(i - 1).next {
		m := s.members.At(i - 1)
		if f := (*s.parts.At(m.part)).feed; !m.gone && f.form == form && f.called() == name {
			return m
		}
	}
	return nil
}

// Unsubscribe implements relay.Shard.
func (s *Shard) Unsubscribe(slot relay.Slot, name relay.Pattern, form relay.Form) bool {
	c := s.conn(slot)
	if !c.live() {
		return false
	}
	m := s.membership(c, name, form)
	if m == nil {
		return false
	}
	s.keepPartial(c, m)
	s.part(m)
	return true
}

// Patterns implements relay.Shard.
func (s *Shard) Patterns(slot relay.Slot) (ps []relay.Pattern) {
	for i := s.conn(slot).first; i != 0; i = s.members.At(i - 1).next {
		if m := s.members.At(i - 1); !m.gone {
			ps = append(ps, (*s.parts.At(m.part)).feed.pattern)
		}
	}
	return ps
}

// part makes m leave its feed at the next reap.
func (s *Shard) part(m *member) {
	if m.gone {
		return
	}
	m.gone = true
	s.b.stats.members.Add(-1)
	s.reap.leaving(*s.parts.At(m.part))
}

// Close implements relay.Shard.
func (s *Shard) Close(slot relay.Slot, reason relay.CloseReason, frame []byte) {
	c := s.conn(slot)
	if !c.is(connOpen) || c.is(connDead) || c.is(connClosing) && frame != nil {
		return
	}
	if !c.is(connClosing) {
		c.reason = reason
	}
	if frame == nil {
		s.kill(slot, c)
		return
	}
	if c.part != 0 {
		s.keepPartial(c, s.members.At(c.part-1))
	}
	s.partAll(c)
	c.flags |= connClosing
	s.push(c, frame)
	s.flushOutbox(slot, c)
}

func (s *Shard) partAll(c *conn) {
	for i := c.first; i != 0; i = s.members.At(i - 1).next {
		s.part(s.members.At(i - 1))
	}
}

// kill puts c on the dead list; the reap after the pass does the rest.
func (s *Shard) kill(slot relay.Slot, c *conn) {
	if !c.is(connDead) {
		c.flags |= connDead
		s.partAll(c)
		s.reap.dead = append(s.reap.dead, slot)
	}
}

// fail is what a send error does.
func (s *Shard) fail(slot relay.Slot, c *conn) {
	if !c.is(connClosing) {
		c.reason = relay.ReasonGone
	}
	s.kill(slot, c)
}

// Writable implements relay.Shard. The connection is served by the next Pass.
func (s *Shard) Writable(slot relay.Slot) {
	c := s.conn(slot)
	if c.flags&(connOpen|connFull|connReady|connDead) == connOpen|connFull {
		c.flags |= connReady
		s.ready.push(slot)
	}
}

// marked reports whether there is new work. Any goroutine may call it.
func (s *Shard) marked() bool {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	return len(s.dirty) > 0
}

// Sleep implements relay.Shard. The order matters: first say that the loop sleeps, then look for work; an appender
// does it the other way round, so that one of the two sees the other.
func (s *Shard) Sleep() bool {
	s.sleeping.Store(true)
	if len(s.work)+s.ready.len() > 0 || s.reap.pending() || s.marked() {
		s.sleeping.Store(false)
		return false
	}
	return true
}

// Awake implements relay.Shard.
func (s *Shard) Awake() { s.sleeping.Store(false) }

// Free implements relay.Shard.
func (s *Shard) Free() {
	for s.Pass(1 << 20) {
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	others := slices.DeleteFunc(slices.Clone(*s.b.shards.Load()), func(x *Shard) bool { return x == s })
	s.b.shards.Store(&others)
}
