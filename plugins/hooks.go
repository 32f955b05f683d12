package plugins

import (
	"errors"

	"eventrelay/relay"
)

var _ relay.Hooks = (*Pipeline)(nil)

// Hooks implements relay.Hooks. While the relay stops they are those of the last filters, lest a client come in unasked.
func (p *Pipeline) Hooks() relay.HookSet { return relay.HookSet(p.hooked.Load()) }

// Connect implements relay.Hooks.
func (p *Pipeline) Connect(a *relay.Arrival, admitted func(relay.Admission)) error {
	return p.ask(&hookCall{hook: onConnect, arrival: a, next: -1, admitted: admitted}, p.current(), a.Visit.ID)
}

// Subscribe implements relay.Hooks.
func (p *Pipeline) Subscribe(v *relay.Visit, pattern relay.Pattern, decided func(relay.Subscription, *relay.Refusal)) error {
	return p.ask(&hookCall{hook: onSubscribe, visit: v, pattern: pattern, decided: decided}, p.current(), v.ID)
}

// Leave implements relay.Hooks.
func (p *Pipeline) Leave(v *relay.Visit) {
	if len(v.Accepted) == 0 || !p.Hooks().Has(relay.HookDisconnect) {
		return
	}
	g := p.current()
	if g == nil { // clients go after the last event
		g = p.parting.Load()
		if g != nil && !g.hold() {
			g = nil
		}
	}
	_ = p.ask(&hookCall{hook: onDisconnect, visit: v}, g, v.ID) // counted
}

// ask queues a call in the connection's lane, for g, which is held, or nil when there is none any more.
func (p *Pipeline) ask(h *hookCall, g *generation, id uint64) error {
	err := relay.ErrClosed
	if g != nil {
		h.pipeline, h.gen = p, g
		if err = p.lanes[id%uint64(len(p.lanes))].ask(h); err == nil {
			return nil
		}
		g.release()
	}
	if h.hook == onDisconnect || errors.Is(err, relay.ErrBusy) {
		p.stats.busy[h.hook].Add(1)
	}
	return err
}

// waiting returns how many calls of hooks wait.
func (p *Pipeline) waiting() (n int) {
	for _, l := range p.lanes {
		l.mu.Lock()
		n += l.hooks.len()
		l.mu.Unlock()
	}
	return n
}
