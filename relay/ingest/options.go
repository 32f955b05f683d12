package ingest

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"eventrelay/relay"
)

// Options are the settings of the publish API. Zero fields mean the defaults.
type Options struct {
	// MaxBody is the largest request body; an event can't be larger either. Default 1MiB.
	MaxBody relay.Size `koanf:"max_body"`
	// BodyTimeout is how long a body may take to arrive, in all. Default 10s.
	BodyTimeout time.Duration `koanf:"body_timeout"`
	// MaxBatch is how many events one request may hold. Default 10000.
	MaxBatch int `koanf:"max_batch"`
	// IdempotencyWindow is how long an Idempotency-Key is remembered. Default 5m.
	IdempotencyWindow time.Duration `koanf:"idempotency_window"`
	// IdempotencyKeys is how many keys are remembered; the oldest go first. Default 10000.
	IdempotencyKeys int `koanf:"idempotency_keys"`
}

// DefaultOptions returns the defaults.
func DefaultOptions() Options {
	return Options{
		MaxBody:           relay.MiB,
		BodyTimeout:       10 * time.Second,
		MaxBatch:          10_000,
		IdempotencyWindow: 5 * time.Minute,
		IdempotencyKeys:   10_000,
	}
}

// Validate reports all settings that cannot be, at once. Zero fields are no fault.
func (o Options) Validate() error {
	var errs []error
	check := func(ok bool, key string, got any, rule string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %v is not %s", key, got, rule))
		}
	}
	check(o.MaxBody >= 0 && o.MaxBody <= relay.GiB, "max_body", o.MaxBody, "from 1B to 1GiB")
	check(o.BodyTimeout >= 0, "body_timeout", o.BodyTimeout, "a positive time")
	check(o.MaxBatch >= 0, "max_batch", o.MaxBatch, "a positive number of events")
	check(o.IdempotencyWindow >= 0, "idempotency_window", o.IdempotencyWindow, "a positive time")
	check(o.IdempotencyKeys >= 0, "idempotency_keys", o.IdempotencyKeys, "a positive number of keys")
	return errors.Join(errs...)
}

func (o Options) withDefaults() Options {
	d := DefaultOptions()
	return Options{
		MaxBody:           cmp.Or(o.MaxBody, d.MaxBody),
		BodyTimeout:       cmp.Or(o.BodyTimeout, d.BodyTimeout),
		MaxBatch:          cmp.Or(o.MaxBatch, d.MaxBatch),
		IdempotencyWindow: cmp.Or(o.IdempotencyWindow, d.IdempotencyWindow),
		IdempotencyKeys:   cmp.Or(o.IdempotencyKeys, d.IdempotencyKeys),
	}
}
