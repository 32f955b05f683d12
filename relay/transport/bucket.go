package transport

import "time"

// bucket is a token bucket kept as one time (the generic cell rate algorithm): the moment at which it will be full
// again. The zero value is full.
type bucket struct{ full time.Duration }

// rate is one token per Every, and Burst of them at once.
type rate struct {
	Every time.Duration
	Burst int
}

// take takes a token at time now and reports whether there was one.
func (b *bucket) take(now time.Duration, r rate) bool { return b.charge(now, r, 1) }

// charge takes some tokens, or a part of one, at time now, and reports whether there were so many.
func (b *bucket) charge(now time.Duration, r rate, tokens float64) bool {
	full := max(b.full, now) + time.Duration(tokens*float64(r.Every))
	if full-now > time.Duration(r.Burst)*r.Every {
		return false
	}
	b.full = full
	return true
}
