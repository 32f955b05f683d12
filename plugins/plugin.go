package plugins

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// plugin is what a filter's name stands for: what outlives its instances and its versions. Safe for concurrent use.
type plugin struct {
	name       string
	log        *slog.Logger
	world      world // set before the first filter is loaded
	kv         *kv
	stats      pluginStats
	breaker    breaker // of events
	door       breaker // of the other hooks
	quarantine quarantine
	logBytes   rate
	lineRate   rate
	errorRate  [causes]rate
	versions   atomic.Uint64 // how many were loaded

	mu       sync.Mutex
	running  *filter  // guarded by mu
	previous *filter  // guarded by mu: the version before, kept for a rollback; held
	refused  identity // guarded by mu: what a rollback left; not taken again from the same file and settings
}

func newPlugin(name string, lanes int, log *slog.Logger) *plugin {
	p := &plugin{name: name, log: log.With("filter", name), world: realWorld, kv: newKV(int64(Limits{}.withDefaults(Options{}).KV))}
	p.stats.lanes = make([]laneStats, lanes)
	p.breaker.calls, p.door.calls = p.stats.events, p.stats.hooks
	return p
}

// breakerOf returns the breaker of a hook. Events have one of their own: strangers, who can connect to most relays, must not
// be able to take the filter away from them.
func (p *plugin) breakerOf(h hook) *breaker {
	if h == onEvent {
		return &p.breaker
	}
	return &p.door
}

// failed counts a failure and writes it to the log, at most once a second per cause.
func (p *plugin) failed(f *failure, onError string) {
	p.stats.errors[f.cause].Add(1)
	if ok, _ := p.errorRate[f.cause].allow(1, 1); ok {
		p.log.Warn("filter failed", "cause", f.cause.String(), "error", f.text, "on_error", onError)
	}
}

// refuses reports whether a rollback left the version of this identity.
func (p *plugin) refuses(id identity) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused == id
}

// versionsOf returns the running version and the one before, or nil.
func (p *plugin) versionsOf() (running, previous *filter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running, p.previous
}

// refuse leaves the version of this identity out until its file or settings change.
func (p *plugin) refuse(id identity) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = id
}

// configure puts in force what is not a matter of versions. A new version finds the breakers closed.
func (p *plugin) configure(s *step, changed bool) {
	p.kv.configure(int64(s.filter.limits.KV))
	p.quarantine.configure(s.quarantine)
	if p.breaker.settings() != s.breaker || changed {
		p.breaker.configure(s.breaker)
		p.door.configure(s.breaker)
	}
}

// install makes f the running version, and keeps the one that it replaces for a rollback, held. The version before that
// is not kept any more: the caller lets it go when no event can be with it.
func (p *plugin) install(f *filter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		p.running.hold()
	}
	p.running, p.previous, p.refused = f, p.running, identity{}
}

// forget lets go of what is kept for a rollback. The plugin is not used any more.
func (p *plugin) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.previous != nil {
		p.previous.release()
	}
	p.running, p.previous = nil, nil
}

// registry knows the plugin of every name in use. Safe for concurrent use.
type registry struct {
	log   *slog.Logger
	lanes int

	mu     sync.Mutex
	byName map[string]*plugin
}

func newRegistry(lanes int, log *slog.Logger) *registry {
	return &registry{log: log, lanes: lanes, byName: map[string]*plugin{}}
}

func (r *registry) get(name string) *plugin {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.byName[name]
	if p == nil {
		p = newPlugin(name, r.lanes, r.log)
		r.byName[name] = p
	}
	return p
}

// find returns the plugin of a name, or nil.
func (r *registry) find(name string) *plugin {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byName[name]
}

func (r *registry) list() []*plugin {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(maps.Values(r.byName), func(a, b *plugin) int { return strings.Compare(a.name, b.name) })
}

// keep forgets the plugins that no filter of g has the name of.
func (r *registry) keep(g *generation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.byName, func(_ string, p *plugin) bool {
		gone := g.find(p) == nil
		if gone {
			p.forget()
		}
		return gone
	})
}
