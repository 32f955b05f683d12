package broadcaster

// minRing is the length of a feed's first ring; rings of this length are kept for use again, larger ones are not.
const minRing = 8

// ringPool keeps the small rings of feeds that came to rest, so that an event for a quiet topic allocates nothing.
type ringPool struct {
	free  [][]entry
	slots uint64 // entries of the rings in use
}

func (p *ringPool) get(n int) []entry {
	p.slots += uint64(n)
	if last := len(p.free) - 1; n == minRing && last >= 0 {
		r := p.free[last]
		p.free[last] = nil
		p.free = p.free[:last]
		return r
	}
	return make([]entry, n)
}

func (p *ringPool) put(r []entry) {
	p.slots -= uint64(len(r))
	if len(r) != minRing || len(p.free) == maxFree {
		return
	}
	clear(r)
	p.free = append(p.free, r)
}

// maxFree bounds every freelist of the broadcaster.
const maxFree = 4096
