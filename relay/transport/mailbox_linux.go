package transport

import "sync"

// mailbox brings work from other goroutines to a loop. Nobody waits in it long: a loop empties it in every round, and
// what is posted is bounded by what publishers and drains have in flight.
type mailbox struct {
	wake func() // makes the loop's wait return

	mu       sync.Mutex
	items    []func() // guarded by mu
	sleeping bool     // guarded by mu: the loop blocks, or is about to
	closed   bool     // guarded by mu

	spare []func() // owned by the loop
}

// post leaves f for the loop, and reports whether it will run: not after close. Called from any goroutine.
func (m *mailbox) post(f func()) bool {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return false
	}
	m.items = append(m.items, f)
	wake := m.sleeping
	m.sleeping = false
	m.mu.Unlock()
	if wake {
		m.wake()
	}
	return true
}

// run does what was posted.
func (m *mailbox) run() {
	m.mu.Lock()
	items := m.items
	m.items, m.spare = m.spare[:0], nil
	m.mu.Unlock()
	for i, f := range items {
		f()
		items[i] = nil
	}
	m.spare = items
}

// sleep reports whether the mailbox is empty, and from then on has post wake the loop.
func (m *mailbox) sleep() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sleeping = len(m.items) == 0
	return m.sleeping
}

// awake ends sleep.
func (m *mailbox) awake() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sleeping = false
}

// close runs what was posted before it; nothing can be posted after.
func (m *mailbox) close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.run()
}
