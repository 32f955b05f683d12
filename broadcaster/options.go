package broadcaster

import (
	"errors"
	"fmt"
	"time"

	"eventrelay/relay"
)

// Options are the settings of a Broadcaster. Zero fields mean the defaults.
type Options struct {
	// MaxLag is how many bytes of events may wait for one client of a feed before it counts as a slow consumer. The
	// newest event never counts, so that one large event harms nobody. Default 4MiB.
	MaxLag relay.Size `koanf:"max_lag"`
	// MaxLagTime is how long the oldest waiting event may wait for one client. Default 10s.
	MaxLagTime time.Duration `koanf:"max_lag_time"`
	// Outbox is how many bytes of private messages (replies, pongs) may wait for one client. Default 64KiB.
	Outbox relay.Size `koanf:"outbox"`
	// Compression is how events are compressed for the deflated wire forms, which it does not switch on or off: a
	// subscription has the form that it asks for.
	Compression relay.Compression `koanf:"-"`
}

// DefaultOptions returns the defaults.
func DefaultOptions() Options {
	return Options{MaxLag: 4 * relay.MiB, MaxLagTime: 10 * time.Second, Outbox: 64 * relay.KiB}
}

// Validate reports all settings that cannot be, at once.
func (o Options) Validate() error {
	var errs []error
	if o.MaxLag < 0 {
		errs = append(errs, fmt.Errorf("max_lag: %v is negative", o.MaxLag))
	}
	if o.MaxLagTime < 0 {
		errs = append(errs, fmt.Errorf("max_lag_time: %v is negative", o.MaxLagTime))
	}
	if o.Outbox < 0 {
		errs = append(errs, fmt.Errorf("outbox: %v is negative", o.Outbox))
	}
	errs = append(errs, o.Compression.Validate())
	return errors.Join(errs...)
}

func (o Options) withDefaults() Options {
	d := DefaultOptions()
	if o.MaxLag <= 0 {
		o.MaxLag = d.MaxLag
	}
	if o.MaxLagTime <= 0 {
		o.MaxLagTime = d.MaxLagTime
	}
	if o.Outbox <= 0 {
		o.Outbox = d.Outbox
	}
	if o.Compression = o.Compression.WithDefaults(); o.Compression.Validate() != nil {
		o.Compression = relay.DefaultCompression()
	}
	return o
}
