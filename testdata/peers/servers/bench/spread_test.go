//go:build linux

package main

import "testing"

func TestSeries_String(t *testing.T) {
	for _, test := range []struct {
		name string
		s    series
		want string
	}{
		{"nothing", nil, ""},
		{"one run", series{1: 6.3149}, "6.31"},
		{"an odd number of runs", series{1: 3, 2: 1, 5: 2}, "2.00 (1.00–3.00)"},
		{"an even number", series{1: 1, 2: 2, 3: 4, 4: 8}, "3.00 (1.00–8.00)"},
		{"thousands", series{1: 1_234_567}, "1,230,000"},
		{"hundreds", series{1: 512.4}, "512"},
		{"tens", series{1: 51.24}, "51.2"},
		{"thousandths", series{1: 0.04444}, "0.044"},
		{"zero", series{1: 0}, "0"},
	} {
		if got := test.s.String(); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestSeries_over(t *testing.T) {
	got := series{1: 2, 2: 9, 3: 5}.over(series{1: 1, 2: 3, 4: 7})
	if len(got) != 2 || got[1] != 2 || got[2] != 3 {
		t.Errorf("%v: want the ratios of runs 1 and 2", got)
	}
}

func TestSeries_arithmetic(t *testing.T) {
	got := series{1: 5, 2: 7}.plus(series{1: 1, 3: 1}.times(-2))
	if len(got) != 1 || got[1] != 3 {
		t.Errorf("%v: want 5 - 2×1 of run 1 alone", got)
	}
	if m := (series{}).median(); m != 0 {
		t.Errorf("median %v of nothing", m)
	}
}
