//go:build linux

package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// settings are flags, whose defaults are what the Makefile passes in the environment.
type settings struct {
	root      string // of the repository
	results   string // folder of this benchmark's files
	runs      int
	duration  time.Duration
	only      []string // names of peers; none: all
	workloads []string // "1" is 1a and 1b; none: all
	wrap      []string // BENCH_WRAP
	cores     [2]string
	tableOnly bool

	// Of one run.
	one string // PEER/WORKLOAD/RUN
}

func parseSettings(args []string) (*settings, error) {
	s := &settings{wrap: strings.Fields(os.Getenv("BENCH_WRAP"))}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	runs, err := strconv.Atoi(cmp.Or(os.Getenv("RUNS"), "5"))
	if err != nil {
		return nil, fmt.Errorf("RUNS: %w", err)
	}
	duration, err := time.ParseDuration(cmp.Or(os.Getenv("DURATION"), "5s"))
	if err != nil {
		return nil, fmt.Errorf("DURATION: %w", err)
	}
	f.StringVar(&s.root, "root", ".", "the repository")
	f.StringVar(&s.results, "results", os.Getenv("RESULTS"), "folder of the results; one that exists is completed")
	f.IntVar(&s.runs, "runs", runs, "runs of each peer and workload")
	f.DurationVar(&s.duration, "duration", duration, "measured time of each run")
	only := f.String("only", os.Getenv("ONLY"), "peers, by commas")
	workloads := f.String("workloads", os.Getenv("WORKLOADS"), "workloads, by commas")
	f.StringVar(&s.cores[0], "server-core", cmp.Or(os.Getenv("SERVER_CORE"), "0"), "core of the server")
	f.StringVar(&s.cores[1], "client-core", cmp.Or(os.Getenv("CLIENT_CORE"), "1"), "core of the load client")
	f.BoolVar(&s.tableOnly, "table", false, "measure nothing, write the table of -results")
	f.StringVar(&s.one, "one", "", "do one measured run: PEER/WORKLOAD/RUN")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	s.only, s.workloads = list(*only), list(*workloads)
	if s.runs < 1 || s.duration <= 0 {
		return nil, fmt.Errorf("%d runs of %v: both must be positive", s.runs, s.duration)
	}
	if s.root, err = filepath.Abs(s.root); err != nil {
		return nil, err
	}
	if s.results == "" {
		s.results = s.bin("results/" + time.Now().Format("2006-01-02-150405"))
	}
	s.results, err = filepath.Abs(s.results)
	return s, err
}

// bin returns a path in the folder where the benchmark keeps what it builds and writes.
func (s *settings) bin(name string) string { return filepath.Join(s.root, "bin/peers", name) }

// dir returns a path in the folder of the servers.
func (s *settings) dir(name string) string {
	return filepath.Join(s.root, "testdata/peers/servers", name)
}

// resultFile returns where a run's result is.
func (s *settings) resultFile(p *peer, w *workload, run int) string {
	return filepath.Join(s.results, fmt.Sprintf("%s-%s-%d.json", w.id, p.name, run))
}

func list(commas string) []string {
	return strings.FieldsFunc(commas, func(r rune) bool { return r == ',' || r == ' ' })
}
