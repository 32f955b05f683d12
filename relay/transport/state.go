package transport

import (
	"time"

	"eventrelay/relay"
)

// state is what is kept of an open connection: few bytes, as most connections are idle and there are many.
type state struct {
	id       ConnID
	seen     time.Duration // when bytes last came, a ping was sent, or closing began
	controls bucket
	rare     *rare // nil for most
	form     relay.Form
	grant    relay.Grant
	pinged   bool              // nothing came since our ping
	asked    bool              // our ping's pong did not come
	closing  relay.CloseReason // ReasonNone while open
}

// rare is what only some connections need, made when the first of it is.
type rare struct {
	opening  opening  // begun, and not complete: the session is not open
	arrival  *arrival // complete, and waiting for the filters: the session is not open
	part     *partial // the message or frame that is not complete
	commands bucket
	in       *inbound     // made by the first event the client sends
	publish  relay.Topic  // where plain frames go; "" until it is known
	backlog  []byte       // read but not parsed while paused
	asking   *asking      // the session is paused until the filters have decided
	visit    *relay.Visit // nil when no filter is to be told of the connection's end
}

// more returns the rare part, to be written to.
func (s *state) more() *rare {
	if s.rare == nil {
		s.rare = new(rare)
	}
	return s.rare
}

func (s *state) part() *partial {
	if s.rare == nil {
		return nil
	}
	return s.rare.part
}

// keep keeps what the reader holds at now, and gives up the rare part if nothing of it is needed any more.
func (s *state) keep(part *partial, now time.Duration) {
	if part != nil {
		if part.since == 0 {
			part.since = now
		}
		s.more().part = part
		return
	}
	if r := s.rare; r != nil {
		r.part = nil
		if r.commands.full <= now && r.in == nil && r.publish == "" && r.asking == nil && r.visit == nil {
			s.rare = nil
		}
	}
}

// paused reports whether the driver must not read, as an event or a subscription waits. Whatever was read stays in the backlog.
func (s *state) paused() bool {
	return s.rare != nil && (s.rare.asking != nil || s.rare.in != nil && s.rare.in.held != nil)
}
