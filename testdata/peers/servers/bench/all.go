//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// step is one run of the plan.
type step struct {
	peer     *peer
	workload *workload
	run      int
}

// runAll does every run of the plan that has no file yet.
func runAll(ctx context.Context, s *settings) error {
	if err := s.known(); err != nil {
		return err
	}
	steps, total := s.plan()
	fmt.Printf("%d runs, about %v, into %s\n", len(steps), total.Round(time.Minute), s.results)
	begun := time.Now()
	for i, st := range steps {
		name := fmt.Sprintf("%s/%s/%d", st.peer.name, st.workload.id, st.run)
		fmt.Printf("%d/%d %-16s ", i+1, len(steps), name)
		if err := s.start(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r, err := readResult(s.resultFile(st.peer, st.workload, st.run))
		if err != nil {
			return err
		}
		fmt.Println(r.line())
	}
	fmt.Printf("%d runs took %v\n", len(steps), time.Since(begun).Round(time.Second))
	return nil
}

// known complains of names that nothing has.
func (s *settings) known() error {
	for _, name := range s.only {
		if find(peers, func(p *peer) bool { return p.name == name }) == nil {
			return fmt.Errorf("ONLY: no peer is called %q", name)
		}
	}
	for _, name := range s.workloads {
		if !slices.ContainsFunc(workloads, func(w *workload) bool { return w.chosen([]string{name}) }) {
			return fmt.Errorf("WORKLOADS: there is no %q", name)
		}
	}
	return nil
}

// plan returns the runs that are to be done, and about how long they take. Runs are interleaved, run 1 of all, then run 2,
// so that a change of the machine's mood meets all alike; every second time in reverse order, so that none always has the
// cooler machine.
func (s *settings) plan() (steps []step, total time.Duration) {
	able := s.able()
	for run := 1; run <= s.runs; run++ {
		for _, w := range workloads {
			if !w.chosen(s.workloads) {
				continue
			}
			for _, p := range able {
				if !w.has(p) {
					continue
				}
				if _, err := os.Stat(s.resultFile(p, w, run)); err == nil {
					continue
				}
				steps = append(steps, step{p, w, run})
				total += s.estimate(w)
			}
		}
		slices.Reverse(able)
	}
	return steps, total
}

// able returns the peers that are wanted and installed, and says why others are left out.
func (s *settings) able() []*peer {
	var able []*peer
	for _, p := range peers {
		if wanted := slices.Contains(s.only, p.name); !wanted && (p.asked || len(s.only) > 0) {
			continue
		}
		if why := p.missing(s); why != "" {
			fmt.Printf("skipped: %s: %s (make bench-peers-setup installs what can be had)\n", p.name, why)
			continue
		}
		able = append(able, p)
	}
	return able
}

// start does one run in a process of its own, wrapped in BENCH_WRAP.
func (s *settings) start(ctx context.Context, name string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := append(slices.Clone(s.wrap), self, "-one", name, "-root", s.root, "-results", s.results,
		"-duration", s.duration.String(), "-server-core", s.cores[0], "-client-core", s.cores[1])
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	if err := cmd.Run(); err != nil {
		return errors.Join(ctx.Err(), err)
	}
	return nil
}
