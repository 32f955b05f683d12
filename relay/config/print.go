package config

import (
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Print writes the effective configuration as a relay.yaml that gives it again, each value that is no default with where
// it came from. Secrets are hidden.
func (c *Config) Print(w io.Writer) error {
	p := printer{c.source.origins}
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(p.section(schema(), "", reflect.ValueOf(*c))); err != nil {
		return fmt.Errorf("print configuration: %w", err)
	}
	return enc.Close()
}

type printer struct{ origins map[string]string }

func (p printer) section(f *field, path string, v reflect.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, s := range f.fields {
		if f.inList && v.Field(s.index).IsZero() {
			continue // the part's default
		}
		key := &yaml.Node{Kind: yaml.ScalarNode, Value: s.key}
		value := p.value(s, joinKey(path, s.key), v.Field(s.index))
		if origin := p.origins[joinKey(path, s.key)]; origin != "" && !s.inList && s.shape != section {
			commented := value
			if value.Kind != yaml.ScalarNode && value.Style != yaml.FlowStyle {
				commented = key
			}
			commented.LineComment = origin
		}
		n.Content = append(n.Content, key, value)
	}
	return n
}

func (p printer) value(f *field, path string, v reflect.Value) *yaml.Node {
	switch f.shape {
	case section:
		return p.section(f, path, v)
	case list:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		if v.Len() == 0 || f.item.shape == scalar {
			n.Style = yaml.FlowStyle
		}
		for i := range v.Len() {
			n.Content = append(n.Content, p.value(f.item, fmt.Sprintf("%s[%d]", path, i), v.Index(i)))
		}
		return n
	case free:
		return encoded(hide(v.Interface()))
	}
	return encoded(plain(v.Interface()))
}

// plain returns a scalar as relay.yaml has it.
func plain(v any) any {
	switch v := v.(type) {
	case time.Duration:
		return durationText(v)
	case interface{ MarshalText() ([]byte, error) }: // sizes, and secrets, which hide themselves
		text, _ := v.MarshalText()
		return string(text)
	}
	return v
}

// durationText drops the zeros that time.Duration.String appends: 5m, not 5m0s.
func durationText(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// secretKey matches keys of a filter's configuration that may hold a secret. Hiding too much harms nobody.
var secretKey = regexp.MustCompile(`(?i)(secret|passw|token|key|credential|auth)`)

// hide returns free-form configuration without what may be a secret.
func hide(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			if out[key] = hide(value); secretKey.MatchString(key) {
				out[key] = "[hidden]"
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = hide(item)
		}
		return out
	}
	return v
}

func encoded(v any) *yaml.Node {
	var n yaml.Node
	if err := n.Encode(v); err != nil {
		panic("BUG: configuration value is no YAML: " + err.Error())
	}
	return &n
}
