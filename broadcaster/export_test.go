package broadcaster

// HeldRings counts the feeds that hold a ring.
func (b *Broadcaster) HeldRings() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.index.each(func(f *feed) {
		if f.ring != nil {
			n++
		}
	})
	return n
}

// Flushes counts the calls of Flush that wait.
func (b *Broadcaster) Flushes() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.flushes)
}
