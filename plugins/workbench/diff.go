package workbench

import (
	"slices"
	"strings"
)

// DiffLine is one line of what differs. Op is '-' for what is expected and missing, '+' for what is there instead, and
// ' ' for a line beside one of those.
type DiffLine struct {
	Op   byte
	Text string
}

const (
	diffContext = 2       // lines around what differs
	maxDiff     = 1 << 20 // cells of the table; beyond, everything between the first and the last difference differs
)

// diff compares two texts line by line.
func diff(want, got string) []DiffLine {
	a, b := strings.Split(strings.TrimSuffix(want, "\n"), "\n"), strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var all []DiffLine
	for _, l := range a[:head] {
		all = append(all, DiffLine{' ', l})
	}
	all = append(all, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, l := range a[len(a)-tail:] {
		all = append(all, DiffLine{' ', l})
	}
	return around(all)
}

// middle compares what is between the common beginning and the common end, by the longest common subsequence.
func middle(a, b []string) (out []DiffLine) {
	if len(a)*len(b) > maxDiff {
		for _, l := range a {
			out = append(out, DiffLine{'-', l})
		}
		for _, l := range b {
			out = append(out, DiffLine{'+', l})
		}
		return out
	}
	common := subsequence(a, b)
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, DiffLine{' ', a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out = append(out, DiffLine{'-', a[i]})
			i++
		default:
			out = append(out, DiffLine{'+', b[j]})
			j++
		}
	}
	return out
}

// subsequence returns how many lines of a from i on and of b from j on are in common, in order.
func subsequence(a, b []string) [][]int32 {
	common := make([][]int32, len(a)+1)
	for i := range common {
		common[i] = make([]int32, len(b)+1)
	}
	for i := range slices.Backward(a) {
		for j := range slices.Backward(b) {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	return common
}

// around keeps the lines that differ and those near them; "…" stands for what lies between.
func around(all []DiffLine) (out []DiffLine) {
	keep := make([]bool, len(all))
	for i, l := range all {
		if l.Op == ' ' {
			continue
		}
		for j := max(0, i-diffContext); j <= min(len(all)-1, i+diffContext); j++ {
			keep[j] = true
		}
	}
	gap := false
	for i, l := range all {
		switch {
		case keep[i]:
			out, gap = append(out, l), false
		case !gap:
			out, gap = append(out, DiffLine{' ', "…"}), true
		}
	}
	return out
}
