package plugins

import (
	"slices"
	"sync"
	"sync/atomic"

	"eventrelay/relay"
)

// verdicts of one filter, as its metric labels them.
type filterVerdict uint8

const (
	saidPass filterVerdict = iota
	saidTransform
	saidDrop
	saidReject
	saidFail
	filterVerdicts = int(saidFail) + 1

	saidRefuse   = filterVerdict(filterVerdicts) // a connection or subscription
	hookVerdicts = filterVerdicts + 1
)

func (v filterVerdict) String() string {
	return [...]string{"pass", "transform", "drop", "reject", "fail", "refuse"}[v]
}

// pluginStats counts what one filter did. It outlives reloads.
type pluginStats struct {
	lanes      []laneStats
	errors     [causes]atomic.Uint64
	swaps      [swaps]atomic.Uint64
	emitted    atomic.Uint64
	refused    atomic.Uint64 // emits beyond a cap
	restores   atomic.Uint64 // instances brought back to their start
	restarts   atomic.Uint64 // instances replaced
	suppressed atomic.Uint64 // log lines
	memory     atomic.Int64  // bytes, of all instances
	custom     customStats
}

// laneStats are what every call counts: one per lane, so that lanes do not wait for each other's cache lines.
type laneStats struct {
	verdicts [filterVerdicts]atomic.Uint64 // of events; their sum is the number of calls
	hooks    [hookKinds][hookVerdicts]atomic.Uint64
	fuel     atomic.Uint64
	duration relay.Histogram
	_        [64]byte
}

// Ends of a swap.
const (
	swapDone = iota
	swapFailed
	swapRolledBack
	swaps
)

var swapWords = [swaps]string{"done", "failed", "rolled_back"}

// count counts a call.
func (s *laneStats) count(h hook, v filterVerdict) {
	if h == onEvent {
		s.verdicts[v].Add(1)
		return
	}
	s.hooks[h][v].Add(1)
}

// calls returns how many events, connections and subscriptions the filter was there for.
func (s *pluginStats) calls() uint64 { return s.events() + s.hooks() }

// events returns how many events the filter was there for.
func (s *pluginStats) events() (n uint64) {
	for i := range s.lanes {
		n += s.lanes[i].events()
	}
	return n
}

// hooks returns how many connections, subscriptions and disconnections the filter was there for.
func (s *pluginStats) hooks() (n uint64) {
	for i := range s.lanes {
		for h := range s.lanes[i].hooks {
			for v := range s.lanes[i].hooks[h] {
				n += s.lanes[i].hooks[h][v].Load()
			}
		}
	}
	return n
}

// events returns how many events there were.
func (s *laneStats) events() (n uint64) {
	for v := range s.verdicts {
		n += s.verdicts[v].Load()
	}
	return n
}

// customStats are the counters that a guest named.
type customStats struct {
	mu     sync.Mutex
	values map[string]*int64
}

// maxCustom is the most names of one filter; more are not counted, as each is a time series for whoever scrapes.
const maxCustom = 64

func (c *customStats) add(name []byte, delta int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.values[string(name)]
	if v == nil {
		if len(c.values) == maxCustom {
			return
		}
		if c.values == nil {
			c.values = map[string]*int64{}
		}
		v = new(int64)
		c.values[string(name)] = v
	}
	*v += delta
}

// eventStats count what was decided, by source and verdict. Each lane has its own.
type eventStats struct {
	events [2][int(relay.Failed) + 1]atomic.Uint64
}

func (s *eventStats) count(src relay.Source, v relay.Verdict, n int) { s.events[src][v].Add(uint64(n)) }

// pipelineStats counts what passed the pipeline.
type pipelineStats struct {
	straight eventStats // events that no filter saw
	refused  atomic.Uint64
	busy     [hookKinds]atomic.Uint64 // hooks that were not called, as too many waited
	reloads  [2]atomic.Uint64         // failed, succeeded
}

// decided returns how many events from src had verdict v.
func (p *Pipeline) decided(src relay.Source, v relay.Verdict) uint64 {
	n := p.stats.straight.events[src][v].Load()
	for _, l := range p.lanes {
		n += l.chain.events.events[src][v].Load()
	}
	return n
}

// Metrics reports what the filters did. See relay.Meter.
func (p *Pipeline) Metrics(yield func(relay.Metric)) {
	for src := range relay.Inbound + 1 {
		for v := range relay.Failed + 1 {
			yield(counter("relay_events_total", "Events decided, by where they came from and what the filters made of them.",
				p.decided(src, v), "source", src.String(), "verdict", v.String()))
		}
	}
	yield(counter("relay_pipeline_refused_total", "Events refused because the queue before the filters, or the memory of the fan-out, was full.", p.stats.refused.Load()))
	for i, outcome := range [...]string{"failed", "done"} {
		yield(counter("relay_plugin_reloads_total", "Reloads of the filters.", p.stats.reloads[i].Load(), "outcome", outcome))
	}
	yield(gauge("relay_pipeline_queued_bytes", "Bytes of events that wait for the filters.", float64(p.queued())))
	for h := onConnect; int(h) < hookKinds; h++ {
		yield(counter("relay_hooks_refused_total", "Connections and subscriptions refused because too many waited for the filters, and disconnections that filters were not told of.",
			p.stats.busy[h].Load(), "hook", h.String()))
	}
	yield(gauge("relay_hooks_waiting", "Connections, subscriptions and disconnections that wait for the filters.", float64(p.waiting())))
	yield(gauge("relay_plugin_generation", "How many times the filters were loaded.", float64(p.number.Load())))
	for _, pl := range p.plugins.list() {
		pl.metrics(yield)
	}
}

// metrics reports what one filter did.
func (p *plugin) metrics(yield func(relay.Metric)) {
	s, label := &p.stats, []string{"plugin", p.name}
	var sum laneStats
	for i := range s.lanes {
		sum.add(&s.lanes[i])
	}
	for v := range sum.verdicts {
		yield(counter("relay_plugin_verdicts_total", "What filters answered.", sum.verdicts[v].Load(), "plugin", p.name, "verdict", filterVerdict(v).String()))
	}
	yield(counter("relay_plugin_calls_total", "Events that came to filters.", sum.events(), label...))
	p.hookMetrics(yield, &sum)
	for c := range s.errors {
		yield(counter("relay_plugin_errors_total", "Calls that failed, by cause.", s.errors[c].Load(), "plugin", p.name, "cause", cause(c).String()))
	}
	for i := range s.swaps {
		yield(counter("relay_plugin_swaps_total", "Versions of filters put in the place of others, or not.", s.swaps[i].Load(), "plugin", p.name, "outcome", swapWords[i]))
	}
	yield(relay.Metric{Name: "relay_plugin_duration_seconds", Help: "How long calls took, of one event in 16.", Kind: relay.HistogramKind, Labels: label, Histogram: &sum.duration})
	yield(counter("relay_plugin_fuel_total", "Fuel that calls spent.", sum.fuel.Load(), label...))
	yield(counter("relay_plugin_emitted_total", "Events that filters emitted.", s.emitted.Load(), label...))
	yield(counter("relay_plugin_emits_refused_total", "Events that filters could not emit, as a cap was reached.", s.refused.Load(), label...))
	yield(counter("relay_plugin_restores_total", "Instances brought back to where they were after their start.", s.restores.Load(), label...))
	yield(counter("relay_plugin_restarts_total", "Instances replaced by others.", s.restarts.Load(), label...))
	yield(counter("relay_plugin_log_suppressed_total", "Log lines of filters that were counted, not written.", s.suppressed.Load(), label...))
	yield(gauge("relay_plugin_memory_bytes", "Linear memory of all instances.", float64(s.memory.Load()), label...))
	p.state(yield, label)
	s.custom.metrics(p.name, yield)
}

// hookMetrics reports the calls of hooks that the filter has.
func (p *plugin) hookMetrics(yield func(relay.Metric), sum *laneStats) {
	running, _ := p.versionsOf()
	if running != nil && running.hasDoor() {
		_, openings, _ := p.door.status()
		yield(gauge("relay_plugin_hooks_breaker_state", "0 closed, 1 half-open, 2 open: the filter is not asked about connections.", float64(p.door.state.Load()), "plugin", p.name))
		yield(counter("relay_plugin_hooks_breaker_openings_total", "How many times that breaker has opened.", openings, "plugin", p.name))
	}
	for h := onConnect; running != nil && int(h) < hookKinds; h++ {
		if !running.has(h) {
			continue
		}
		for _, v := range []filterVerdict{saidPass, saidTransform, saidRefuse, saidFail} {
			yield(counter("relay_plugin_hook_calls_total", "What filters answered about connections and subscriptions.", sum.hooks[h][v].Load(),
				"plugin", p.name, "hook", h.String(), "verdict", v.String()))
		}
	}
}

// state reports where the filter stands.
func (p *plugin) state(yield func(relay.Metric), label []string) {
	_, openings, _ := p.breaker.status()
	kept, total := p.quarantine.counts()
	stored, early := p.kv.usage()
	yield(gauge("relay_plugin_kv_bytes", "Bytes that the filter's key-value store takes.", float64(stored), label...))
	yield(counter("relay_plugin_kv_evicted_total", "Keys that made room for others before they had expired: limits.kv is too small for them.", early, label...))
	yield(gauge("relay_plugin_breaker_state", "0 closed, 1 half-open, 2 open: the filter is not called.", float64(p.breaker.state.Load()), label...))
	yield(counter("relay_plugin_breaker_openings_total", "How many times the breaker has opened.", openings, label...))
	yield(counter("relay_plugin_quarantined_total", "Events on which filters failed.", total, label...))
	yield(gauge("relay_plugin_quarantine_events", "Such events that are kept.", float64(kept), label...))
	if running, _ := p.versionsOf(); running != nil {
		yield(gauge("relay_plugin_version", "The version that runs: how many were loaded when it was.", float64(running.number), label...))
	}
}

func (s *laneStats) add(o *laneStats) {
	for v := range s.verdicts {
		s.verdicts[v].Add(o.verdicts[v].Load())
	}
	for h := range s.hooks {
		for v := range s.hooks[h] {
			s.hooks[h][v].Add(o.hooks[h][v].Load())
		}
	}
	s.fuel.Add(o.fuel.Load())
	s.duration.Merge(&o.duration)
}

func (c *customStats) metrics(plugin string, yield func(relay.Metric)) {
	c.mu.Lock()
	names := make([]string, 0, len(c.values))
	values := make(map[string]int64, len(c.values))
	for name, v := range c.values {
		names, values[name] = append(names, name), *v
	}
	c.mu.Unlock()
	slices.Sort(names)
	for _, name := range names {
		yield(gauge("relay_plugin_custom", "Sums that filters keep by the host function metric.", float64(values[name]), "plugin", plugin, "name", name))
	}
}

func counter(name, help string, v uint64, labels ...string) relay.Metric {
	return relay.Metric{Name: name, Help: help, Kind: relay.Counter, Labels: labels, Value: float64(v)}
}

func gauge(name, help string, v float64, labels ...string) relay.Metric {
	return relay.Metric{Name: name, Help: help, Kind: relay.Gauge, Labels: labels, Value: v}
}

var _ relay.Meter = (*Pipeline)(nil)
