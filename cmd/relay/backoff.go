package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// backoff spaces attempts: each waits a random time (so that clients that were cut together do not come back together)
// of up to twice as much as the last, between min and max. The zero value with min and max set is ready.
type backoff struct {
	min, max time.Duration
	next     time.Duration
}

// delay returns how long to wait before the next attempt, at least atLeast.
func (b *backoff) delay(atLeast time.Duration) time.Duration {
	b.next = min(max(b.next*2, b.min), b.max)
	return max(b.next/2+rand.N(b.next/2+1), atLeast)
}

// reset is for after a success.
func (b *backoff) reset() { b.next = 0 }

// sleep waits for d, or returns the cause of ctx's end.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// retryAfterHeader returns the wait that an answer asks for, at most an hour; 0 if it asks for none in seconds.
func retryAfterHeader(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, 3600)) * time.Second
}
