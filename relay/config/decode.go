package config

import (
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bounds of what one layer may hold. Aliases are followed, so that the visits count what a bomb of them expands to.
const (
	maxVisits = 100_000
	maxDepth  = 64
	maxItems  = 1_000 // of a list of sections
	maxFaults = 1_000 // then the rest is not looked at: it is no relay.yaml
)

// decoder turns YAML nodes of one layer into values of the schema's types. It goes on after a fault, to report all.
type decoder struct {
	faults  *Error
	origins map[string]string // gets where each value stands
	where   func(*yaml.Node) string
	base    string // directory of relative file names
	untyped bool   // scalars are bare text (environment, flags): their YAML type means nothing
	visits  int
	depth   int
}

func (d *decoder) fault(n *yaml.Node, path, format string, args ...any) (any, bool) {
	d.faults.add(d.where(n), path, format, args...)
	return nil, false
}

// value returns the value of f at path, and false when there is none to use.
func (d *decoder) value(f *field, path string, n *yaml.Node) (any, bool) {
	n, leave, ok := d.enter(path, n)
	if !ok {
		return nil, false
	}
	defer leave()
	d.origins[path] = d.where(n)
	switch {
	case f.shape == section && n.Tag == "!!null":
		return map[string]any{}, true // all keys below it are commented out
	case f.shape == section:
		return d.section(f, path, n)
	case f.shape == list:
		return d.list(f, path, n)
	case f.shape == free:
		return d.free(path, n)
	case n.Kind != yaml.ScalarNode:
		return d.fault(n, path, "must be a single value, such as %s, not %s", f.example(), kindName(n))
	}
	v, problem := d.scalar(f, n)
	if problem != "" {
		return d.fault(n, path, "%s", problem)
	}
	if name, ok := v.(string); ok && f.isFile() && name != "" && !filepath.IsAbs(name) {
		v = filepath.Join(d.base, name)
	}
	return v, true
}

// enter follows an alias and counts the visit.
func (d *decoder) enter(path string, n *yaml.Node) (_ *yaml.Node, leave func(), ok bool) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	d.visits++
	switch {
	case d.visits == maxVisits:
		d.fault(n, path, "there are more than %d values, aliases counted where they are used", maxVisits)
		return n, nil, false
	case d.visits > maxVisits, len(d.faults.Faults) > maxFaults:
		return n, nil, false
	case d.depth == maxDepth:
		d.fault(n, path, "is nested more than %d levels deep", maxDepth)
		return n, nil, false
	case strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!"), n.Tag == "!!binary":
		d.fault(n, path, "has a tag, which means nothing here; put text that begins with ! in quotes") // it may be a secret
		return n, nil, false
	}
	d.depth++
	return n, func() { d.depth-- }, true
}

func (d *decoder) section(f *field, path string, n *yaml.Node) (any, bool) {
	if n.Kind != yaml.MappingNode {
		return d.fault(n, path, "must be a mapping with keys below it, not %s", kindName(n))
	}
	out := map[string]any{}
	d.pairs(path, n, func(key string, at, value *yaml.Node) {
		s := f.sub(key)
		if s == nil {
			d.fault(at, joinKey(path, shorten(key)), "unknown key%s", didYouMean(f, key))
			return
		}
		if v, ok := d.value(s, joinKey(path, key), value); ok {
			out[key] = v
		}
	})
	return out, true
}

// pairs calls yield with each key of a mapping once, and reports keys that are no text or stand twice.
func (d *decoder) pairs(path string, n *yaml.Node, yield func(key string, at, value *yaml.Node)) {
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		at, value := n.Content[i], n.Content[i+1]
		line, twice := seen[at.Value]
		switch {
		case len(d.faults.Faults) > maxFaults:
			return
		case at.Kind == yaml.ScalarNode && at.Tag == "!!merge":
			d.fault(at, path, "merge keys (<<) are not supported; write the keys out")
		case at.Kind != yaml.ScalarNode || at.Tag != "!!str":
			d.fault(at, path, "has a key that is not text; put it in quotes")
		case twice:
			d.fault(at, joinKey(path, shorten(at.Value)), "stands twice; the first is at line %d", line)
		default:
			seen[at.Value] = at.Line
			yield(at.Value, at, value)
		}
	}
}

func (d *decoder) list(f *field, path string, n *yaml.Node) (any, bool) {
	if n.Kind != yaml.SequenceNode {
		return d.fault(n, path, "must be a list, such as %s, not %s", f.example(), kindName(n))
	}
	if f.item.shape == section && len(n.Content) > maxItems {
		return d.fault(n, path, "has %d items; at most %d make sense", len(n.Content), maxItems)
	}
	out := make([]any, 0, len(n.Content))
	for i, item := range n.Content {
		if v, ok := d.value(f.item, fmt.Sprintf("%s[%d]", path, i), item); ok {
			out = append(out, v)
		}
	}
	return out, true
}

// free returns a mapping of any keys, as JSON has it, to be handed on.
func (d *decoder) free(path string, n *yaml.Node) (any, bool) {
	if n.Tag == "!!null" {
		return map[string]any{}, true
	}
	if n.Kind != yaml.MappingNode {
		return d.fault(n, path, "must be a mapping, not %s", kindName(n))
	}
	return d.anything(path, n)
}

func (d *decoder) anything(path string, n *yaml.Node) (any, bool) {
	n, leave, ok := d.enter(path, n)
	if !ok {
		return nil, false
	}
	defer leave()
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		d.pairs(path, n, func(key string, _, value *yaml.Node) {
			if v, ok := d.anything(joinKey(path, key), value); ok {
				out[key] = v
			}
		})
		return out, true
	case yaml.SequenceNode:
		out := []any{}
		for i, item := range n.Content {
			if v, ok := d.anything(fmt.Sprintf("%s[%d]", path, i), item); ok {
				out = append(out, v)
			}
		}
		return out, true
	}
	v, problem := jsonScalar(n)
	if problem != "" {
		return d.fault(n, path, "%s", problem)
	}
	return v, true
}

func kindName(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	}
	return "a single value"
}

// shorten cuts a foreign key for a message.
func shorten(key string) string {
	if len(key) > 64 {
		key = strings.ToValidUTF8(key[:64], "") + "…"
	}
	return strings.Trim(fmt.Sprintf("%q", key), `"`)
}
