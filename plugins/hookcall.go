package plugins

import (
	"net/http"

	"eventrelay/relay"
)

// hookCall is a connection, a subscription or a disconnection on its way through a lane. It holds its generation.
type hookCall struct {
	pipeline *Pipeline
	gen      *generation
	hook     hook
	visit    *relay.Visit // of onSubscribe and onDisconnect

	// Of onConnect. It takes a step for the connection, and one for each of its topics if filters are asked about those.
	arrival   *relay.Arrival
	admission relay.Admission // so far
	next      int             // of admission.Topics; -1: the connection itself
	admitted  func(relay.Admission)

	// Of onSubscribe.
	pattern relay.Pattern
	decided func(relay.Subscription, *relay.Refusal)
}

var (
	errHookStopping = &relay.Refusal{Status: http.StatusServiceUnavailable, Reason: "the relay is stopping"}
	errHookGone     = &relay.Refusal{Status: http.StatusServiceUnavailable, Reason: "the client has gone"}
)

// step goes one step further, and reports whether that was the last. Only the lane's holder calls it.
func (h *hookCall) step(c *chain) (last bool) {
	switch h.hook {
	case onConnect:
		return h.stepIn(c)
	case onSubscribe:
		p, refused := c.subscribe(h.gen, h.visit, h.pattern)
		h.finish()
		h.decided(relay.Subscription{Name: h.pattern, Pattern: p}, refused)
	case onDisconnect:
		c.disconnect(h.gen, h.visit)
		h.finish()
	}
	return true
}

func (h *hookCall) stepIn(c *chain) (last bool) {
	adm := &h.admission
	switch {
	case h.arrival.Gone.Load():
		adm.Refusal = errHookGone
	case h.next < 0:
		*adm = c.connect(h.gen, h.arrival)
	default:
		t := &adm.Topics[h.next]
		t.Pattern, adm.Refusal = c.subscribe(h.gen, adm.Visit, t.Pattern)
	}
	h.next++
	if adm.Refusal == nil && h.next < len(adm.Topics) && h.gen.hooks.Has(relay.HookSubscribe) {
		return false
	}
	h.admit()
	return true
}

// topicsInTurn is how many topics of a client are asked about before other clients have their turn. One that was begun is
// completed first: when more come than filters can decide about in time, to begin all of them would be to let in none.
const topicsInTurn = 8

// yields reports whether others that wait come before the next step.
func (h *hookCall) yields() bool { return h.next > 0 && h.next%topicsInTurn == 0 }

// admit tells whoever waits what became of an arrival. Filters that accepted one that was refused learn of its end.
func (h *hookCall) admit() {
	adm := h.admission
	if adm.Refusal != nil && adm.Visit != nil {
		adm.Visit.Accepted = h.gen.judgesAmong(adm.Visit.Accepted)
		h.pipeline.Leave(adm.Visit)
		adm = relay.Admission{Refusal: adm.Refusal}
	}
	h.finish()
	h.admitted(adm)
}

// giveUp ends a call that was not begun, or not completed, since the relay stops.
func (h *hookCall) giveUp() {
	switch h.hook {
	case onConnect:
		h.admission.Refusal = errHookStopping
		h.admit()
	case onSubscribe:
		h.finish()
		h.decided(relay.Subscription{}, errHookStopping)
	case onDisconnect:
		h.pipeline.stats.busy[onDisconnect].Add(1)
		h.finish()
	}
}

func (h *hookCall) finish() { h.gen.release() }
