// Package config reads relay.yaml, the environment and flags into one Config, strictly: a key or value that can't be
// meant is an error that says where it stands and what to write. It owns the layering, the checks that span parts, and
// what a reload may change; each part owns its options and their own checks. It opens no listener and no module.
//
//	relay.yaml → YAML nodes → values by the struct tags' table (each fault with file:line) ┐
//	RELAY_… → the same table ──────────────────────────────────────────────────────────────┼→ koanf: defaults < file <
//	flags → the same table ────────────────────────────────────────────────────────────────┘  environment < flags → Config
package config

import (
	"time"

	"eventrelay/broadcaster"
	"eventrelay/plugins"
	"eventrelay/relay/admin"
	"eventrelay/relay/auth"
	"eventrelay/relay/ingest"
	"eventrelay/relay/transport"
)

// Config is the whole configuration: each part's options under its key.
type Config struct {
	// Listen is the public address, for WebSocket and publishing. Default 127.0.0.1:8080.
	Listen string `koanf:"listen"`
	// InsecurePublic lets Listen and admin.listen be reachable from other machines without auth. Default false.
	InsecurePublic bool `koanf:"insecure_public"`

	Admin     admin.Options       `koanf:"admin"`
	WebSocket transport.Options   `koanf:"websocket"`
	Publish   ingest.Options      `koanf:"publish"`
	Fanout    broadcaster.Options `koanf:"fanout"`
	// Topics are settings for some topics, in order.
	Topics  []broadcaster.Topic `koanf:"topics"`
	Plugins plugins.Options     `koanf:"plugins"`
	// Filters is the chain, in order.
	Filters  []plugins.Filter `koanf:"filters"`
	Auth     auth.Options     `koanf:"auth"`
	Log      Log              `koanf:"log"`
	Shutdown Shutdown         `koanf:"shutdown"`

	source source
}

// Log says what is logged, and how.
type Log struct {
	// Level is the least that is logged: debug, info, warn or error. Default info.
	Level string `koanf:"level"`
	// Format is text or json. Default text.
	Format string `koanf:"format"`
}

// Shutdown says how the relay stops.
type Shutdown struct {
	// Drain is how long stopping may take: what was accepted is delivered, and the close frames are spread over the
	// rest, so that clients don't all come back in the same moment. Default 30s.
	Drain time.Duration `koanf:"drain"`
}

// source is where a Config came from.
type source struct {
	options  LoadOptions
	file     string            // "" when no file was read
	origins  map[string]string // key path → "relay.yaml:12", "RELAY_LISTEN", "--listen"; defaults are not in it
	warnings []string
}

// Default returns the configuration of a relay that is told nothing.
func Default() *Config {
	return &Config{
		Listen:    "127.0.0.1:8080",
		Admin:     admin.DefaultOptions(),
		WebSocket: transport.DefaultOptions(),
		Publish:   ingest.DefaultOptions(),
		Fanout:    broadcaster.DefaultOptions(),
		Plugins:   plugins.DefaultOptions(),
		Log:       Log{Level: "info", Format: "text"},
		Shutdown:  Shutdown{Drain: 30 * time.Second},
	}
}

// Broadcaster returns the options of the fan-out: those under its own key and those per topic.
func (c *Config) Broadcaster() broadcaster.Options {
	o := c.Fanout
	o.Topics = c.Topics
	return o
}

// File returns the path of the file that was read, or "" when there was none.
func (c *Config) File() string { return c.source.file }

// Warnings says what is allowed but unwise, one sentence each, without secrets.
func (c *Config) Warnings() []string { return c.source.warnings }
