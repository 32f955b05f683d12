package transport

import (
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"eventrelay/relay"
)

// asking is a subscribe command that waits for the filters. The session is paused meanwhile, so that a connection's
// commands keep their order.
type asking struct {
	id     uint64        // of the command
	due    time.Duration // when it is refused for want of an answer
	answer atomic.Pointer[decision]
}

// decision is the filters' answer, or ours when they have none.
type decision struct {
	subscription relay.Subscription
	refusal      *relay.Refusal
}

// ask asks the filters about a subscription. If it returns no error, the reply comes with their answer.
func (s *session) ask(c command, now time.Duration) *commandError {
	a := &asking{id: c.id, due: now + s.options.hookTimeout()}
	peer, slot, id := s.peer, s.slot, s.id // NOTE: the session itself is of the moment
	err := s.hooks.Subscribe(s.visit(), c.pattern, func(sub relay.Subscription, refusal *relay.Refusal) {
		a.answer.CompareAndSwap(nil, &decision{sub, refusal})
		peer.Ready(slot, id)
	})
	switch {
	case errors.Is(err, relay.ErrBusy):
		return &commandError{Code: codeBusy, Message: errHooksBusy.Reason, Temporary: true}
	case err != nil:
		return publishError(err)
	}
	s.more().asking = a
	return nil
}

// visit is the connection as hooks know it.
func (s *session) visit() *relay.Visit {
	if s.rare != nil && s.rare.visit != nil {
		return s.rare.visit
	}
	return &relay.Visit{ID: uint64(s.id), Attributes: s.attributes(), ByFilter: s.grant.ByFilter} // it came in when no filter asked
}

// overdue answers for the filters.
func (s *session) overdue(a *asking) {
	a.answer.CompareAndSwap(nil, &decision{refusal: errUndecided})
	s.peer.Ready(s.slot, s.id)
}

// answered carries out what the filters decided, and replies. It reports false while they have not.
func (s *session) answered(a *asking) bool {
	d := a.answer.Load()
	if d == nil {
		return false
	}
	s.rare.asking = nil
	r := reply{ID: a.id}
	if d.refusal != nil {
		r.Error = refusedCommand(d.refusal)
	} else {
		r.Subscribe, r.Error = s.subscribe(d.subscription)
	}
	s.send(r.frame())
	return true
}

func refusedCommand(r *relay.Refusal) *commandError {
	switch r.Status {
	case http.StatusServiceUnavailable:
		return &commandError{Code: codeBusy, Message: r.Reason, Temporary: true}
	case http.StatusTooManyRequests:
		return &commandError{Code: codeRefused, Message: r.Reason, Temporary: true}
	}
	return &commandError{Code: codeRefused, Message: r.Reason}
}
