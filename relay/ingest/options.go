package ingest

import (
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
