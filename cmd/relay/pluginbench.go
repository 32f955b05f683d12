package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"eventrelay/plugins/workbench"
	"eventrelay/relay"
)

const pluginBenchHelp = `bench measures what a filter costs per event: time, fuel, and memory that its instance takes more of. It gives the events
of the project's cases, or of the files that are named, to one instance again and again, by the code that serves, as one
lane does; the time is that of writing the event into the filter, the call, and reading its answer.

` + deskHelp + `

--against measures an older build too, in turns with the new one, and says by what factor they differ: of time it depends on
the machine, of fuel it does not.

All numbers are of events that come after a warm-up, and averages of the events given. Fuel is for comparing builds of one
filter, not languages: it counts the instructions of WebAssembly, by blocks and before they run, and an instruction may be
nothing to the machine. A jump in stock Go passes the heads of all blocks of its function, and so may count a hundred units
and take a nanosecond.`

// benchFlags are the command line of plugin bench.
type pluginBenchFlags struct {
	deskFlags
	against string
	time    time.Duration
	asJSON  bool
}

func (a *app) pluginBenchCmd() *cobra.Command {
	f := &pluginBenchFlags{}
	cmd := &cobra.Command{
		Use:   "bench [FILTER] [CASE.json | RECORDING.ndjson]…",
		Short: "Measure what a filter costs per event",
		Long:  pluginBenchHelp,
		Example: `  relay plugin bench
  relay plugin bench --against old.wasm
  relay plugin bench redact.wasm recorded.ndjson --config '{"fields":["card"]}' --time 5s`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return a.benchPlugin(ctx, f, args)
		},
		DisableFlagsInUseLine: true,
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.against, "against", "", "an older build of the filter, to measure beside it")
	flags.DurationVarP(&f.time, "time", "t", 2*time.Second, "how long to measure, for all builds together")
	flags.BoolVar(&f.asJSON, "json", false, "print one JSON object")
	_ = cmd.MarkFlagFilename("against", "wasm", "js")
	return cmd
}

func (a *app) benchPlugin(ctx context.Context, f *pluginBenchFlags, args []string) error {
	t, err := sortArgs(args)
	if err == nil && (f.time <= 0 || f.time > time.Hour) {
		err = errors.New("--time is a time such as 2s, up to an hour")
	}
	if err != nil {
		return &exitError{exitUsage, err}
	}
	d, err := a.openDesk(ctx, t.filter, &f.deskFlags)
	if err != nil {
		return err
	}
	events, err := a.benchEvents(d, &t)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	bench := workbench.New(d.options, d.filter)
	defer bench.Close()
	var old *workbench.Bench
	if f.against != "" {
		if _, err := os.Stat(f.against); err != nil {
			return &exitError{exitUsage, fmt.Errorf("--against: %w", err)}
		}
		other := d.filter // with the same settings
		setOrigin(&other, f.against)
		old = workbench.New(d.options, other)
		defer old.Close()
	}
	c, err := workbench.Measure(ctx, bench, old, events, f.time)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return &exitError{exitUsage, err}
	}
	if f.asJSON {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		return enc.Encode(c)
	}
	return a.printComparison(c)
}

const (
	maxBenchEvents = 100_000
	maxBenchBytes  = 256 << 20
)

// benchEvents returns the events to measure with, and takes the settings of the first case where relay.yaml has none.
func (a *app) benchEvents(d *desk, t *testArgs) (events []*relay.Event, err error) {
	cases := t.cases
	if len(cases) == 0 && len(t.recordings) == 0 {
		if cases, err = d.project.Cases(); err != nil {
			return nil, err
		}
	}
	for _, file := range cases {
		c, err := workbench.ReadCase(file)
		if err != nil {
			return nil, err
		}
		if d.filter.Config == nil && len(c.Events) > 0 {
			d.filter.Config = c.Config
		}
		if d.filter.Allow == nil && len(c.Events) > 0 {
			d.filter.Allow = c.Allow
		}
		for i, ev := range c.Events {
			if c.Hooks[i] == "" { // connections are no hot path
				events = append(events, ev)
			}
		}
	}
	for _, file := range t.recordings {
		if events, err = a.recordedEvents(d, events, file); err != nil {
			return nil, err
		}
	}
	if len(events) == 0 {
		return nil, fmt.Errorf("there are no events to measure with in the cases of %s; name a recording (.ndjson)", filepath.Join(d.project.Dir, "cases"))
	}
	return events, nil
}

func (a *app) recordedEvents(d *desk, events []*relay.Event, file string) ([]*relay.Event, error) {
	in, err := a.openRecording(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	rec, size := workbench.NewRecording(file, in, nil), 0
	for {
		e, err := rec.Next()
		switch {
		case err == io.EOF:
			return events, nil
		case err != nil:
			return nil, err
		case e.Hook != "" || !d.sees(e.Event.Topic):
			continue
		case len(events) == maxBenchEvents || size > maxBenchBytes:
			a.notef("%s: measuring with the events of its first %d lines", file, rec.Line()-1)
			return events, nil
		}
		events, size = append(events, e.Event), size+len(e.Event.Payload)
	}
}

func (a *app) printComparison(c *workbench.Comparison) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, printable(fmt.Sprintf(format, args...)))
	}
	printMeasurement(c.New, c, row)
	if c.Old != nil {
		fmt.Fprintln(w, "\t")
		printMeasurement(c.Old, c, row)
		fmt.Fprintln(w, "\t")
		row("new : old", "time × %.2f (%.2f–%.2f), %s; fuel × %.3f", c.Ratio.Median, c.Ratio.Min, c.Ratio.Max, judgement(c.Ratio), c.FuelOf)
	}
	return w.Flush()
}

// judgement says no more than the rounds do: all of them must agree.
func judgement(r *workbench.Spread) string {
	switch {
	case r.Max < 1:
		return "faster in every round"
	case r.Min > 1:
		return "slower in every round"
	}
	return "no difference that every round shows"
}

func printMeasurement(m *workbench.Measurement, c *workbench.Comparison, row func(name, format string, args ...any)) {
	size := ""
	if m.Size > 0 { // it is a file
		size = human(int64(m.Size)) + ", "
	}
	row("filter", "%s, %s%s, %s calls", m.File, size, plural(c.Events, "event"), group(m.Calls))
	row("per event", "%s (%s–%s), %s events/s on one lane", nanoseconds(m.PerCall.Median), nanoseconds(m.PerCall.Min), nanoseconds(m.PerCall.Max), group(1e9/m.PerCall.Median))
	row("single", "p50 %s, p99 %s; reading the clock is %s of each", nanoseconds(m.P50), nanoseconds(m.P99), nanoseconds(c.Clock))
	row("fuel", "%s per event, %s at the start", group(m.Fuel), group(int64(m.StartFuel)))
	grown := "and no more since"
	if m.Growth > 0 {
		grown = fmt.Sprintf("and %s more since", human(m.Growth))
	}
	row("memory", "%s after the start, %s; %.1f allocations per event in relay", human(m.Memory), grown, m.HostAllocs)
	if m.Failures > 0 {
		row("FAILS", "in %s of %s calls, which the times hold: %s", group(m.Failures), group(m.Calls), m.Failure)
	}
}

func nanoseconds(ns float64) string {
	switch {
	case ns < 1000:
		return fmt.Sprintf("%.0f ns", ns)
	case ns < 1e6:
		return fmt.Sprintf("%.2f µs", ns/1e3)
	}
	return fmt.Sprintf("%.2f ms", ns/1e6)
}

// human writes a number of bytes with three digits or so.
func human(n int64) string {
	switch {
	case n < 10<<10:
		return fmt.Sprintf("%d B", n)
	case n < 10<<20:
		return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
