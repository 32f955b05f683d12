package workbench

import (
	"context"
	"os"
	"runtime"
	"slices"
	"time"

	"eventrelay/plugins"
	"eventrelay/relay"
)

// Measurement is what a filter costs per event.
type Measurement struct {
	File    string     `json:"file"`
	Size    relay.Size `json:"size"`
	Calls   int        `json:"calls"`
	PerCall Spread     `json:"ns"` // nanoseconds, of a round's average
	P50     float64    `json:"p50_ns"`
	P99     float64    `json:"p99_ns"`
	Fuel    float64    `json:"fuel"` // per call

	Failures int    `json:"failures"`
	Failure  string `json:"failure,omitempty"` // the last

	Memory      int64   `json:"memory_bytes"` // of the instance, after its start
	Growth      int64   `json:"memory_growth_bytes"`
	HostAllocs  float64 `json:"host_allocs"` // per call, in relay
	StartFuel   uint64  `json:"start_fuel"`
	desk        *plugins.Desk
	rounds      []float64
	each        []time.Duration
	allocations uint64
}

// Spread is a median and what lies around it.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func spread(values []float64) Spread {
	v := slices.Sorted(slices.Values(values))
	return Spread{v[len(v)/2], v[0], v[len(v)-1]}
}

// Comparison is a filter's cost beside that of an older build.
type Comparison struct {
	Clock   float64      `json:"clock_ns"` // that reading the clock takes, once in each call
	New     *Measurement `json:"new"`
	Old     *Measurement `json:"old,omitempty"`
	Ratio   *Spread      `json:"ratio,omitempty"`      // of time, new to old, round by round
	FuelOf  float64      `json:"fuel_ratio,omitempty"` // new to old
	Events  int          `json:"events"`               // distinct ones
	Rounds  int          `json:"rounds"`
	Elapsed float64      `json:"seconds"`
}

const (
	measureRounds = 21
	warmUp        = 50 * time.Millisecond
	maxTimed      = 1 << 20 // calls of which each is kept
	minBatch      = 256     // calls in one go
)

// Measure gives the events to the filter again and again, for about the given time, and to old, if it is not nil, in turns,
// so that what the machine does meanwhile is done to both.
func Measure(ctx context.Context, b, old *Bench, events []*relay.Event, took time.Duration) (*Comparison, error) {
	begun := time.Now()
	c := &Comparison{Events: len(events), Rounds: measureRounds, Clock: clockCost()}
	batch := repeat(events)
	var all []*Measurement
	for _, x := range []*Bench{b, old} {
		if x == nil {
			continue
		}
		m, err := x.measurement(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	share := took / measureRounds / time.Duration(len(all))
	for _, m := range all {
		if err := m.warm(ctx, batch); err != nil {
			return nil, err
		}
	}
	for round := range measureRounds {
		for i := range all {
			m := all[(i+round)%len(all)]
			if err := m.round(ctx, batch, share); err != nil {
				return nil, err
			}
		}
	}
	for _, m := range all {
		m.finish()
	}
	c.New = all[0]
	if old != nil {
		c.compare(all[1])
	}
	c.Elapsed = time.Since(begun).Seconds()
	return c, nil
}

func (b *Bench) measurement(ctx context.Context) (*Measurement, error) {
	d, err := b.Start(ctx, b.filter, nil)
	if err != nil {
		return nil, err
	}
	m := &Measurement{File: b.File(), desk: d}
	if info, err := os.Stat(m.File); err == nil {
		m.Size = relay.Size(info.Size())
	}
	m.Memory, m.StartFuel = d.Memory()
	return m, nil
}

// repeat returns the events as often as makes a batch that one round can hold several of.
func repeat(events []*relay.Event) (batch []*relay.Event) {
	for len(batch) < minBatch {
		batch = append(batch, events...)
	}
	return batch
}

// warm runs what is compiled lazily, and lets caches fill.
func (m *Measurement) warm(ctx context.Context, batch []*relay.Event) error {
	for begun := time.Now(); time.Since(begun) < warmUp; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		m.desk.Run(batch, nil)
	}
	return nil
}

// round runs the batch again and again for a time, at least once.
func (m *Measurement) round(ctx context.Context, batch []*relay.Event, share time.Duration) error {
	each := make([]time.Duration, len(batch))
	var before, after runtime.MemStats
	var spent time.Duration
	calls := 0
	for calls == 0 || spent < share {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		runtime.ReadMemStats(&before)
		lap := m.desk.Run(batch, each)
		runtime.ReadMemStats(&after)
		m.allocations += after.Mallocs - before.Mallocs
		spent += lap.Elapsed
		calls += lap.Calls
		m.Fuel += float64(lap.Fuel)
		m.Failures += lap.Failures
		if lap.Failure != "" {
			m.Failure = lap.Failure
		}
		if len(m.each)+len(each) <= maxTimed {
			m.each = append(m.each, each...)
		}
	}
	m.Calls += calls
	m.rounds = append(m.rounds, float64(spent)/float64(calls))
	return nil
}

func (m *Measurement) finish() {
	m.PerCall = spread(m.rounds)
	m.Fuel /= float64(m.Calls)
	m.HostAllocs = float64(m.allocations) / float64(m.Calls)
	now, _ := m.desk.Memory()
	m.Growth = now - m.Memory
	slices.Sort(m.each)
	m.P50, m.P99 = float64(m.each[len(m.each)/2]), float64(m.each[len(m.each)*99/100])
}

func (c *Comparison) compare(old *Measurement) {
	c.Old = old
	ratios := make([]float64, len(old.rounds))
	for i := range ratios {
		ratios[i] = c.New.rounds[i] / old.rounds[i]
	}
	r := spread(ratios)
	c.Ratio = &r
	if old.Fuel > 0 {
		c.FuelOf = c.New.Fuel / old.Fuel
	}
}

// clockCost is how many nanoseconds reading the clock takes.
func clockCost() float64 {
	const n = 1000
	best := time.Hour
	for range 20 {
		begun := time.Now()
		for range n {
			_ = time.Since(begun)
		}
		best = min(best, time.Since(begun))
	}
	return float64(best) / n
}

// File is the filter's module or script, or where else its code is.
func (b *Bench) File() string { return b.filter.Origin() }
