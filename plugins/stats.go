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
)

func (v filterVerdict) String() string {
	return [...]string{"pass", "transform", "drop", "reject", "fail"}[v]
}

// pluginStats counts what one filter did. It outlives reloads.
type pluginStats struct {
	verdicts   [filterVerdicts]atomic.Uint64 // their sum is the number of calls
	errors     [causes]atomic.Uint64
	duration   relay.Histogram
	emitted    atomic.Uint64
	refused    atomic.Uint64 // emits beyond a cap
	restarts   atomic.Uint64 // instances replaced
	suppressed atomic.Uint64 // log lines
	memory     atomic.Int64  // bytes, of all instances
	custom     customStats
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

// pipelineStats counts what passed the pipeline.
type pipelineStats struct {
	events  [2][int(relay.Failed) + 1]atomic.Uint64 // by source and verdict
	refused atomic.Uint64
	reloads [2]atomic.Uint64 // failed, succeeded
}

func (s *pipelineStats) count(src relay.Source, v relay.Verdict, n int) {
	s.events[src][v].Add(uint64(n))
}

// Metrics reports what the filters did. See relay.Meter.
func (p *Pipeline) Metrics(yield func(relay.Metric)) {
	for src := range p.stats.events {
		for v := range p.stats.events[src] {
			yield(counter("relay_events_total", "Events decided, by where they came from and what the filters made of them.",
				p.stats.events[src][v].Load(), "source", relay.Source(src).String(), "verdict", relay.Verdict(v).String()))
		}
	}
	yield(counter("relay_pipeline_refused_total", "Events refused because the queue before the filters was full.", p.stats.refused.Load()))
	for i, outcome := range [...]string{"failed", "done"} {
		yield(counter("relay_plugin_reloads_total", "Reloads of the filters.", p.stats.reloads[i].Load(), "outcome", outcome))
	}
	yield(gauge("relay_pipeline_queued_bytes", "Bytes of events that wait for the filters.", float64(p.queued())))
	yield(gauge("relay_plugin_generation", "How many times the filters were loaded.", float64(p.number.Load())))
	for _, pl := range p.plugins.list() {
		pl.stats.metrics(pl.name, yield)
	}
}

func (s *pluginStats) metrics(name string, yield func(relay.Metric)) {
	label := []string{"plugin", name}
	calls := uint64(0)
	for v := range s.verdicts {
		n := s.verdicts[v].Load()
		calls += n
		yield(counter("relay_plugin_verdicts_total", "What filters answered.", n, "plugin", name, "verdict", filterVerdict(v).String()))
	}
	yield(counter("relay_plugin_calls_total", "Events that filters were called for.", calls, label...))
	for c := range s.errors {
		yield(counter("relay_plugin_errors_total", "Calls that failed, by cause.", s.errors[c].Load(), "plugin", name, "cause", cause(c).String()))
	}
	yield(relay.Metric{Name: "relay_plugin_duration_seconds", Help: "How long calls took.", Kind: relay.HistogramKind, Labels: label, Histogram: &s.duration})
	yield(counter("relay_plugin_emitted_total", "Events that filters emitted.", s.emitted.Load(), label...))
	yield(counter("relay_plugin_emits_refused_total", "Events that filters could not emit, as a cap was reached.", s.refused.Load(), label...))
	yield(counter("relay_plugin_restarts_total", "Instances replaced after a failure.", s.restarts.Load(), label...))
	yield(counter("relay_plugin_log_suppressed_total", "Log lines of filters that were counted, not written.", s.suppressed.Load(), label...))
	yield(gauge("relay_plugin_memory_bytes", "Linear memory of all instances.", float64(s.memory.Load()), label...))
	s.custom.metrics(name, yield)
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
