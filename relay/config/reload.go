package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// live lists the keys, or beginnings of keys, that a running relay can change.
var live = []string{
	"filters", "auth.", "insecure_public", "topics", "fanout.slow", "fanout.max_lag", "fanout.max_lag_time", "fanout.memory", "log.level", "shutdown.",
}

// NeedsRestart returns the keys that differ between the running configuration and the next one and that a reload can't
// change.
func NeedsRestart(running, next *Config) (keys []string) {
	schema().changed(reflect.ValueOf(*running), reflect.ValueOf(*next), func(path string) {
		if !slices.ContainsFunc(live, func(l string) bool { return path == l || strings.HasPrefix(path, l) && strings.HasSuffix(l, ".") }) {
			keys = append(keys, path)
		}
	})
	return keys
}

func (f *field) changed(a, b reflect.Value, yield func(path string)) {
	if f.shape != section {
		if !reflect.DeepEqual(a.Interface(), b.Interface()) {
			yield(f.path)
		}
		return
	}
	for _, s := range f.fields {
		s.changed(a.Field(s.index), b.Field(s.index), yield)
	}
}

// With returns the configuration that runs after a reload to next: c with what can change taken from next.
func (c *Config) With(next *Config) *Config {
	out := *c
	out.Filters, out.Auth, out.InsecurePublic = next.Filters, next.Auth, next.InsecurePublic
	out.Topics = next.Topics
	out.Fanout = next.Fanout
	out.Fanout.Outbox = c.Fanout.Outbox
	out.Log.Level, out.Shutdown = next.Log.Level, next.Shutdown
	out.source = next.source
	return &out
}

// CheckOpen returns an error when c, as With gave it, would leave the relay open to other machines without anyone having
// said so: the addresses stay until a restart, and the auth that next has may be meant for others.
func (c *Config) CheckOpen() error {
	var faults Error
	c.checkAddresses(&faults)
	if err := faults.err(); err != nil {
		return fmt.Errorf("%w (addresses change at a restart only)", err)
	}
	return nil
}
