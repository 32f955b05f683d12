//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// series are a figure's values by run. A run that has none is not in it.
type series map[int]float64

// add sets the value of a run. Zero is none: nothing that is measured takes no time.
func (s series) add(run int, v float64) {
	if v != 0 {
		s[run] = v
	}
}

// over returns the ratios of runs with the same number, so that what changes between runs cancels out.
func (s series) over(base series) series {
	out := series{}
	for run, v := range s {
		if b, ok := base[run]; ok && b != 0 {
			out[run] = v / b
		}
	}
	return out
}

// plus adds what another series has for the same run.
func (s series) plus(other series) series {
	out := series{}
	for run, v := range s {
		if o, ok := other[run]; ok {
			out[run] = v + o
		}
	}
	return out
}

// times multiplies all values.
func (s series) times(factor float64) series {
	out := series{}
	for run, v := range s {
		out[run] = v * factor
	}
	return out
}

// median returns the value in the middle, or the mean of the two; 0 of nothing.
func (s series) median() float64 {
	v := s.sorted()
	if len(v) == 0 {
		return 0
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

func (s series) sorted() []float64 {
	var values []float64
	for _, v := range s {
		values = append(values, v)
	}
	slices.Sort(values)
	return values
}

// String is the median and, of several runs, the least and the most: "6.31 (6.2–6.5)". Nothing is "".
func (s series) String() string {
	v := s.sorted()
	switch n := len(v); {
	case n == 0:
		return ""
	case n == 1:
		return number(v[0])
	default:
		return fmt.Sprintf("%s (%s–%s)", number(s.median()), number(v[0]), number(v[n-1]))
	}
}

// number writes v with three digits, and thousands apart.
func number(v float64) string {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	digits := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	if digits > 0 {
		return strconv.FormatFloat(v, 'f', min(digits, 3), 64)
	}
	scale := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-2)
	text := strconv.FormatFloat(math.Round(v/scale)*scale, 'f', 0, 64)
	var parts []string
	for len(text) > 3 {
		parts, text = append(parts, text[len(text)-3:]), text[:len(text)-3]
	}
	slices.Reverse(parts)
	return strings.Join(append([]string{text}, parts...), ",")
}
