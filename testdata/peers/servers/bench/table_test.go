//go:build linux

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// save writes a run's file as runOne does, with what a client said, or an error.
func save(t *testing.T, dir, peer, workload string, run int, said string) {
	t.Helper()
	r := &result{Peer: peer, Workload: workload, Run: run, Duration: "5s", Machine: "a machine", Version: peer + " 1.0"}
	r.When = time.Date(2026, 1, 2, 3, 4, run, 0, time.UTC)
	if said == "" {
		r.Error = "the server fell over"
	} else {
		r.Raw = json.RawMessage(said)
	}
	if err := r.write(filepath.Join(dir, workload+"-"+peer+"-"+itoa(run)+".json")); err != nil {
		t.Fatal(err)
	}
}

func TestWriteTable(t *testing.T) {
	dir := t.TempDir()
	fanOut := func(perSecond, cpu, p99, more string) string {
		return `{"deliveries_per_s":` + perSecond + `,"latency":{"p99_us":` + p99 + `},` + more +
			`"server":{"cpu_us_per_delivery":` + cpu + `,"rss_bytes_per_connection":2048},"kernel":{"slab_bytes_per_connection":9000}}`
	}
	save(t, dir, "c", "1a", 1, fanOut("100000", "4", "10000", ""))
	save(t, dir, "c", "1a", 2, fanOut("200000", "8", "20000", ""))
	save(t, dir, "relay", "1a", 1, fanOut("110000", "4.4", "10000", ""))
	save(t, dir, "relay", "1a", 2, fanOut("220000", "8", "20000", `"lost":3,"disconnected":{"4100 too slow":2},`))
	save(t, dir, "bun", "1a", 1, "")
	save(t, dir, "relay", "4", 1, `{"connect":{"connections_per_s":39000,"handshake":{"p99_us":12300}},
		"server":{"cpu_us_per_handshake":14.4,"rss_bytes_per_connection":256},"kernel":{"slab_bytes_per_connection":8192}}`)
	save(t, dir, "relay", "7b", 1, `{"events_per_s":456789,"publish_latency":{"p99_us":500},"server":{"cpu_us_per_event":1.5}}`)

	if err := writeTable(&settings{results: dir}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "table.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"2026-01-02; a machine; `make bench-peers RUNS=2 DURATION=5s`: medians",
		"| relay | 165,000 (110,000–220,000) | 1.10 (1.10–1.10) |  | 6.20 (4.40–8.00) | 1.05 (1.00–1.10) |  | 15.0 (10.0–20.0) | 1.00 (1.00–1.00) |  " +
			"| 2.00 (2.00–2.00) |  | run 2: 2 cut off (4100 too slow); run 2: 3 lost |",
		"| bun |  |  |  |  |  |  |  |  |  |  |  | run 1 failed |",
		"| relay | 39,000 |  |  | 14.4 |  |  | 12.3 |  |  | 0.250 | 8.00 |  |",
		"| relay | 457,000 |  |  | 1.50 |  |  | 0.500 |  |  |  |  |  |",
		"| 1a: CPU per delivery ÷ c | ≤ 1.05 | 1.05 (1.00–1.10) | reached |",
		"| 4: KB of user memory per idle connection | ≤ 0.350 | 0.250 | reached |",
		"| 7b: events/s by NDJSON | ≥ 300,000 | 457,000 | reached |",
		"relay: relay 1.0. ",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
	var columns int
	for line := range strings.Lines(string(text)) {
		if line == "\n" {
			columns = 0
		}
		if n := strings.Count(line, "|"); n > 0 && columns > 0 && n != columns {
			t.Errorf("%d columns, not %d: %s", n, columns, line)
		} else if n > 0 {
			columns = n
		}
	}
}

func TestWriteTable_noResults(t *testing.T) {
	if err := writeTable(&settings{results: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "no results") {
		t.Errorf("%v: want that there are no results", err)
	}
}
