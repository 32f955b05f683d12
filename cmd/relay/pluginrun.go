package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"eventrelay/plugins"
	"eventrelay/plugins/workbench"
	"eventrelay/relay"
)

const runHelp = `run gives a filter the events that it reads from standard input, one a line ({"topic":"orders.new","data":{"item":"tea"}}),
and prints what becomes of each as a line of JSON, at once, so that a filter can be tried in a shell pipe. With --events it
prints the events that go on, as ` + "`relay publish --file -`" + ` takes them. Events of topics that it does not get by relay.yaml pass.

` + deskHelp + `

It ends with exit code 1 if the filter fails on an event, or a line is none.`

func (a *app) pluginRunCmd() *cobra.Command {
	var f deskFlags
	events := false
	cmd := &cobra.Command{
		Use:   "run [FILTER]",
		Short: "Try a filter on events from standard input",
		Long:  runHelp,
		Example: `  echo '{"topic":"orders.new","data":{"card":"4111"}}' | relay plugin run redact.wasm --config '{"fields":["card"]}'
  relay plugin run --events < events.ndjson | relay publish --file -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			d, err := a.openDesk(ctx, theOne(args), &f)
			if err != nil {
				return err
			}
			defer d.bench.Close()
			return a.runPlugin(ctx, d, events)
		},
		DisableFlagsInUseLine: true,
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&events, "events", false, "print the events that go on, not what became of each")
	return cmd
}

func (a *app) runPlugin(ctx context.Context, d *desk, eventsOnly bool) error {
	d.bench.LogTo(a.logHandler())
	desk, err := d.bench.Start(ctx, d.filter, nil)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if isTerminal(a.in) {
		a.notef(`type events, one a line, such as {"topic":"events","data":1}; Ctrl-D ends`)
	}
	rec := workbench.NewRecording("standard input", a.in, time.Now)
	fails, bad, told := 0, 0, false
	for e := range a.recorded(ctx, rec) {
		switch {
		case errors.Is(e.err, workbench.ErrRecording):
			return e.err
		case e.err != nil:
			bad++
			a.notef("%v", e.err)
			continue
		}
		t := workbench.Trial{Trial: plugins.Trial{Verdict: "pass"}}
		switch seen := e.event.Hook != "" || d.sees(e.event.Event.Topic); {
		case seen:
			t = d.bench.Try(desk, e.event.Hook, e.event.Event)
		case !told:
			told = true
			a.notef("line %d: the filter does not get events of %s by its topics in relay.yaml; such events pass it by", e.line, printable(string(e.event.Event.Topic)))
		}
		if t.Cause != "" {
			fails++
		}
		if err := a.printRun(e.line, e.event, &t, eventsOnly); err != nil {
			return err
		}
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case bad > 0:
		return fmt.Errorf("%s can't be read", plural(bad, "line"))
	case fails > 0:
		return fmt.Errorf("the filter fails on %s", plural(fails, "event"))
	}
	return nil
}

// read is an event of standard input, or why the line is none.
type read struct {
	line  int
	event *workbench.Recorded
	err   error
}

// recorded reads in a goroutine of its own, since reading a terminal can't be interrupted: it is left behind when ctx
// ends, which is when the process does.
func (a *app) recorded(ctx context.Context, rec *workbench.Recording) <-chan read {
	out := make(chan read) // closed at the end of the input, or of ctx
	go func() {
		defer close(out)
		for {
			e, err := rec.Next()
			if err == io.EOF {
				return
			}
			select {
			case out <- read{rec.Line(), e, err}:
			case <-ctx.Done():
				return
			}
			if errors.Is(err, workbench.ErrRecording) {
				return
			}
		}
	}()
	return out
}

func (a *app) printRun(line int, e *workbench.Recorded, t *workbench.Trial, eventsOnly bool) error {
	if !eventsOnly {
		encodeLine(a.out, trialLine{line, string(e.Event.Topic), e.Event.ID, e.Cause, viewTrial(t)})
		return nil
	}
	var on []*relay.Event
	switch t.Verdict {
	case "pass":
		on = append(on, e.Event)
	case "transform":
		on = append(on, t.Event)
	case "fail":
		a.notef("line %d: %s", line, trialText(string(e.Event.Topic), t))
	}
	for _, ev := range append(on, t.Emitted...) {
		if _, err := fmt.Fprintf(a.out, "%s\n", workbench.AppendEvent(nil, ev)); err != nil {
			return err
		}
	}
	return nil
}
