package plugins

import (
	"sync"

	"github.com/tetratelabs/wazero/experimental"
)

// memories gives a filter's instances their linear memory: at most limit bytes each, reserved as a whole, so that
// growing never moves it, and outside Go's heap, where the garbage collector has no work with it. What is given back is
// used again, as a filter that traps takes and gives one with every event. Safe for concurrent use.
type memories struct {
	limit uint64

	mu   sync.Mutex
	free []region // all zeros
}

// maxFree is how many regions are kept for later.
const maxFree = 4

var _ experimental.MemoryAllocator = (*memories)(nil)

// Allocate implements experimental.MemoryAllocator for callers that free what they get.
func (m *memories) Allocate(_, most uint64) experimental.LinearMemory { return m.allocate(most) }

func (m *memories) allocate(most uint64) *linear {
	l := &linear{of: m, most: min(most, m.limit)}
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.free); n > 0 && m.free[n-1].size() >= l.most {
		l.region, m.free = m.free[n-1], m.free[:n-1]
	} else {
		l.region = reserve(l.most)
	}
	return l
}

// giveBack takes a region whose first used bytes may not be zero.
func (m *memories) giveBack(r region, used uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.free) < maxFree && r.zero(used) {
		m.free = append(m.free, r)
		return
	}
	r.release()
}

// close gives the system what is kept.
func (m *memories) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.free {
		r.release()
	}
	m.free = nil
}

// linear is one instance's memory. Its instance's caller owns it.
type linear struct {
	of     *memories
	most   uint64
	region region
	used   uint64
	freed  bool
}

// Reallocate implements experimental.LinearMemory: nil makes memory.grow answer -1.
func (l *linear) Reallocate(size uint64) []byte {
	if size > l.most {
		return nil
	}
	b := l.region.use(size)
	if b != nil {
		l.used = size
	}
	return b
}

// Free implements experimental.LinearMemory. It may be called twice.
func (l *linear) Free() {
	if !l.freed {
		l.freed = true
		l.of.giveBack(l.region, l.used)
	}
}
