package bench

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Buckets follow each other without gap, and each holds its own bounds.
func TestHistogram_buckets(t *testing.T) {
	low := int64(0)
	for i := range buckets {
		high := upperOf(i)
		require.Equal(t, i, bucketOf(low))
		require.Equal(t, i, bucketOf(high))
		require.LessOrEqual(t, float64(high-low), float64(low)/subs, "bucket %d", i)
		low = high + 1
	}
	assert.Equal(t, int64(1)<<maxBits, low)
	assert.Equal(t, buckets-1, bucketOf(math.MaxInt64))
}

// Against sorted samples of many scales, every percentile is right to 1 %.
func TestHistogram_quantiles(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, seed))
		var h Histogram
		var all []int64
		for range 1 + r.IntN(5000) {
			v := int64(math.Exp(r.Float64() * 28))
			h.record(v)
			all = append(all, v)
		}
		slices.Sort(all)
		for _, q := range []float64{0, .1, .5, .9, .99, .999, 1} {
			want := all[max(int(math.Ceil(q*float64(len(all)))), 1)-1]
			got := h.Quantile(q)
			require.GreaterOrEqual(t, int64(got), want)
			require.LessOrEqual(t, float64(got), float64(want)*1.01)
		}
		require.Equal(t, time.Duration(all[len(all)-1]), h.Max())
		require.Equal(t, uint64(len(all)), h.Count())
	}
}

func TestHistogram_edges(t *testing.T) {
	var h Histogram
	assert.Zero(t, h.Quantile(.5))
	assert.Zero(t, h.Mean())
	h.record(-5)
	h.record(10)
	assert.Equal(t, time.Duration(5), h.Mean())
	text, err := json.Marshal(&h)
	require.NoError(t, err)
	assert.JSONEq(t, `{"count":2,"mean_us":0.005,"p50_us":0,"p90_us":0.01,"p99_us":0.01,"p999_us":0.01,"max_us":0.01,"buckets_ns":[[0,1],[10,1]]}`, string(text))
}
