package admin

import (
	"fmt"
	"net"
)

// Options are the settings of the admin listener.
type Options struct {
	// Listen is the address of health, metrics and profiles. Default 127.0.0.1:9090; "off" opens none.
	Listen string `koanf:"listen"`
}

const (
	defaultListen = "127.0.0.1:9090"
	off           = "off"
)

// DefaultOptions returns the defaults.
func DefaultOptions() Options { return Options{Listen: defaultListen} }

// Validate reports all settings that cannot be, at once. Zero fields are no fault.
func (o Options) Validate() error {
	if o.Listen == "" || o.Listen == off {
		return nil
	}
	if _, _, err := net.SplitHostPort(o.Listen); err != nil {
		return fmt.Errorf("listen: %.64q is no address; write host and port, such as %s, or %s", o.Listen, defaultListen, off)
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Listen == "" {
		o.Listen = defaultListen
	}
	return o
}
