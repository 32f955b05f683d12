package transport_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"eventrelay/relay"
	"eventrelay/relay/transport"
)

// hooks answer as filters might: at once, or when they are let go.
type hooks struct {
	set     relay.HookSet
	connect func(a *relay.Arrival) relay.Admission
	pattern func(p relay.Pattern) (relay.Pattern, *relay.Refusal)

	mu      sync.Mutex
	busy    error
	hold    chan struct{} // nil: at once
	asked   []*relay.Arrival
	pending sync.WaitGroup
	open    map[uint64]int // by visit: admitted less left
}

func (h *hooks) Hooks() relay.HookSet { return h.set }

func (h *hooks) Connect(a *relay.Arrival, done func(relay.Admission)) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.busy != nil {
		return h.busy
	}
	h.asked = append(h.asked, a)
	hold := h.hold
	h.pending.Go(func() {
		if hold != nil {
			<-hold
		}
		adm := h.admit(a)
		if adm.Refusal == nil {
			h.count(adm.Visit.ID, 1)
		}
		done(adm)
	})
	return nil
}

func (h *hooks) admit(a *relay.Arrival) relay.Admission {
	if h.connect != nil {
		return h.connect(a)
	}
	adm := relay.Admission{Visit: &relay.Visit{ID: a.Visit.ID, Attributes: a.Visit.Attributes.With("tenant", "acme"), Accepted: []string{"gate"}}, Judged: true}
	for _, p := range a.Topics {
		to, refused := h.rewrite(p)
		if refused != nil {
			return relay.Admission{Refusal: refused}
		}
		adm.Topics = append(adm.Topics, relay.Subscription{Name: p, Pattern: to})
	}
	return adm
}

func (h *hooks) rewrite(p relay.Pattern) (relay.Pattern, *relay.Refusal) {
	if h.pattern != nil {
		return h.pattern(p)
	}
	return p, nil
}

func (h *hooks) Subscribe(_ *relay.Visit, p relay.Pattern, done func(relay.Subscription, *relay.Refusal)) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.busy != nil {
		return h.busy
	}
	hold := h.hold
	h.pending.Go(func() {
		if hold != nil {
			<-hold
		}
		to, refused := h.rewrite(p)
		done(relay.Subscription{Name: p, Pattern: to}, refused)
	})
	return nil
}

func (h *hooks) Leave(v *relay.Visit) { h.count(v.ID, -1) }

func (h *hooks) count(id uint64, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open == nil {
		h.open = map[uint64]int{}
	}
	h.open[id] += n
}

// holdOn makes answers wait until the returned function is called.
func (h *hooks) holdOn() (release func()) {
	hold := make(chan struct{})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hold = hold
	return sync.OnceFunc(func() {
		h.mu.Lock()
		h.hold = nil
		h.mu.Unlock()
		close(hold)
	})
}

func (h *hooks) refuse(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy = err
}

func (h *hooks) arrivals() []*relay.Arrival {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

const every = relay.HookConnect | relay.HookSubscribe | relay.HookDisconnect

// hooked serves with hooks on both drivers, and on connections that were kept alive. In the end each visit has left once.
func hooked(t *testing.T, h func() *hooks, test func(t *testing.T, r *rig, h *hooks), settings ...setting) {
	for _, way := range []struct {
		name, driver string
		keptAlive    bool
	}{{"auto", "auto", false}, {"portable", "portable", false}, {"kept alive", "auto", true}} {
		t.Run(way.name, func(t *testing.T) {
			h := h()
			t.Cleanup(func() { // after the rig's own
				h.pending.Wait()
				for id, n := range h.open {
					assert.Zero(t, n, "visit %d has left once", id)
				}
			})
			r := serve(t, way.driver, append(settings, func(_ *transport.Options, d *transport.Deps) { d.Hooks = h })...)
			r.keptAlive = way.keptAlive
			test(t, r, h)
		})
	}
}

func all() *hooks { return &hooks{set: every} }

// acme gives each tenant its own topics.
func acme(p relay.Pattern) (relay.Pattern, *relay.Refusal) {
	switch {
	case strings.HasPrefix(string(p), "secret"):
		return "", &relay.Refusal{Status: 403, Reason: "not yours"}
	case p == "flood":
		return "", &relay.Refusal{Status: 429, Reason: "slowly"}
	case p == "broken":
		return "", &relay.Refusal{Status: 503, Reason: "the filter gate failed"}
	}
	return "acme." + p, nil
}

func tenants() *hooks { return &hooks{set: every, pattern: acme} }
