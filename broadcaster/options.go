package broadcaster

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"eventrelay/relay"
)

// Options are the settings of a Broadcaster. Zero fields mean the defaults.
type Options struct {
	// Slow says what becomes of clients that do not keep up. Default Disconnect.
	Slow Policy `koanf:"slow"`
	// MaxLag is how many bytes of events may wait for one client of a feed before it counts as a slow consumer. The
	// newest event never counts, so that one large event harms nobody. Default 4MiB.
	MaxLag relay.Size `koanf:"max_lag"`
	// MaxLagTime is how long the oldest waiting event may wait for one client; with Latest it may wait without end.
	// Default 10s.
	MaxLagTime time.Duration `koanf:"max_lag_time"`
	// Outbox is how many bytes of private messages (replies, pongs) may wait for one client. Default 64KiB.
	Outbox relay.Size `koanf:"outbox"`
	// Compression is how events are compressed for the deflated wire forms, which it does not switch on or off: a
	// subscription has the form that it asks for.
	Compression relay.Compression `koanf:"-"`
	// Memory is how many bytes all that waits for clients may take. Past it, the slowest clients of the feeds that hold most
	// are treated as past their lag limit, until it suffices. Default 256MiB.
	Memory relay.Size `koanf:"memory"`
	// Log gets a warning, at most one per second, when Memory does not suffice. Default: none.
	Log *slog.Logger `koanf:"-"`
	// Topics are exceptions for some topics. The first that matches counts.
	Topics []Topic `koanf:"-"`
}

// DefaultOptions returns the defaults.
func DefaultOptions() Options {
	return Options{
		Slow: Disconnect, MaxLag: 4 * relay.MiB, MaxLagTime: 10 * time.Second, Outbox: 64 * relay.KiB, Memory: 256 * relay.MiB,
	}
}

// Validate reports all settings that cannot be, at once.
func (o Options) Validate() error {
	var errs []error
	errs = append(errs, o.Slow.validate("slow"), validateTopics(o.Topics))
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
	if o.Memory < 0 {
		errs = append(errs, fmt.Errorf("memory: %v is negative", o.Memory))
	}
	return errors.Join(errs...)
}

func (o Options) withDefaults() Options {
	d := DefaultOptions()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Slow == "" {
		o.Slow = d.Slow
	}
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
	if o.Memory <= 0 {
		o.Memory = d.Memory
	}
	return o
}
