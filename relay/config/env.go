package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"eventrelay/relay/nearest"
)

// EnvPrefix begins the names of environment variables that configure the relay.
const EnvPrefix = "RELAY_"

// envTable maps RELAY_WEBSOCKET_PING_INTERVAL to its field. Names are looked up, never split at '_': keys hold some.
var envTable = sync.OnceValue(func() map[string]*field {
	table := map[string]*field{}
	schema().leaves(func(f *field) { table[envName(f.path)] = f })
	return table
})

func envName(path string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// clusterVars are what Kubernetes sets in every pod beside a Service named "relay" or "relay-…". They are not meant for
// us. RELAY_PORT=9000 is none of them: someone means it.
var clusterVars = regexp.MustCompile(
	`^RELAY_([A-Z0-9_]+_)?(SERVICE_HOST=|SERVICE_PORT(_[A-Z0-9_]+)?=|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?=|PORT=(tcp|udp|sctp)://)`)

// environment returns the layer of the RELAY_ variables in environ ("NAME=value"). Names in ignore are someone else's.
func environment(environ, ignore []string, faults *Error) layer {
	l := newLayer()
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, EnvPrefix) || slices.Contains(ignore, name) || clusterVars.MatchString(entry) {
			continue
		}
		f, known := envTable()[name]
		switch {
		case !known:
			faults.add(name, "", "unknown variable%s", nearestEnv(name))
		case value == "":
			faults.add(name, f.path, "is set but empty; give it a value, or unset it")
		default:
			l.setText(f, name, value, faults)
		}
	}
	return l
}

func nearestEnv(name string) string {
	names := make([]string, 0, len(envTable()))
	for n := range envTable() {
		names = append(names, n)
	}
	slices.Sort(names)
	if best, ok := nearest.To(name, names); ok {
		return fmt.Sprintf(" (did you mean %s?)", best)
	}
	return "; `relay check --print` shows the known keys, and RELAY_ and the key's path in capitals is the name"
}

// flags returns the layer of command-line flags, by key path.
func flags(values map[string]any, faults *Error) layer {
	l := newLayer()
	for path, value := range values {
		where := "--" + strings.ReplaceAll(path, "_", "-")
		f := schema().at(path)
		if f == nil || f.shape == section {
			faults.add(where, path, "unknown key%s", didYouMean(schema(), path))
			continue
		}
		switch v := value.(type) {
		case []string:
			l.setNode(f, where, items(v), true, faults)
		default:
			l.setText(f, where, fmt.Sprint(v), faults)
		}
	}
	return l
}

// setText sets f from bare text: a list is separated by commas, or is JSON; so is what has structure.
func (l layer) setText(f *field, where, text string, faults *Error) {
	switch {
	case f.shape == scalar:
		l.setNode(f, where, &yaml.Node{Kind: yaml.ScalarNode, Value: text}, true, faults)
	case f.shape == list && f.item.shape == scalar && !strings.HasPrefix(strings.TrimSpace(text), "["):
		l.setNode(f, where, items(strings.Split(text, ",")), true, faults)
	default:
		// JSON is YAML, but for tabs between tokens.
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(strings.ReplaceAll(text, "\t", " ")), &doc); err != nil || len(doc.Content) == 0 {
			faults.add(where, f.path, "must be a JSON list, such as [%q]", "a")
			return
		}
		l.setNode(f, where, doc.Content[0], false, faults)
	}
}

func (l layer) setNode(f *field, where string, n *yaml.Node, untyped bool, faults *Error) {
	d := &decoder{faults: faults, origins: l.origins, untyped: untyped, where: func(*yaml.Node) string { return where }}
	if v, ok := d.value(f, f.path, n); ok {
		l.set(f.path, v)
	}
}

func items(texts []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, t := range texts {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: strings.TrimSpace(t)})
	}
	return n
}
