//go:build linux

// bench runs relay and its peers on the same workloads, one after the other, and writes one table: `make bench-peers`.
//
//	peers × workloads × runs → plan → each: BENCH_WRAP bench one … → result.json → medians, ratios → table.md
//	                                        server on core 0, `relay bench` on core 1
//
// Each measured run is a process of its own, so that it can be wrapped in a lock, and leaves a file; a run whose file is
// there already is not repeated, so an interrupted benchmark goes on where it stopped.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	err := run(ctx, os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	s, err := parseSettings(args)
	if err != nil {
		return err
	}
	if err := raiseFiles(); err != nil {
		return err
	}
	if s.one != "" {
		return runOne(ctx, s)
	}
	if !s.tableOnly {
		if err := runAll(ctx, s); err != nil {
			return err
		}
	}
	return writeTable(s)
}

// raiseFiles lets this process and its children open as many files as the system allows, and says if that is too few.
func raiseFiles() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	if limit.Max < maxConnections+500 {
		return fmt.Errorf("a process may open %d files here, the workloads need %d: raise it with ulimit -Hn",
			limit.Max, maxConnections+500)
	}
	limit.Cur = limit.Max
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) // said explicitly, it holds for children too
}
