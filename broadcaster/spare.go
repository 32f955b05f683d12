package broadcaster

// spare keeps events for use again, with the buffers of their encoded forms, so that an event allocates nothing in the
// long run. Guarded by Broadcaster.mu.
type spare struct {
	events []*event
	bytes  int // capacity of the buffers
}

// maxSpare is how many bytes of buffers are kept.
const maxSpare = 4 << 20

func (s *spare) get() *event {
	last := len(s.events) - 1
	if last < 0 {
		return new(event)
	}
	ev := s.events[last]
	s.events[last] = nil
	s.events = s.events[:last]
	s.bytes -= ev.buffers()
	return ev
}

// put takes ev, which nobody uses any more, if there is room for it.
func (s *spare) put(ev *event) {
	if !ev.reset() || len(s.events) == maxFree || s.bytes+ev.buffers() > maxSpare {
		return
	}
	s.bytes += ev.buffers()
	s.events = append(s.events, ev)
}
