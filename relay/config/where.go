package config

// Where returns where key was set, such as "relay.yaml:12", RELAY_LISTEN or --listen, or else the nearest thing above it
// that was; "" for a default. A key is a dotted path: "filters[0].path".
func (c *Config) Where(key string) string { return c.origin(key) }
