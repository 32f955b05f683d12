package plugins

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
)

// plugin is what a filter's name stands for: what outlives its instances and its versions. Safe for concurrent use.
type plugin struct {
	name      string
	log       *slog.Logger
	kv        *kv
	stats     pluginStats
	lineRate  rate
	errorRate [causes]rate
}

// failed counts a failure and writes it to the log, at most once a second per cause.
func (p *plugin) failed(f *failure, onError string) {
	p.stats.errors[f.cause].Add(1)
	if ok, _ := p.errorRate[f.cause].allow(1); ok {
		p.log.Warn("filter failed", "cause", f.cause.String(), "error", f.text, "on_error", onError)
	}
}

// registry knows the plugin of every name in use. Safe for concurrent use.
type registry struct {
	log *slog.Logger

	mu     sync.Mutex
	byName map[string]*plugin
}

func newRegistry(log *slog.Logger) *registry {
	return &registry{log: log, byName: map[string]*plugin{}}
}

func (r *registry) get(name string) *plugin {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.byName[name]
	if p == nil {
		p = &plugin{name: name, log: r.log.With("filter", name), kv: newKV()}
		r.byName[name] = p
	}
	return p
}

func (r *registry) list() []*plugin {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(maps.Values(r.byName), func(a, b *plugin) int { return strings.Compare(a.name, b.name) })
}

// keep forgets the plugins that no filter has the name of any more.
func (r *registry) keep(filters []*filter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.byName, func(name string, _ *plugin) bool {
		return !slices.ContainsFunc(filters, func(f *filter) bool { return f.plugin.name == name })
	})
}
