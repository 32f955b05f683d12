package broadcaster

import "eventrelay/relay"

// outbox holds the private bytes of one connection that its socket did not take: whole frames, except that the first
// may have begun. It goes out before any event, so a frame in it may be cut anywhere. While it holds anything, the
// connection is connFull.
type outbox struct {
	bytes []byte
	event int // so many at its front end an event's frame, see keepPartial; they are no reply that the client does not read
}

// private returns how many bytes of replies wait.
func (o *outbox) private() int { return len(o.bytes) - o.event }

// sent takes off n bytes that are out.
func (o *outbox) sent(n int) {
	o.bytes = append(o.bytes[:0], o.bytes[n:]...)
	o.event = max(o.event-n, 0)
}

// Send implements relay.Shard.
func (s *Shard) Send(slot relay.Slot, frame []byte) error {
	c := s.conn(slot)
	if !c.live() {
		return relay.ErrGone
	}
	if c.outbox != 0 && s.outboxes.At(c.outbox-1).private()+len(frame) > int(s.b.opts.Outbox) {
		return relay.ErrOutbox
	}
	if !c.is(connFull) {
		n, err := s.driver.Send(slot, frame)
		if err != nil {
			s.fail(slot, c)
			return relay.ErrGone
		}
		if frame = frame[n:]; len(frame) == 0 {
			return nil
		}
		c.flags |= connFull
	}
	s.push(c, frame)
	return nil
}

// push appends bytes to c's outbox, which it makes if there is none.
func (s *Shard) push(c *conn, p []byte) {
	if c.outbox == 0 {
		c.outbox = s.outboxes.Add(outbox{}) + 1
	}
	box := s.outboxes.At(c.outbox - 1)
	box.bytes = append(box.bytes, p...)
	s.b.stats.outbox.Add(int64(len(p)))
}

// unbox gives up outbox i.
func (s *Shard) unbox(i uint32) {
	s.b.stats.outbox.Add(int64(-len(s.outboxes.At(i).bytes)))
	s.outboxes.Remove(i)
}

// keepPartial copies the rest of m's partly written frame, if it is m's that c is in the middle of, to the front of the
// outbox, and moves m past it: m is about to leave the entry or its feed, and the frame must still be completed.
func (s *Shard) keepPartial(c *conn, m *member) {
	if c.part == 0 || s.members.At(c.part-1) != m {
		return
	}
	p := *s.parts.At(m.part)
	rest := s.gather.one(s, p, m.cursor)[c.sent:]
	old := c.outbox
	c.part, c.sent, c.outbox = 0, 0, 0
	s.push(c, rest)
	s.outboxes.At(c.outbox - 1).event = len(rest)
	s.tally.deliveries++
	m.cursor++
	if old != 0 {
		s.push(c, s.outboxes.At(old-1).bytes)
		s.unbox(old - 1)
	}
}

// flushOutbox writes what waits, if the socket is not full, and reports whether nothing waits any more.
func (s *Shard) flushOutbox(slot relay.Slot, c *conn) bool {
	if c.is(connFull) {
		return false
	}
	if c.outbox != 0 {
		box := s.outboxes.At(c.outbox - 1)
		n, err := s.driver.Send(slot, box.bytes)
		if err != nil {
			s.fail(slot, c)
			return false
		}
		if n < len(box.bytes) {
			box.sent(n)
			s.b.stats.outbox.Add(int64(-n))
			c.flags |= connFull
			return false
		}
		s.unbox(c.outbox - 1)
		c.outbox = 0
	}
	if c.is(connClosing) {
		s.kill(slot, c)
		return false
	}
	return true
}
