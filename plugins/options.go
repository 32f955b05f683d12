package plugins

import (
	"cmp"
	"runtime"
	"time"

	"eventrelay/relay"
)

// Options are the settings of the filter host. Zero fields mean the defaults.
type Options struct {
	// Lanes is the number of pipeline workers, each with its own instance of every filter. Default: GOMAXPROCS.
	Lanes int `koanf:"lanes"`
	// Queue is how many bytes of events may wait for the filters, over all lanes; each lane has an equal share, so
	// that a slow topic does not take the room of others. Default 64MiB.
	Queue relay.Size `koanf:"queue"`
	// MaxEvent is the largest payload that a filter may answer, and the most bytes that one call may emit. Default 1MiB.
	MaxEvent relay.Size `koanf:"max_event"`
	// MaxModule is the largest module file. Default 8MiB.
	MaxModule relay.Size `koanf:"max_module"`
	// InitTimeout is how long a module may take to start (start function, _initialize, relay_init). Default 5s.
	InitTimeout time.Duration `koanf:"init_timeout"`
}

// DefaultOptions returns the defaults. Lanes, which depends on the machine, stays zero.
func DefaultOptions() Options {
	return Options{Queue: 64 * relay.MiB, MaxEvent: relay.MiB, MaxModule: 8 * relay.MiB, InitTimeout: 5 * time.Second}
}

func (o Options) withDefaults() Options {
	d := DefaultOptions()
	o.Lanes = cmp.Or(o.Lanes, runtime.GOMAXPROCS(0))
	o.Queue = cmp.Or(o.Queue, d.Queue)
	o.MaxEvent = cmp.Or(o.MaxEvent, d.MaxEvent)
	o.MaxModule = cmp.Or(o.MaxModule, d.MaxModule)
	o.InitTimeout = cmp.Or(o.InitTimeout, d.InitTimeout)
	return o
}

// Filter is one filter of the chain.
type Filter struct {
	// Name is how logs, metrics and answers call the filter: letters, digits, '-', '_' and '.', unique in the chain.
	Name string `koanf:"name"`
	// Path is the module file.
	Path string `koanf:"path"`
	// Topics are the patterns of topics the filter sees. Default: every topic.
	Topics []relay.Pattern `koanf:"topics"`
	// Sources are "published", "inbound" or both. Default: both.
	Sources []string `koanf:"sources"`
	// Config is handed to the guest as JSON. Default {}.
	Config map[string]any `koanf:"config"`
	// OnError says what becomes of an event on which the filter fails: "drop" (the default) or "pass".
	OnError string `koanf:"on_error"`
	// Limits bound one instance.
	Limits Limits `koanf:"limits"`
	// Allow grants host functions: kv, now, random, metric. log, reason and emit are always there.
	Allow []string `koanf:"allow"`
}

// Limits bound one filter instance. Zero fields mean the defaults.
type Limits struct {
	// Time is how long one call may run. On Linux, time in which a busy machine does not let it run is not counted, up
	// to ten times as long; elsewhere it is. Default 10ms.
	Time time.Duration `koanf:"time"`
	// Memory is the most linear memory of one instance, counted in pages of 64KiB. Default 16MiB.
	Memory relay.Size `koanf:"memory"`
	// Emits is how many events one call may emit. Default 64.
	Emits int `koanf:"emits"`
}

func (l Limits) withDefaults() Limits {
	l.Time = cmp.Or(l.Time, 10*time.Millisecond)
	l.Memory = cmp.Or(l.Memory, 16*relay.MiB)
	l.Emits = cmp.Or(l.Emits, 64)
	return l
}

const (
	passOnError = "pass"
	dropOnError = "drop"
)
