package broadcaster

import "time"

// gatherSize is about how many bytes one send carries at most; a larger frame goes alone. More would not fit the
// sockets' send buffers.
const gatherSize = 64 << 10

// gather is the send buffer of a shard: the frames of entries from ≤ c < to of one part, one after the other. Nearly all
// members of a feed have the same cursor, so it is filled once and sent to each; it grows at its end as the tail moves.
type gather struct {
	part     *part
	from, to uint64
	frames   []byte
	ends     []int // ends[i] is where the frame of entry from+i ends
	events   []*event
}

// bytes returns the frames from cursor on: up to tail, or fewer when they pass gatherSize, but always at least one. They
// are valid until the next call. Entries from cursor on must be pinned by a member.
func (g *gather) bytes(s *Shard, p *part, cursor, tail uint64) []byte {
	if g.part != p || cursor < g.from || cursor > g.to || cursor == g.to && len(g.frames) >= gatherSize/2 {
		g.part, g.from, g.to = p, cursor, cursor
		g.frames, g.ends = trim(g.frames), g.ends[:0]
	}
	if g.to < tail && len(g.frames) < gatherSize {
		g.extend(s, tail)
	}
	return g.frames[g.start(cursor):]
}

// start returns where the frame of entry c begins.
func (g *gather) start(c uint64) int {
	if c == g.from {
		return 0
	}
	return g.ends[c-g.from-1]
}

// extend appends the frames of entries from to on.
func (g *gather) extend(s *Shard, tail uint64) {
	room, first := gatherSize-len(g.frames), true
	var oldest time.Time
	s.b.mu.Lock()
	for c := g.to; c < tail; c++ {
		ev := g.part.feed.at(c).ev
		if room -= int(ev.size); room < 0 && !first {
			break
		}
		if first {
			oldest, first = ev.at, false
		}
		g.events = append(g.events, ev)
	}
	s.b.mu.Unlock()
	s.b.stats.lag.Observe(time.Since(oldest))
	for _, ev := range g.events {
		g.frames = ev.appendFrame(g.frames, g.part.feed, s)
		g.ends = append(g.ends, len(g.frames))
	}
	g.to += uint64(len(g.events))
	clear(g.events)
	g.events = g.events[:0]
}

// one returns the frame of entry c of p, which must be pinned.
func (g *gather) one(s *Shard, p *part, c uint64) []byte {
	if g.part != p || c < g.from || c >= g.to {
		g.part, g.from, g.to = p, c, c
		g.frames, g.ends = trim(g.frames), g.ends[:0]
		g.extend(s, c+1)
	}
	return g.frames[g.start(c):g.ends[c-g.from]]
}

// split says how far n bytes of the frames from cursor on reach: to the frame of entry next, of which sent bytes are out.
func (g *gather) split(cursor uint64, n int) (next uint64, sent int) {
	n += g.start(cursor)
	if n == len(g.frames) {
		return g.to, 0
	}
	next = cursor
	for g.ends[next-g.from] <= n {
		next++
	}
	return next, n - g.start(next)
}

// trim empties a buffer for use again; one that a large event blew up is let go.
func trim(b []byte) []byte {
	if cap(b) > 4*gatherSize {
		return nil
	}
	return b[:0]
}
