// Package shipped holds the filters that ship with relay, compiled: `use: NAME` in relay.yaml. Their sources are beside
// it, and so are their cases. It knows neither the relay nor the host that runs them.
package shipped

import (
	"embed"
	"slices"
	"strings"
)

// Filter is one that ships.
type Filter struct {
	Name   string   `json:"name"`
	About  string   `json:"about"`  // what it does, in a line
	Config string   `json:"config"` // an example, as relay.yaml has it
	Keys   string   `json:"keys"`   // of its configuration, all of them
	Allow  []string `json:"allow"`  // the grants that it needs, and is given
}

//go:embed dedupe/*.wasm enrich/*.wasm match/*.wasm ratelimit/*.wasm redact/*.wasm sample/*.wasm split/*.wasm validate/*.wasm
var modules embed.FS

// Module returns the compiled filter, which may be changed.
func (f Filter) Module() []byte {
	b, err := modules.ReadFile(f.Name + "/" + f.Name + ".wasm")
	if err != nil {
		panic("BUG: " + err.Error()) // of a filter that is not in the table
	}
	return b
}

// Find returns the filter of a name.
func Find(name string) (f Filter, ok bool) {
	i := slices.IndexFunc(filters, func(f Filter) bool { return f.Name == name })
	if i < 0 {
		return f, false
	}
	return filters[i], true
}

// All returns the filters that ship, by name.
func All() []Filter { return slices.Clone(filters) }

// Names returns the names of all, for a message.
func Names() string {
	names := make([]string, len(filters))
	for i, f := range filters {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}
