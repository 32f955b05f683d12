package config

import (
	"fmt"
	"strings"
)

// didYouMean returns " (did you mean …?)" for an unknown key below f, or "" when nothing is near.
func didYouMean(f *field, key string) string {
	names := make([]string, len(f.fields))
	for i, s := range f.fields {
		names[i] = s.key
	}
	if best, ok := nearest(key, names); ok {
		return fmt.Sprintf(" (did you mean %s?)", best)
	}
	if path, ok := elsewhere(key); ok {
		return fmt.Sprintf(" (did you mean %s?)", path)
	}
	return fmt.Sprintf(" (known here: %s)", strings.Join(names, ", "))
}

// elsewhere finds the known key in another section whose last part is near.
func elsewhere(key string) (path string, ok bool) {
	best := tolerance(key) + 1
	schema().all(func(f *field) {
		if d := distance(key, f.key, best); d < best {
			best, path, ok = d, f.path, true
		}
	})
	return path, ok
}

// nearest returns the candidate that differs least from s, if any is near enough to be meant.
func nearest(s string, candidates []string) (string, bool) {
	best, found := tolerance(s)+1, ""
	for _, c := range candidates {
		if d := distance(s, c, best); d < best {
			best, found = d, c
		}
	}
	return found, found != ""
}

// tolerance is how many edits a slip of the fingers may take: one in three characters.
func tolerance(s string) int { return max(1, len(s)/3) }

// distance counts the edits between a and b, without regard to case and to - against _, as far as limit.
func distance(a, b string, limit int) int {
	a, b = fold(a), fold(b)
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func fold(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }
