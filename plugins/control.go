package plugins

import (
	"encoding/hex"

	"eventrelay/relay"
)

var _ relay.PluginControl = (*Pipeline)(nil)

// Plugins implements relay.PluginControl.
func (p *Pipeline) Plugins() []relay.PluginStatus {
	out := []relay.PluginStatus{}
	for _, pl := range p.plugins.list() {
		if s, ok := pl.status(); ok {
			out = append(out, s)
		}
	}
	return out
}

// status is ok when a version of the plugin runs.
func (p *plugin) status() (s relay.PluginStatus, ok bool) {
	p.mu.Lock()
	running, previous, refused := p.running, p.previous, p.refused
	p.mu.Unlock()
	if running == nil {
		return s, false
	}
	s = relay.PluginStatus{Name: p.name, Running: running.version(), Calls: p.stats.calls(), Memory: p.stats.memory.Load()}
	for i := range p.stats.lanes {
		s.Failures += p.stats.lanes[i].verdicts[saidFail].Load()
		for h := range p.stats.lanes[i].hooks {
			s.Failures += p.stats.lanes[i].hooks[h][saidFail].Load()
		}
	}
	if previous != nil {
		v := previous.version()
		s.Previous, s.RolledBack = &v, previous.identity == refused
	}
	state, _, until := p.breaker.status()
	if s.Breaker = state; !until.IsZero() {
		s.Until = &until
	}
	if running.hasDoor() {
		s.HooksBreaker, _, _ = p.door.status()
	}
	s.Kept, _ = p.quarantine.counts()
	return s, true
}

func (f *filter) version() relay.PluginVersion {
	return relay.PluginVersion{Number: f.number, Path: f.spec.Origin(), SHA256: hex.EncodeToString(f.sum[:])}
}

// Quarantine implements relay.PluginControl.
func (p *Pipeline) Quarantine(name string, yield func(line []byte)) error {
	all := p.plugins.list()
	if name != "" {
		pl := p.plugins.find(name)
		if pl == nil {
			return relay.ErrNoPlugin
		}
		all = []*plugin{pl}
	}
	for _, pl := range all {
		for _, q := range pl.quarantine.list() {
			yield(q.line())
		}
	}
	return nil
}
