package plugins

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"eventrelay/relay"
)

// Bounds of what can be configured.
const (
	maxFilters   = 64 // a set of filters is one word, see match.go
	maxName      = 64
	maxLanes     = 1024
	maxHooks     = 1 << 20
	pageSize     = 64 * relay.KiB
	maxMemory    = 2 * relay.GiB // ABI v1: pointers stay below 2 GiB
	maxCallTime  = time.Minute   // a call holds its lane
	maxEmitCount = maxEmitsPerEvent
	maxConfig    = relay.MiB
	maxInline    = 64 * relay.KiB
	scriptMemory = 2 * relay.MiB // QuickJS alone takes 1.2 MiB

	maxFailures    = 100_000
	maxQuarantined = 10_000

	maxTableEntries = 131_072        // package meter has no more
	maxStack        = 16 * relay.MiB // wazero's own stack ends at some 50 MB, which the meter's count must not reach
	maxBlocks       = 100_000        // compiling those takes minutes
	maxCount        = 10_000_000
)

// Validate reports every fault of the options and the chain at once, each with what to write instead. Zero values mean
// defaults and are valid. It opens no file.
func Validate(o Options, filters []Filter) error {
	errs := []error{o.validate()}
	if len(filters) > maxFilters {
		errs = append(errs, fmt.Errorf("filters: %d filters; a chain has at most %d", len(filters), maxFilters))
	}
	seen := make(map[string]int, len(filters))
	for i := range filters {
		f := &filters[i]
		at := fmt.Sprintf("filters[%d]", i)
		if first, twice := seen[f.Name]; twice && f.Name != "" {
			errs = append(errs, fmt.Errorf("%s.name: %q is also the name of filters[%d]; names are unique", at, f.Name, first))
		} else {
			seen[f.Name] = i
		}
		errs = append(errs, f.validate(at))
	}
	return errors.Join(errs...)
}

func (o Options) validate() error {
	return errors.Join(
		inRange("lanes", o.Lanes, 0, maxLanes),
		inRange("queue", o.Queue, 0, 1<<50),
		inRange("max_event", o.MaxEvent, 0, relay.GiB),
		inRange("max_module", o.MaxModule, 0, relay.GiB),
		inRange("event_time", o.EventTime, 0, time.Hour),
		inRange("max_hooks", o.MaxHooks, 0, maxHooks),
		inRange("init_timeout", o.InitTimeout, 0, time.Hour),
	)
}

func (f *Filter) validate(at string) error {
	errs := []error{
		checkName(at, f.Name),
		oneOf(at+".on_error", f.OnError, "", dropOnError, passOnError),
		f.Limits.validate(at + ".limits."),
		inRange(at+".breaker.failures", f.Breaker.Failures, 0, maxFailures),
		inRange(at+".breaker.window", f.Breaker.Window, 0, time.Hour),
		inRange(at+".breaker.probe", f.Breaker.Probe, 0, time.Hour),
		inRange(at+".quarantine.events", f.Quarantine.Events, 0, maxQuarantined),
		inRange(at+".quarantine.bytes", f.Quarantine.Bytes, 0, relay.GiB),
		checkSum(at, f.SHA256),
		checkReset(at, f.Reset),
		checkConfig(at, f.Config),
		f.checkOrigin(at),
	}
	for j, p := range f.Topics {
		if _, err := relay.ParsePattern(string(p)); err != nil {
			errs = append(errs, fmt.Errorf("%s.topics[%d]: %w", at, j, err))
		}
	}
	for j, s := range f.Sources {
		errs = append(errs, oneOf(fmt.Sprintf("%s.sources[%d]", at, j), s, relay.Published.String(), relay.Inbound.String()))
	}
	for j, a := range f.Allow {
		errs = append(errs, oneOf(fmt.Sprintf("%s.allow[%d]", at, j), a, grantNames...))
	}
	return errors.Join(errs...)
}

func (l *Limits) validate(at string) error {
	return errors.Join(
		inRange(at+"time", l.Time, 0, maxCallTime),
		inRange(at+"init", l.Init, 0, time.Hour),
		inRange(at+"fuel", l.Fuel, 0, math.MaxInt),
		checkMemory(at, l.Memory),
		inRange(at+"table", l.Table, 0, maxTableEntries),
		inRange(at+"stack", l.Stack, 0, maxStack),
		inRange(at+"output", l.Output, 0, relay.GiB),
		inRange(at+"emits", l.Emits, 0, maxEmitCount),
		inRange(at+"log", l.Log, 0, relay.GiB),
		inRange(at+"log_rate", l.LogRate, 0, relay.GiB),
		inRange(at+"kv", l.KV, 0, relay.GiB),
		inRange(at+"module", l.Module, 0, relay.GiB),
		inRange(at+"body", l.Body, 0, relay.GiB),
		inRange(at+"blocks", l.Blocks, 0, maxBlocks),
		inRange(at+"locals", l.Locals, 0, maxCount),
		inRange(at+"functions", l.Functions, 0, maxCount),
		inRange(at+"compile_time", l.CompileTime, 0, time.Hour),
		inRange(at+"compile_memory", l.CompileMemory, 0, relay.GiB),
	)
}

func checkName(at, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%s.name: is missing; logs, metrics and answers call the filter by it", at)
	case len(name) > maxName:
		return fmt.Errorf("%s.name: %.32q… is longer than %d bytes", at, name, maxName)
	case strings.IndexFunc(name, func(r rune) bool { return !isNameRune(r) }) >= 0:
		return fmt.Errorf("%s.name: %q; write letters, digits, '-', '_' and '.' only", at, name)
	}
	return nil
}

func isNameRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.", r)
}

func checkSum(at, sum string) error {
	if raw, err := hex.DecodeString(sum); sum != "" && (err != nil || len(raw) != sha256.Size) {
		return fmt.Errorf("%s.sha256: %.80q; write the 64 digits that sha256sum prints", at, sum)
	}
	return nil
}

func checkMemory(at string, m relay.Size) error {
	if m != 0 && (m < pageSize || m > maxMemory) {
		return fmt.Errorf("%smemory: %v; write %v to %v", at, m, pageSize, maxMemory)
	}
	return nil
}

func checkConfig(at string, config map[string]any) error {
	text, err := json.Marshal(config)
	switch {
	case err != nil:
		return fmt.Errorf("%s.config: cannot be written as JSON: %w", at, err)
	case relay.Size(len(text)) > maxConfig:
		return fmt.Errorf("%s.config: %d bytes as JSON; at most %v", at, len(text), maxConfig)
	}
	return nil
}

// inRange accepts low to high, of which 0 means the default.
func inRange[T int | relay.Size | time.Duration](key string, v, low, high T) error {
	if v < low || v > high {
		return fmt.Errorf("%s: %v; write a value up to %v, or leave it out for the default", key, v, high)
	}
	return nil
}

func oneOf(key, v string, want ...string) error {
	if slices.Contains(want, v) {
		return nil
	}
	words := slices.DeleteFunc(slices.Clone(want), func(s string) bool { return s == "" })
	return fmt.Errorf("%s: %.32q; write %s", key, v, strings.Join(words, " or "))
}
