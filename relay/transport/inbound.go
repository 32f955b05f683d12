package transport

import (
	"errors"
	"strconv"
	"time"

	"eventrelay/relay"
)

// ConnID numbers a connection since the process started.
type ConnID uint64

func (id ConnID) String() string { return strconv.FormatUint(uint64(id), 10) }

// inbound is what a session holds once its client has sent an event.
type inbound struct {
	attributes relay.Attributes // of every event; shared, never changed
	ready      func()           // peer.Ready
	held       *held            // refused with ErrBusy: the session is paused until it is taken
}

// held is an event that waits for room before the filters.
type held struct {
	event *relay.Event
	done  func(relay.Result)
}

// resume offers the held event again, or does what the filters have decided, and then goes on with the backlog.
func (s *session) resume(now time.Duration) {
	switch {
	case !s.paused():
		return
	case s.rare.asking != nil:
		if !s.answered(s.rare.asking) {
			return
		}
	default:
		h := s.rare.in.held
		s.rare.in.held = nil
		s.submit(h.event, h.done)
	}
	if s.closing != relay.ReasonNone || s.paused() {
		return
	}
	backlog := s.rare.backlog
	s.rare.backlog = nil
	s.receive(backlog, now)
}

// event makes an inbound event. payload is kept.
func (s *session) event(topic relay.Topic, kind relay.Kind, payload []byte) *relay.Event {
	more := s.more()
	if more.in == nil {
		peer, slot, id := s.peer, s.slot, s.id // NOTE: the session itself is of the moment
		more.in = &inbound{attributes: s.attributes(), ready: func() { peer.Ready(slot, id) }}
	}
	return &relay.Event{
		Topic:      topic,
		ID:         relay.NewEventID(),
		Payload:    payload,
		Attributes: more.in.attributes,
		Time:       time.Now(),
		Kind:       kind,
		Source:     relay.Inbound,
	}
}

// attributes are those of the connection: what filters gave it, if they were asked.
func (s *session) attributes() relay.Attributes {
	if s.rare != nil && s.rare.visit != nil {
		return s.rare.visit.Attributes
	}
	return attributesOf(s.id, s.peer.Remote(s.slot))
}

// submit hands ev to the filters. When they are busy it is held and the session paused; any other failure is told to
// done, or ends a session that has none.
func (s *session) submit(ev *relay.Event, done func(relay.Result)) {
	switch err := s.publisher.Submit(ev, done, s.rare.in.ready); {
	case err == nil:
	case errors.Is(err, relay.ErrBusy):
		s.rare.in.held = &held{ev, done}
		s.stats.paused.Add(1)
	case done != nil:
		done(relay.Result{EventID: ev.ID, Err: err})
	default:
		s.fail(submitFailure(err))
	}
}
