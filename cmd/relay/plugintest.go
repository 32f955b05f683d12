package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"eventrelay/plugins/workbench"
)

const testHelp = `test runs a filter's cases, by the code that serves: without an argument those in cases/ of the project at hand.

` + deskHelp + `

A case is a file of JSON: {"config": …, "allow": […], "events": […], "expect": […]}. Events are as POST /publish takes them
in a batch ({"topic", "data" or "data_base64", "type", "event_id", "attributes"}), and may say their "source" and "time", or
how long "after" the one before they come; they go one after the other into one fresh instance. An item with "hook" (connect,
subscribe or disconnect) asks the filter about that: "topic" is the pattern, "attributes" are the connection's. "expect" says of
each its "verdict" (pass, transform, drop, reject, fail, of hooks refuse), and if you like "reason", "status", "error", "event",
"emitted" and "log" (what an event that it shows leaves out is as it came in). A filter that must not start has {"config": …, "refuse": "part of why"} instead. Clocks are the events',
and what is random comes from "seed", so a case comes out the same each time.

--update writes into the cases what happens now; look at the difference before you commit it.

A recording (.ndjson), of ` + "`relay subscribe --record`" + ` or ` + "`relay plugin quarantine`" + `, is run event by event, and what becomes
of each is printed; events of topics that the filter does not get by relay.yaml are left out. --save makes a case of it.

It ends with exit code 1 if a case is not as expected, or the filter fails on an event of a recording.`

// testFlags are the command line of plugin test.
type testFlags struct {
	deskFlags
	update, asJSON, verbose bool
	run, save               string
}

func (a *app) pluginTestCmd() *cobra.Command {
	f := &testFlags{}
	cmd := &cobra.Command{
		Use:   "test [FILTER] [CASE.json | RECORDING.ndjson]…",
		Short: "Run a filter's cases, or a recording",
		Long:  testHelp,
		Example: `  relay plugin test
  relay plugin test --update
  relay plugin test cases/debug.json
  relay plugin test filters/redact.wasm recorded.ndjson --config '{"fields":["card"]}'
  relay plugin quarantine redact | relay plugin test filters/redact -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return a.testPlugin(ctx, f, args)
		},
		DisableFlagsInUseLine: true,
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.BoolVarP(&f.update, "update", "u", false, "write what happens into the cases that expect something else")
	flags.StringVar(&f.run, "run", "", "only the cases whose file names contain this")
	flags.StringVar(&f.save, "save", "", "make a case of this name of a recording, with what happened")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "print every event, and what the filter logs")
	flags.BoolVar(&f.asJSON, "json", false, "print one JSON object per case, or per event of a recording")
	return cmd
}

// testArgs are the arguments, by what they are.
type testArgs struct {
	filter            string
	cases, recordings []string
}

func sortArgs(args []string) (t testArgs, err error) {
	for _, arg := range args {
		switch ext := strings.ToLower(filepath.Ext(arg)); {
		case ext == ".json":
			t.cases = append(t.cases, arg)
		case ext == ".ndjson" || ext == ".jsonl" || arg == "-":
			t.recordings = append(t.recordings, arg)
		case t.filter == "":
			t.filter = arg
		default:
			return t, fmt.Errorf("%s and %s are both no case (.json) and no recording (.ndjson); there can be one filter", t.filter, arg)
		}
	}
	if t.filter == "" {
		t.filter = t.projectOf()
	}
	return t, nil
}

// projectOf is the folder at hand, or that of a project whose cases are named from elsewhere.
func (t *testArgs) projectOf() string {
	if len(t.cases) > 0 {
		dir := filepath.Dir(t.cases[0])
		if abs, err := filepath.Abs(dir); err == nil && filepath.Base(abs) == "cases" {
			return filepath.Join(dir, "..")
		}
	}
	return "."
}

func (a *app) testPlugin(ctx context.Context, f *testFlags, args []string) error {
	t, err := sortArgs(args)
	if err == nil && f.save != "" && len(t.recordings) != 1 {
		err = errors.New("--save makes a case of one recording; name one")
	}
	if err == nil && f.save != "" {
		err = checkSave(f.save)
	}
	if err != nil {
		return &exitError{exitUsage, err}
	}
	d, err := a.openDesk(ctx, t.filter, &f.deskFlags)
	if err != nil {
		return err
	}
	defer d.bench.Close()
	if f.save != "" {
		if file := savedCase(d, f.save); fileExists(file) {
			return &exitError{exitUsage, fmt.Errorf("--save: %s is there already; choose another name, or delete it", file)}
		}
	}
	if f.verbose {
		d.bench.LogTo(a.logHandler())
	}
	if len(t.recordings) > 0 {
		for _, file := range t.recordings {
			if err := a.testRecording(ctx, f, d, file); err != nil {
				return err
			}
		}
	}
	if len(t.cases) > 0 || len(t.recordings) == 0 {
		return a.testCases(ctx, f, d, t.cases)
	}
	return nil
}

func (a *app) testCases(ctx context.Context, f *testFlags, d *desk, files []string) (err error) {
	if len(files) == 0 {
		if files, err = d.project.Cases(); err != nil {
			return err
		}
	}
	all := len(files)
	if f.run != "" {
		files = slices.DeleteFunc(files, func(file string) bool { return !strings.Contains(filepath.Base(file), f.run) })
	}
	switch {
	case len(files) > 0:
	case all > 0:
		return &exitError{exitUsage, fmt.Errorf("--run %s: none of %s has that in its file name", f.run, plural(all, "case"))}
	default:
		return &exitError{exitUsage, fmt.Errorf("there are no cases to run in %s; write one as `relay plugin test --help` shows", filepath.Join(d.project.Dir, "cases"))}
	}
	report := a.newTestReport(f)
	for _, file := range files {
		if err := a.testCase(ctx, f, d, file, report); err != nil {
			return err
		}
	}
	return report.end()
}

// testCase runs one case. What is wrong with the case itself is for the report; an error ends the test.
func (a *app) testCase(ctx context.Context, f *testFlags, d *desk, file string, report *testReport) error {
	begun := time.Now()
	c, err := workbench.ReadCase(file)
	if err != nil {
		report.broken(file, err)
		return nil
	}
	r, err := d.bench.TryCase(ctx, c)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil && c.Allow != nil { // with what this case grants
		report.broken(file, err)
		return nil
	}
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if f.update && len(r.Problems) > 0 {
		if err := r.Update(); err != nil {
			report.broken(file, fmt.Errorf("--update: %w", err))
			return nil
		}
		report.updated(r, time.Since(begun))
		return nil
	}
	report.done(r, time.Since(begun))
	return nil
}

func (a *app) testRecording(ctx context.Context, f *testFlags, d *desk, file string) error {
	in, err := a.openRecording(file)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer in.Close()
	if file == "-" {
		file = "standard input"
	}
	r := &recordingRun{app: a, f: f, desk: d, file: file, rec: workbench.NewRecording(file, in, nil)}
	return r.run(ctx)
}

// openRecording opens a file of events, one a line, or standard input.
func (a *app) openRecording(file string) (io.ReadCloser, error) {
	if file == "-" {
		return io.NopCloser(a.in), nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, fmt.Errorf("%s is a folder", file)
	}
	return f, nil
}

func checkSave(name string) error {
	if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return fmt.Errorf("--save %s: write the name of a case, which goes into cases/", name)
	}
	return nil
}
