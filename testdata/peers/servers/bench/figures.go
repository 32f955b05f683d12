//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
)

// report is what the table needs of what `relay bench --json` says.
type report struct {
	EventsPerS     float64        `json:"events_per_s"`
	DeliveriesPerS float64        `json:"deliveries_per_s"`
	ClientBusy     float64        `json:"client_busy_percent"`
	Unsent         int64          `json:"unsent"`
	Lost           int64          `json:"lost"`
	Duplicated     int64          `json:"duplicated"`
	Reordered      int64          `json:"reordered"`
	Corrupted      int64          `json:"corrupted"`
	Stalls         int64          `json:"stalls"`
	Disconnected   map[string]int `json:"disconnected"`
	Latency        quantiles      `json:"latency"`
	Publish        quantiles      `json:"publish_latency"`
	Connect        struct {
		PerS      float64   `json:"connections_per_s"`
		Handshake quantiles `json:"handshake"`
	} `json:"connect"`
	Server struct {
		CPUPercent       float64 `json:"cpu_percent"`
		CPUPerDelivery   float64 `json:"cpu_us_per_delivery"`
		CPUPerEvent      float64 `json:"cpu_us_per_event"`
		CPUPerHandshake  float64 `json:"cpu_us_per_handshake"`
		RSSPerConnection float64 `json:"rss_bytes_per_connection"`
	} `json:"server"`
	Kernel struct {
		SlabPerConnection float64 `json:"slab_bytes_per_connection"`
	} `json:"kernel"`
}

type quantiles struct {
	P99 float64 `json:"p99_us"`
}

// figures are what a peer did in a workload, over its runs.
type figures struct {
	perSecond, cpu, p99, rss, slab series
	remarks                        []string
}

func newFigures() *figures {
	return &figures{perSecond: series{}, cpu: series{}, p99: series{}, rss: series{}, slab: series{}}
}

// add takes a run in. A run that failed has no figures but is told.
func (f *figures) add(r *result, w *workload) {
	f.remarks = append(f.remarks, r.remarks(w)...)
	c := r.Client
	if c == nil {
		return
	}
	perSecond, cpu, p99 := c.DeliveriesPerS, c.Server.CPUPerDelivery, c.Latency.P99
	switch w.unit {
	case handshake:
		perSecond, cpu, p99 = c.Connect.PerS, c.Server.CPUPerHandshake, c.Connect.Handshake.P99
		f.slab.add(r.Run, c.Kernel.SlabPerConnection/1024)
	case event:
		perSecond, cpu, p99 = c.EventsPerS, c.Server.CPUPerEvent, c.Publish.P99
	}
	f.perSecond.add(r.Run, perSecond)
	f.cpu.add(r.Run, cpu)
	f.p99.add(r.Run, p99/1000)
	f.rss.add(r.Run, c.Server.RSSPerConnection/1024)
}

// remarks tells in words what a run got wrong, such as what was promised to every client and did not come, and whether it
// was the client that could not do more.
func (r *result) remarks(w *workload) []string {
	if r.Client == nil {
		return []string{fmt.Sprintf("run %d failed", r.Run)}
	}
	var words []string
	c := r.Client
	if w.unit == "" && c.DeliveriesPerS == 0 {
		words = append(words, fmt.Sprintf("run %d: nothing came in the measured time", r.Run))
	}
	if c.ClientBusy > 95 && c.Server.CPUPercent < 90 {
		words = append(words, fmt.Sprintf("run %d: the client was the limit", r.Run))
	}
	if r.Dropped > 0 {
		words = append(words, fmt.Sprintf("run %d: the kernel dropped %d packets, something else used the cores", r.Run, r.Dropped))
	}
	for _, count := range []struct {
		n    int64
		what string
	}{
		{c.Lost, "lost"},
		{c.Duplicated, "twice"},
		{c.Reordered, "out of order"},
		{c.Corrupted, "broken"},
		{c.Unsent, "not taken in time"},
		{c.Stalls, "stalls"},
	} {
		if count.n > 0 {
			words = append(words, fmt.Sprintf("run %d: %d %s", r.Run, count.n, count.what))
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(c.Disconnected)) {
		words = append(words, fmt.Sprintf("run %d: %d cut off (%s)", r.Run, c.Disconnected[reason], reason))
	}
	return words
}

// line says in a line how a run went.
func (r *result) line() string {
	if r.Client == nil {
		return "failed: " + strings.Join(strings.Fields(r.Error), " ")
	}
	w := find(workloads, func(w *workload) bool { return w.id == r.Workload })
	if w == nil {
		return ""
	}
	f := newFigures()
	f.add(r, w)
	text := fmt.Sprintf("%s/s, %s µs, p99 %s ms, CPU %.0f %%", f.perSecond, f.cpu, f.p99, r.Client.Server.CPUPercent)
	return strings.Join(append([]string{text}, f.remarks...), "; ")
}

// readResult reads a run's file. What the client said stays raw in the file, and is read here.
func readResult(file string) (*result, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("the run left no result: %w", err)
		}
		return nil, err
	}
	r := &result{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if r.Raw != nil {
		r.Client = &report{}
		if err := json.Unmarshal(r.Raw, r.Client); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return r, nil
}
