package relay

import (
	"sync/atomic"
	"time"
)

// MetricKind is a Prometheus metric type.
type MetricKind uint8

const (
	Counter MetricKind = iota
	Gauge
	HistogramKind
)

// Metric is one sample that a part reports when it is asked. Name has the prefix relay_ and the unit as suffix
// (…_total, …_bytes, …_seconds). Labels come in pairs: name, value, name, value. All samples of one Name have the same
// Kind, Help and label names.
type Metric struct {
	Name, Help string
	Kind       MetricKind
	Labels     []string
	Value      float64    // Counter and Gauge
	Histogram  *Histogram // HistogramKind
}

// Meter is a part that reports metrics. Metrics may be called at any time, from any goroutine.
type Meter interface{ Metrics(yield func(Metric)) }

// HistogramBounds are the upper bounds of a Histogram's buckets; the last bucket has none.
var HistogramBounds = [...]time.Duration{
	200 * time.Nanosecond, 500 * time.Nanosecond, time.Microsecond, 2 * time.Microsecond, 5 * time.Microsecond,
	10 * time.Microsecond, 20 * time.Microsecond, 50 * time.Microsecond, 100 * time.Microsecond, 200 * time.Microsecond,
	500 * time.Microsecond, time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond,
	20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond, time.Second, 5 * time.Second,
}

// Histogram counts durations in fixed buckets. The zero value is ready; it is safe for concurrent use and does not
// allocate.
type Histogram struct {
	buckets [len(HistogramBounds) + 1]atomic.Uint64
	sum     atomic.Int64 // ns
}

// Observe counts d.
func (h *Histogram) Observe(d time.Duration) {
	i := 0
	for i < len(HistogramBounds) && d > HistogramBounds[i] {
		i++
	}
	h.buckets[i].Add(1)
	h.sum.Add(int64(d))
}

// Merge adds what from has counted to h.
func (h *Histogram) Merge(from *Histogram) {
	counts, sum := from.Read()
	for i, n := range counts {
		h.buckets[i].Add(n)
	}
	h.sum.Add(int64(sum))
}

// Read returns the count per bucket (not cumulative) and the sum. Concurrent observations may be half seen.
func (h *Histogram) Read() (counts [len(HistogramBounds) + 1]uint64, sum time.Duration) {
	for i := range h.buckets {
		counts[i] = h.buckets[i].Load()
	}
	return counts, time.Duration(h.sum.Load())
}
