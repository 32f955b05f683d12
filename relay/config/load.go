package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/structs"
	"github.com/knadh/koanf/v2"
	"go.yaml.in/yaml/v3"
)

// LoadOptions say where a configuration comes from.
type LoadOptions struct {
	// Path is the file. Empty: ./relay.yaml if there is one, else no file.
	Path string
	// Environ is the environment, as os.Environ returns it.
	Environ []string
	// Ignore names RELAY_ variables that the program reads itself.
	Ignore []string
	// Flags are the flags that were given, by key path: "websocket.driver". Lists may be []string.
	Flags map[string]any
}

// Load returns the configuration: defaults < file < environment < flags. An *Error holds all that is wrong in them; any
// other error is of reading the file.
func Load(o LoadOptions) (*Config, error) {
	var faults Error
	name, data, err := readFile(o.Path)
	if err != nil {
		return nil, err
	}
	layers := []layer{
		fileLayer(name, data, &faults),
		environment(o.Environ, o.Ignore, &faults),
		flags(o.Flags, &faults),
	}
	c, err := merge(layers)
	if err != nil {
		return nil, err
	}
	c.source.file, c.source.options = name, o
	c.check(&faults)
	if err := faults.err(); err != nil {
		return nil, err
	}
	c.source.warnings = append(c.source.warnings, c.warn()...)
	return c, nil
}

// Again loads the configuration anew from where c came from. A file that has gone or is empty is an error then: it is
// more likely in the middle of being replaced than meant to take every setting away.
func (c *Config) Again() (*Config, error) {
	o := c.source.options
	if c.source.file == "" {
		return Load(o)
	}
	o.Path = c.source.file
	if info, err := os.Stat(o.Path); err == nil && info.Size() == 0 {
		return nil, fmt.Errorf("%s: %w", o.Path, ErrEmpty)
	}
	return Load(o)
}

// ErrEmpty is returned when a file to load again holds nothing.
var ErrEmpty = errors.New("is empty; write a comment to mean the defaults")

// layer holds what one source sets.
type layer struct {
	values  map[string]any // nested by section
	origins map[string]string
}

func newLayer() layer { return layer{map[string]any{}, map[string]string{}} }

// set stores the value of a dotted path.
func (l layer) set(path string, v any) {
	m := l.values
	for {
		key, rest, more := strings.Cut(path, ".")
		if !more {
			m[key] = v
			return
		}
		next, ok := m[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[key] = next
		}
		m, path = next, rest
	}
}

func fileLayer(name string, data []byte, faults *Error) layer {
	l := newLayer()
	root := parse(name, data, faults)
	if root == nil {
		return l
	}
	d := &decoder{
		faults: faults, origins: l.origins, base: filepath.Dir(name),
		where: func(n *yaml.Node) string { return fmt.Sprintf("%s:%d", name, n.Line) },
	}
	if v, ok := d.value(schema(), "", root); ok {
		l.values = v.(map[string]any)
	}
	return l
}

// merge lays the layers over the defaults. The values have the fields' types already, so that nothing is converted
// here, and every key is known; koanf's part is the precedence.
func merge(layers []layer) (*Config, error) {
	k := koanf.New(".")
	if err := k.Load(structs.Provider(Default(), "koanf"), nil); err != nil {
		return nil, fmt.Errorf("load defaults: %w", err)
	}
	c := &Config{source: source{origins: map[string]string{}}}
	for _, l := range layers {
		if err := k.Load(confmap.Provider(l.values, ""), nil); err != nil {
			return nil, fmt.Errorf("merge configuration: %w", err)
		}
		c.source.overlay(l.origins)
	}
	err := k.UnmarshalWithConf("", c, koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{TagName: "koanf", ErrorUnused: true, Result: c}})
	if err != nil {
		return nil, fmt.Errorf("unmarshal configuration: %w", err)
	}
	return c, nil
}

// overlay adds the origins of a higher layer. What it sets replaces a list as a whole.
func (s *source) overlay(origins map[string]string) {
	for path := range origins {
		maps.DeleteFunc(s.origins, func(old, _ string) bool { return strings.HasPrefix(old, path+"[") })
	}
	maps.Copy(s.origins, origins)
}
