package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestBench_numbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", -12: "-12"} {
		assert.Equal(t, want, group(n))
	}
	assert.Equal(t, "1,235", group(1234.6))
	for d, want := range map[time.Duration]string{
		0: "0 µs", 999: "0.999 µs", 1500: "1.50 µs", 32 * time.Millisecond: "32.0 ms", 1200 * time.Millisecond: "1.20 s",
	} {
		assert.Equal(t, want, short(d))
	}
	assert.Equal(t, "1.50 MiB/s", perSecond(3<<20, 2))
}
