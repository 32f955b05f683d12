package plugins

import (
	"cmp"
	"runtime"
	"time"

	"eventrelay/plugins/meter"
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
	// EventTime is how long the filters may run for one event, and for what is emitted from it, all calls together, so that
	// none holds up the others of its lane for longer; counted as Limits.Time is. It is at least the longest Limits.Time of
	// the chain. Default 100ms.
	EventTime time.Duration `koanf:"event_time"`
	// MaxHooks is how many connections may wait for the filters, and as many subscriptions, over all lanes; each lane has an
	// equal share. Beyond it clients are refused (503). Default 1024.
	MaxHooks int `koanf:"max_hooks"`
	// InitTimeout is how long a module may take to start (start function, _initialize, relay_init). Default 5s.
	InitTimeout time.Duration `koanf:"init_timeout"`
}

// DefaultOptions returns the defaults. Lanes, which depends on the machine, stays zero.
func DefaultOptions() Options {
	return Options{Queue: 64 * relay.MiB, MaxEvent: relay.MiB, MaxModule: 8 * relay.MiB, MaxHooks: 1024, EventTime: 100 * time.Millisecond, InitTimeout: 5 * time.Second}
}

func (o Options) withDefaults() Options {
	d := DefaultOptions()
	o.Lanes = cmp.Or(o.Lanes, runtime.GOMAXPROCS(0))
	o.Queue = cmp.Or(o.Queue, d.Queue)
	o.MaxEvent = cmp.Or(o.MaxEvent, d.MaxEvent)
	o.MaxModule = cmp.Or(o.MaxModule, d.MaxModule)
	o.EventTime = cmp.Or(o.EventTime, d.EventTime)
	o.MaxHooks = cmp.Or(o.MaxHooks, d.MaxHooks)
	o.InitTimeout = cmp.Or(o.InitTimeout, d.InitTimeout)
	return o
}

// Filter is one filter of the chain.
type Filter struct {
	// Name is how logs, metrics and answers call the filter: letters, digits, '-', '_' and '.', unique in the chain.
	Name string `koanf:"name"`
	// Path is the module file. A filter has exactly one of Path, Script, Inline and Use.
	Path string `koanf:"path"`
	// Script is a file of JavaScript, an ES module whose default export is called with each event.
	Script string `koanf:"script"`
	// Inline is JavaScript itself: a function, such as "event => event.data.price > 100", or a module as in Script.
	Inline string `koanf:"inline"`
	// Use names a filter that ships with relay (package eventrelay/testdata/plugins), in place of Path. It is granted what
	// it needs.
	Use string `koanf:"use"`
	// SHA256 pins the module or script: a file with another sum is refused. 64 hexadecimal digits. Default: any file.
	SHA256 string `koanf:"sha256"`
	// Topics are the patterns of topics the filter sees. Default: every topic.
	Topics []relay.Pattern `koanf:"topics"`
	// Sources are "published", "inbound" or both. Default: both.
	Sources []string `koanf:"sources"`
	// Config is handed to the guest as JSON. Default {}.
	Config map[string]any `koanf:"config"`
	// OnError says what becomes of an event on which the filter fails: "drop" (the default) or "pass".
	OnError string `koanf:"on_error"`
	// Reset says when an instance is brought back to where it was after its start: "never" (after a failure a new one is
	// started), "on_error" (the default), or "every N" events, too, which bounds what leaks from event to event and how
	// far memory fragments.
	Reset string `koanf:"reset"`
	// Breaker leaves a filter that fails too often alone for a while.
	Breaker Breaker `koanf:"breaker"`
	// Quarantine keeps the events on which the filter failed.
	Quarantine Quarantine `koanf:"quarantine"`
	// Limits bound one instance.
	Limits Limits `koanf:"limits"`
	// Allow grants host functions: kv, now, random, metric. log, reason and emit are always there, and what a filter that
	// ships needs.
	Allow []string `koanf:"allow"`
}

// Limits bound one filter: its module, its instances and their calls. Zero fields mean the defaults.
type Limits struct {
	// Time is how long one call may run. On Linux, time in which a busy machine does not let it run is not counted, up
	// to ten times as long; elsewhere it is. Default 10ms, and 50ms for a filter that ships.
	Time time.Duration `koanf:"time"`
	// Init is how long an instance may take to start. Default: Options.InitTimeout.
	Init time.Duration `koanf:"init"`
	// Fuel is how many units of fuel, about one per instruction, one call may spend: unlike time it is the same on every
	// machine. Default: as many as it likes.
	Fuel int `koanf:"fuel"`
	// Memory is the most linear memory of one instance, counted in pages of 64KiB. Default 16MiB.
	Memory relay.Size `koanf:"memory"`
	// Table is the most entries of one table. Default 10000.
	Table int `koanf:"table"`
	// Stack is the most that calls within the guest may nest, as bytes of their frames. Default 1MiB.
	Stack relay.Size `koanf:"stack"`
	// Output is the largest payload that one call may answer. Default: Options.MaxEvent.
	Output relay.Size `koanf:"output"`
	// Emits is how many events one call may emit. Default 64.
	Emits int `koanf:"emits"`
	// Log is how many bytes of text one call may write to the log. Default 64KiB.
	Log relay.Size `koanf:"log"`
	// LogRate is how many bytes all instances together may write to the log in a second. Default 64KiB.
	LogRate relay.Size `koanf:"log_rate"`
	// KV is how many bytes the key-value store may hold. Default 1MiB.
	KV relay.Size `koanf:"kv"`
	// Module is the largest module file. Default: Options.MaxModule.
	Module relay.Size `koanf:"module"`
	// Body is the largest function, since compiling one takes quadratic time. Default 64KiB.
	Body relay.Size `koanf:"body"`
	// Blocks is the most basic blocks of one function, of which compiling time is the square. Default 4000.
	Blocks int `koanf:"blocks"`
	// Locals is the most locals of one function. Default 10000.
	Locals int `koanf:"locals"`
	// Functions is the most functions of the module. Default 25000.
	Functions int `koanf:"functions"`
	// CompileTime is how long compiling the module may take, by an estimate that is made before. Default 15s.
	CompileTime time.Duration `koanf:"compile_time"`
	// CompileMemory is the most memory that compiling the module may take, by an estimate that is made before. Default
	// 160MiB: an idle relay in a container of 256MiB lives through it.
	CompileMemory relay.Size `koanf:"compile_memory"`
}

// DefaultLimits returns what zero fields mean, given the options.
func DefaultLimits(o Options) Limits { return Limits{}.withDefaults(o.withDefaults()) }

func (l Limits) withDefaults(o Options) Limits {
	l.Time = cmp.Or(l.Time, 10*time.Millisecond)
	l.Init = cmp.Or(l.Init, o.InitTimeout)
	l.Memory = cmp.Or(l.Memory, 16*relay.MiB)
	l.Table = cmp.Or(l.Table, 10_000)
	l.Stack = cmp.Or(l.Stack, relay.MiB)
	l.Output = cmp.Or(l.Output, o.MaxEvent)
	l.Emits = cmp.Or(l.Emits, 64)
	l.Log = cmp.Or(l.Log, 64*relay.KiB)
	l.LogRate = cmp.Or(l.LogRate, 64*relay.KiB)
	l.KV = cmp.Or(l.KV, relay.MiB)
	l.Module = cmp.Or(l.Module, o.MaxModule)
	l.Body = cmp.Or(l.Body, 64*relay.KiB)
	l.Blocks = cmp.Or(l.Blocks, 4_000)
	l.Locals = cmp.Or(l.Locals, 10_000)
	l.Functions = cmp.Or(l.Functions, 25_000)
	l.CompileTime = cmp.Or(l.CompileTime, 15*time.Second)
	l.CompileMemory = cmp.Or(l.CompileMemory, 160*relay.MiB)
	return l
}

// Breaker says when a filter that fails is left alone: while the breaker is open, events are treated by on_error without
// a call. Zero fields mean the defaults.
type Breaker struct {
	// Failures within Window open the breaker, if they are at least a tenth of the calls since the first of them: a few
	// events that were made to break a filter are no reason to take it from all others. Default 5.
	Failures int `koanf:"failures"`
	// Window is how far back failures count. Default 10s.
	Window time.Duration `koanf:"window"`
	// Probe is how long it stays open before one event is tried. If that fails too, it waits twice as long, up to a
	// minute; if not, the breaker closes. Default 1s.
	Probe time.Duration `koanf:"probe"`
}

// DefaultBreaker returns what zero fields mean.
func DefaultBreaker() Breaker { return Breaker{}.withDefaults() }

func (b Breaker) withDefaults() Breaker {
	b.Failures = cmp.Or(b.Failures, 5)
	b.Window = cmp.Or(b.Window, 10*time.Second)
	b.Probe = cmp.Or(b.Probe, time.Second)
	return b
}

// Quarantine bounds how much is kept of the events on which a filter failed; the newest are. Zero fields mean the defaults.
type Quarantine struct {
	// Events is how many are kept. Default 32.
	Events int `koanf:"events"`
	// Bytes is how much they may take. An event that is larger by itself is kept without its payload. Default 1MiB.
	Bytes relay.Size `koanf:"bytes"`
}

// DefaultQuarantine returns what zero fields mean.
func DefaultQuarantine() Quarantine { return Quarantine{}.withDefaults() }

func (q Quarantine) withDefaults() Quarantine {
	q.Events = cmp.Or(q.Events, 32)
	q.Bytes = cmp.Or(q.Bytes, relay.MiB)
	return q
}

// meter returns what the rewriter is to hold a module to.
func (l *Limits) meter() meter.Limits {
	return meter.Limits{
		ModuleBytes:  int(l.Module),
		MemoryPages:  int(l.Memory / pageSize),
		TableEntries: l.Table,
		StackBytes:   int(l.Stack),
		Functions:    l.Functions,
		BodyBytes:    int(l.Body),
		Blocks:       l.Blocks,
		Locals:       l.Locals,
		CompileTime:  l.CompileTime,
		CompileBytes: int(l.CompileMemory),
	}
}

const (
	passOnError = "pass"
	dropOnError = "drop"
)
