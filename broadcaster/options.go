package broadcaster

import (
	"time"

	"eventrelay/relay"
)

// Options are the settings of a Broadcaster. Zero fields mean the defaults.
type Options struct {
	// MaxLag is how many bytes of events may wait for one client of a feed before it counts as a slow consumer. The
	// newest event never counts, so that one large event harms nobody. Default 1MiB.
	MaxLag relay.Size `koanf:"max_lag"`
	// MaxLagTime is how long the oldest waiting event may wait for one client. Default 10s.
	MaxLagTime time.Duration `koanf:"max_lag_time"`
	// Outbox is how many bytes of private messages (replies, pongs) may wait for one client. Default 64KiB.
	Outbox relay.Size `koanf:"outbox"`
}
