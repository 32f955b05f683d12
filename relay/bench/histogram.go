package bench

import (
	"encoding/json"
	"math"
	"math/bits"
	"time"
)

// Histogram counts durations in buckets that are linear within each power of two, 128 to each: no bucket is wider than
// 1/128 of its lower bound, so percentiles are exact to 0.8 %. The zero value is ready. It is not safe for concurrent use.
type Histogram struct {
	counts [buckets]uint64
	count  uint64
	sum    float64
	max    int64
}

const (
	subBits = 7
	subs    = 1 << subBits
	maxBits = 42 // 73 minutes in ns; longer ones count as that
	buckets = (maxBits - subBits + 1) * subs
)

// record counts one duration. Negative ones, which clocks don't give, count as 0.
func (h *Histogram) record(ns int64) {
	ns = max(ns, 0)
	h.counts[bucketOf(ns)]++
	h.count++
	h.sum += float64(ns)
	if ns > h.max {
		h.max = ns
	}
}

func bucketOf(ns int64) int {
	if ns < subs {
		return int(ns)
	}
	ns = min(ns, 1<<maxBits-1)
	shift := bits.Len64(uint64(ns)) - subBits - 1
	return shift<<subBits + int(ns>>shift)
}

// upperOf returns the largest duration that bucket i counts.
func upperOf(i int) int64 {
	if i < 2*subs {
		return int64(i)
	}
	shift := i>>subBits - 1
	return int64(i-shift<<subBits+1)<<shift - 1
}

// Count returns how many durations were counted.
func (h *Histogram) Count() uint64 { return h.count }

// Max returns the longest, exactly.
func (h *Histogram) Max() time.Duration { return time.Duration(h.max) }

// Mean returns the average, exactly; 0 when there is none.
func (h *Histogram) Mean() time.Duration {
	if h.count == 0 {
		return 0
	}
	return time.Duration(h.sum / float64(h.count))
}

// Quantile returns the duration that the share q of all did not exceed; 0 when there is none.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := max(uint64(math.Ceil(q*float64(h.count))), 1)
	seen := uint64(0)
	for i := range h.counts {
		if seen += h.counts[i]; seen >= rank {
			return time.Duration(min(upperOf(i), h.max))
		}
	}
	return h.Max()
}

// summary is a histogram's JSON form; times are in microseconds, buckets [upper bound in ns, count].
type summary struct {
	Count   uint64     `json:"count"`
	Mean    float64    `json:"mean_us"`
	P50     float64    `json:"p50_us"`
	P90     float64    `json:"p90_us"`
	P99     float64    `json:"p99_us"`
	P999    float64    `json:"p999_us"`
	Max     float64    `json:"max_us"`
	Buckets [][2]int64 `json:"buckets_ns"`
}

// MarshalJSON writes the percentiles and the buckets that are not empty.
func (h *Histogram) MarshalJSON() ([]byte, error) {
	us := func(d time.Duration) float64 { return float64(d) / 1e3 }
	s := summary{
		Count: h.count, Mean: us(h.Mean()), Max: us(h.Max()), Buckets: [][2]int64{},
		P50: us(h.Quantile(.5)), P90: us(h.Quantile(.9)), P99: us(h.Quantile(.99)), P999: us(h.Quantile(.999)),
	}
	for i, n := range h.counts {
		if n > 0 {
			s.Buckets = append(s.Buckets, [2]int64{upperOf(i), int64(n)})
		}
	}
	return json.Marshal(s)
}
