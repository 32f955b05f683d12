package relay

import (
	"context"
	"errors"
	"time"
)

// Errors of a PluginControl.
var (
	// ErrNoPlugin is returned when no filter has the given name.
	ErrNoPlugin = errors.New("no filter has this name")
	// ErrNoPrevious is returned when there is no version of a filter to go back to.
	ErrNoPrevious = errors.New("there is no version to go back to: the filter has not changed since the relay was started")
)

// PluginControl is whoever runs the filters, to those who look after them. It is safe for concurrent use.
type PluginControl interface {
	// Plugins reports on every filter, by name.
	Plugins() []PluginStatus
	// Quarantine yields the events on which a filter failed and that are kept, oldest first, each as a line of JSON that
	// ends in a line feed and must not be changed. An empty name means all filters. It returns ErrNoPlugin, or nil.
	Quarantine(name string, yield func(line []byte)) error
	// Rollback puts the version of a filter that ran before the running one in its place. It returns ErrNoPlugin,
	// ErrNoPrevious, or why that version does not start or would not do; then the running one stays. It takes as long as a start.
	Rollback(ctx context.Context, name string) error
}

// PluginStatus is what a filter is and does.
type PluginStatus struct {
	Name       string         `json:"name"`
	Running    PluginVersion  `json:"running"`
	Previous   *PluginVersion `json:"previous,omitempty"` // what a rollback would run
	RolledBack bool           `json:"rolled_back"`        // Previous was left by a rollback
	Breaker    string         `json:"breaker"`            // closed, half-open or open
	Until      *time.Time     `json:"open_until,omitempty"`
	Calls      uint64         `json:"calls"`
	Failures   uint64         `json:"failures"`
	Kept       int            `json:"quarantined"`
	Memory     int64          `json:"memory_bytes"`

	// HooksBreaker is the breaker of the hooks of connections, Breaker that of events; "" when the filter has no such hook.
	HooksBreaker string `json:"hooks_breaker,omitempty"`
}

// PluginVersion is one version of a filter: a module, and the settings that it runs with.
type PluginVersion struct {
	Number uint64 `json:"version"` // counts the versions that were loaded
	Path   string `json:"path"`
	SHA256 string `json:"sha256"` // of the module
}
