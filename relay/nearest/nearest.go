// Package nearest finds the name that was most likely meant where an unknown one was written, for errors that say so.
package nearest

import "strings"

// To returns the candidate that differs least from s, if any is near enough to be meant.
func To(s string, candidates []string) (string, bool) {
	best, found := Tolerance(s)+1, ""
	for _, c := range candidates {
		if d := Distance(s, c, best); d < best {
			best, found = d, c
		}
	}
	return found, found != ""
}

// Tolerance is how many edits a slip of the fingers may take: one in three characters.
func Tolerance(s string) int { return max(1, len(s)/3) }

// Distance counts the edits between a and b, without regard to case and to - against _, as far as limit.
func Distance(a, b string, limit int) int {
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
