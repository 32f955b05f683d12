//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// writeTable writes table.md beside the results, from all that are there, and prints it.
func writeTable(s *settings) error {
	files, err := filepath.Glob(filepath.Join(s.results, "*.json"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s: there are no results", s.results)
	}
	var all []*result
	for _, file := range files {
		r, err := readResult(file)
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *result) int { return a.When.Compare(b.When) })
	text := table(all)
	fmt.Print("\n", text)
	return os.WriteFile(filepath.Join(s.results, "table.md"), []byte(text), 0o666)
}

// table renders results, which are in the order of their times.
func table(all []*result) string {
	var b strings.Builder
	first, last := all[0], all[len(all)-1]
	runs := 0
	for _, r := range all {
		runs = max(runs, r.Run)
	}
	fmt.Fprintf(&b, "%s; %s; `make bench-peers RUNS=%d DURATION=%s`: medians of interleaved runs (least–most); ratios are of runs with the same number.\n\n",
		days(first.When, last.When), first.Machine, runs, last.Duration)
	b.WriteString("| Server | per second | × c | × Bun | CPU, µs each | × c | × Bun | p99, ms | × c | × Bun | KB each, user | KB each, kernel | Remarks |\n")
	b.WriteString("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n")
	byWorkload := map[string]map[string]*figures{}
	for _, w := range workloads {
		by := gather(all, w)
		if byWorkload[w.id] = by; len(by) == 0 {
			continue
		}
		fmt.Fprintf(&b, "| **%s** %s |%s\n", w.id, w.title, strings.Repeat(" |", 12))
		for _, p := range peers {
			if f := by[p.name]; f != nil {
				b.WriteString(row(p.name, f, orNothing(by[floorName]), orNothing(by[bunName])))
			}
		}
	}
	b.WriteString(targetTable(func(workload, peer string) *figures { return orNothing(byWorkload[workload][peer]) }))
	b.WriteString("\n")
	for _, p := range peers {
		if r := find(all, func(r *result) bool { return r.Peer == p.name }); r != nil {
			fmt.Fprintf(&b, "%s: %s. ", p.name, strings.TrimRight(r.Version, "."))
		}
	}
	b.WriteString("\n")
	return b.String()
}

func row(name string, f, floor, bun *figures) string {
	cells := []string{name}
	for _, c := range []struct{ own, floor, bun series }{
		{f.perSecond, floor.perSecond, bun.perSecond}, {f.cpu, floor.cpu, bun.cpu}, {f.p99, floor.p99, bun.p99},
	} {
		cells = append(cells, c.own.String(), c.own.over(c.floor).String(), c.own.over(c.bun).String())
	}
	slices.Sort(f.remarks)
	cells = append(cells, f.rss.String(), f.slab.String(), strings.Join(slices.Compact(f.remarks), "; "))
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// gather returns the figures of a workload by peer.
func gather(all []*result, w *workload) map[string]*figures {
	by := map[string]*figures{}
	for _, r := range all {
		if r.Workload != w.id {
			continue
		}
		f := by[r.Peer]
		if f == nil {
			f = newFigures()
			by[r.Peer] = f
		}
		f.add(r, w)
	}
	return by
}

func orNothing(f *figures) *figures {
	if f == nil {
		return &figures{}
	}
	return f
}

func days(from, to time.Time) string {
	a, b := from.Format(time.DateOnly), to.Format(time.DateOnly)
	if a == b {
		return a
	}
	return a + " to " + b
}
