package relay

import (
	"cmp"
	"errors"
	"fmt"
)

// Compression are the settings of permessage-deflate (RFC 7692). Zero fields but Enabled mean the defaults.
type Compression struct {
	// Enabled says whether clients that offer compression get it. Default false.
	Enabled bool `koanf:"enabled"`
	// Level is how hard events are compressed, from 1 (fast) to 9 (small). Default 1.
	Level int `koanf:"level"`
	// MinSize is the smallest message that is compressed. Default 256B.
	MinSize Size `koanf:"min_size"`
}

// DefaultCompression returns the defaults.
func DefaultCompression() Compression { return Compression{Level: 1, MinSize: 256} }

// Validate reports all settings that cannot be, at once, by the names of their keys in section compression.
func (c Compression) Validate() error {
	c = c.WithDefaults()
	var errs []error
	if c.Level < 1 || c.Level > 9 {
		errs = append(errs, fmt.Errorf("compression.level: %d is not between 1 and 9", c.Level))
	}
	if c.MinSize < 0 {
		errs = append(errs, fmt.Errorf("compression.min_size: %v is negative", c.MinSize))
	}
	return errors.Join(errs...)
}

// WithDefaults fills in what is zero.
func (c Compression) WithDefaults() Compression {
	d := DefaultCompression()
	c.Level = cmp.Or(c.Level, d.Level)
	c.MinSize = cmp.Or(c.MinSize, d.MinSize)
	return c
}
