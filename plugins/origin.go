package plugins

import (
	"fmt"
	"slices"
	"strings"

	"eventrelay/relay"
	shipped "eventrelay/testdata/plugins"
)

// Origin says where the filter's code comes from, in a word: its path, or "use NAME".
func (f *Filter) Origin() string {
	if f.Use != "" {
		return "use " + f.Use
	}
	return f.Path
}

// checkOrigin reports whether exactly one thing says what the filter's code is.
func (f *Filter) checkOrigin(at string) error {
	switch {
	case f.Path != "" && f.Use != "":
		return fmt.Errorf("%s.use: stands beside path; a filter has exactly one of them", at)
	case f.Use != "":
		return f.checkUse(at)
	case f.Path == "":
		return fmt.Errorf("%s.path: is missing; write the module file, such as filters/redact.wasm, or use: NAME for a filter that ships with relay", at)
	}
	return nil
}

// checkUse looks for the filter among those that ship. What it needs it is granted without a word in allow; but where
// there is one, it must be enough, lest it seem to hold the filter back.
func (f *Filter) checkUse(at string) error {
	ships, ok := shipped.Find(f.Use)
	if !ok {
		return fmt.Errorf("%s.use: %.64q does not ship with relay; there are %s", at, f.Use, shipped.Names())
	}
	var lacks []string
	for _, need := range ships.Allow {
		if !slices.Contains(f.Allow, need) {
			lacks = append(lacks, need)
		}
	}
	if len(f.Allow) == 0 || len(lacks) == 0 {
		return nil
	}
	return fmt.Errorf("%s.allow: lacks %s, which %s needs; add it, or leave allow out: a filter that ships with relay is granted what it needs",
		at, strings.Join(lacks, " and "), f.Use)
}

// granted returns what the filter may do beyond filtering.
func (f *Filter) granted() grants {
	ships, _ := shipped.Find(f.Use)
	return parseGrants(f.Allow) | parseGrants(ships.Allow)
}

// module reads the filter's module, at most most bytes of it.
func (f *Filter) module(most relay.Size) (*moduleFile, error) {
	if ships, ok := shipped.Find(f.Use); ok {
		return withPin(f.Origin(), ships.Module(), f.SHA256)
	}
	return readModule(f.Path, most, f.SHA256)
}
