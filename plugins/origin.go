package plugins

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"eventrelay/relay"
	shipped "eventrelay/testdata/plugins"
)

// inlineName stands for the file of a script that has none.
const inlineName = "inline"

// Origin says where the filter's code comes from, in a word: its file, "inline", or "use NAME".
func (f *Filter) Origin() string {
	switch {
	case f.Use != "":
		return "use " + f.Use
	case f.Inline != "":
		return inlineName
	}
	return f.File()
}

// File returns the file that the filter's code is in, or "" if it is in none.
func (f *Filter) File() string { return cmp.Or(f.Path, f.Script) }

// OriginKey returns the key of relay.yaml that says where the filter's code comes from.
func (f *Filter) OriginKey() string {
	if given := f.given(); len(given) > 0 {
		return given[0]
	}
	return "path"
}

// given returns the keys that say where the code comes from.
func (f *Filter) given() (keys []string) {
	for _, k := range []struct{ key, value string }{{"path", f.Path}, {"script", f.Script}, {"inline", f.Inline}, {"use", f.Use}} {
		if k.value != "" {
			keys = append(keys, k.key)
		}
	}
	return keys
}

// IsScript reports whether a file is taken for JavaScript, by its name.
func IsScript(file string) bool {
	return strings.HasSuffix(file, ".js") || strings.HasSuffix(file, ".mjs")
}

// checkOrigin reports whether exactly one thing says what the filter's code is.
func (f *Filter) checkOrigin(at string) error {
	given := f.given()
	switch {
	case len(given) > 1:
		return fmt.Errorf("%s.%s: stands beside %s; a filter has exactly one of path, script, inline and use", at, given[1], given[0])
	case len(given) == 0:
		return fmt.Errorf("%s.path: is missing; write the module file, such as filters/redact.wasm, script: and a JavaScript file, inline: and JavaScript, or use: NAME for a filter that ships with relay", at)
	case f.Use != "":
		return f.checkUse(at)
	case IsScript(f.Path):
		return fmt.Errorf("%s.path: %s is JavaScript; write script: in place of path", at, clean(f.Path, maxErrorText))
	case f.Path == "" && f.Limits.Memory != 0 && f.Limits.Memory < scriptMemory:
		return fmt.Errorf("%s.limits.memory: %v; a script takes at least %v", at, f.Limits.Memory, scriptMemory)
	case relay.Size(len(f.Inline)) > maxInline:
		return fmt.Errorf("%s.inline: %d bytes; at most %v, or write script: and a file", at, len(f.Inline), maxInline)
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

// shippedTime is how long a call of a filter that ships may run if nothing else is said. What those take is in proportion to
// the event, some 15 ms for a MiB that was made to be slow.
const shippedTime = 50 * time.Millisecond

// bounds returns the limits, with the defaults.
func (f *Filter) bounds(o Options) Limits {
	l := f.Limits
	if f.Use != "" {
		l.Time = cmp.Or(l.Time, shippedTime)
	}
	return l.withDefaults(o)
}

// granted returns what the filter may do beyond filtering.
func (f *Filter) granted() grants {
	ships, _ := shipped.Find(f.Use)
	return parseGrants(f.Allow) | parseGrants(ships.Allow)
}

// module reads the filter's module or script, at most most bytes of it.
func (f *Filter) module(most relay.Size) (*moduleFile, error) {
	if ships, ok := shipped.Find(f.Use); ok {
		return withPin(f.Origin(), ships.Module(), f.SHA256)
	}
	m, err := f.read(most)
	if err == nil {
		m.script = f.Path == ""
	}
	return m, err
}

func (f *Filter) read(most relay.Size) (*moduleFile, error) {
	if f.Inline != "" {
		return withPin(inlineName, []byte(f.Inline), f.SHA256)
	}
	return readModule(f.File(), most, f.SHA256)
}
