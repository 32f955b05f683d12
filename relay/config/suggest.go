package config

import (
	"fmt"
	"strings"

	"eventrelay/relay/nearest"
)

// didYouMean returns " (did you mean …?)" for an unknown key below f, or "" when nothing is near.
func didYouMean(f *field, key string) string {
	names := make([]string, len(f.fields))
	for i, s := range f.fields {
		names[i] = s.key
	}
	if best, ok := nearest.To(key, names); ok {
		return fmt.Sprintf(" (did you mean %s?)", best)
	}
	if path, ok := elsewhere(key); ok {
		return fmt.Sprintf(" (did you mean %s?)", path)
	}
	return fmt.Sprintf(" (known here: %s)", strings.Join(names, ", "))
}

// elsewhere finds the known key in another section whose last part is near.
func elsewhere(key string) (path string, ok bool) {
	best := nearest.Tolerance(key) + 1
	schema().all(func(f *field) {
		if d := nearest.Distance(key, f.key, best); d < best {
			best, path, ok = d, f.path, true
		}
	})
	return path, ok
}
