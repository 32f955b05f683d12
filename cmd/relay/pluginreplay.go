package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"eventrelay/plugins"
	"eventrelay/relay/config"
)

const replayHelp = `replay gives events that broke a filter, as relay plugin quarantine printed them, to a filter again: to the one that
--filter names, or to that of the same name in a relay.yaml. It runs in the code that serves, with the same limits, and
prints what became of each event, why, and for how much fuel. FILE may be - for standard input.

Of what --filter names, the settings (config, allow, limits) are those in the relay.yaml beside it, if that names it, too. A
project whose sources are newer than its module is built first.

It ends with exit code 1 if the filter fails on any of them.`

// replay is one run of `relay plugin replay`.
type replay struct {
	app    *app
	module string // of --filter
	name   string // of the filter whose settings --filter gets
	config string // of --filter, as JSON
	allow  []string
	path   string // of relay.yaml
	asJSON bool

	cfg   *config.Config
	desks map[string]*plugins.Desk // by the filter's name
}

func (a *app) pluginReplayCmd() *cobra.Command {
	r := replay{app: a, desks: map[string]*plugins.Desk{}}
	cmd := &cobra.Command{
		Use:   "replay FILE (--filter x.wasm | -c relay.yaml)",
		Short: "Give events that broke a filter to a filter again, on a desk",
		Long:  replayHelp,
		Example: `  relay plugin quarantine redact > broken.ndjson
  relay plugin replay broken.ndjson --filter redact.wasm --config '{"fields":["card"]}'
  relay plugin quarantine | relay plugin replay - -c relay.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (r.module == "") == (r.path == "") {
				return &exitError{exitUsage, errors.New("which filter? Name a module by --filter, or a relay.yaml by -c")}
			}
			defer r.close()
			return r.run(cmd.Context(), args[0])
		},
		DisableFlagsInUseLine: true,
	}
	f := cmd.Flags()
	f.StringVar(&r.module, "filter", "", "the module or script to try, the folder of its project, or use:NAME")
	f.StringVar(&r.name, "name", "", "with --filter: the filter whose settings to take, where its file alone does not tell")
	f.StringVar(&r.config, "config", "", "with --filter: its configuration, as JSON, instead of what relay.yaml says")
	f.StringSliceVar(&r.allow, "allow", nil, "with --filter: what it is granted (kv, now, random, metric), instead of what relay.yaml says")
	f.StringVarP(&r.path, "relay-config", "c", "", "the relay.yaml whose filters to try")
	f.BoolVar(&r.asJSON, "json", false, "print one JSON object per event")
	_ = cmd.MarkFlagFilename("filter", "wasm", "js")
	_ = cmd.MarkFlagFilename("relay-config", "yaml", "yml")
	return cmd
}

// maxQuarantineLine is the longest line that is read: an event of a few megabytes, escaped.
const maxQuarantineLine = 64 << 20

func (r *replay) run(ctx context.Context, file string) error {
	in, err := r.app.openRecording(file)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer in.Close()
	if err := r.configure(ctx); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxQuarantineLine)
	failed, n, at := 0, 0, 0
	for lines.Scan() {
		at++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		ok, err := r.line(ctx, lines.Bytes())
		if err != nil {
			return &exitError{exitUsage, fmt.Errorf("%s:%d: %w", file, at, err)}
		}
		n++
		if !ok {
			failed++
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", file, at+1, err)
	}
	if failed > 0 {
		return fmt.Errorf("the filter fails on %d of %s", failed, plural(n, "event"))
	}
	return nil
}

// configure reads what says which filter to try.
func (r *replay) configure(ctx context.Context) (err error) {
	if r.module != "" {
		p, err := findProject(r.module)
		if err != nil {
			return &exitError{exitUsage, err}
		}
		d := &deskFlags{config: r.config, allow: r.allow, name: r.name}
		if err := r.app.freshen(ctx, p, d); err != nil {
			return err
		}
		cfg, spec, err := r.app.deskSettings(p, d)
		if err != nil {
			return err
		}
		cfg.Filters = []plugins.Filter{spec}
		r.cfg = cfg
		return nil
	}
	r.cfg, err = config.Load(config.LoadOptions{Path: r.path, Environ: r.app.environ(), Ignore: ownVars})
	if err != nil {
		return r.app.configError(err)
	}
	return nil
}

// line tries one event. It reports whether the filter got along with it.
func (r *replay) line(ctx context.Context, text []byte) (ok bool, err error) {
	q, err := plugins.ReadQuarantined(text)
	if err != nil {
		return false, err
	}
	ev, err := q.Relay()
	if errors.Is(err, plugins.ErrOmitted) || errors.Is(err, plugins.ErrNotKept) {
		r.app.notef("%s %s: %v", printable(q.Event.Topic), printable(q.Event.ID), err)
		return true, nil
	}
	if err != nil {
		return false, err
	}
	desk, err := r.desk(ctx, q.Plugin)
	if err != nil {
		return false, err
	}
	t, err := desk.TryAs(q.Hook, ev)
	if err != nil {
		return false, err
	}
	r.print(q, t)
	return t.Cause == "", nil
}

// desk returns the filter for events of the named one.
func (r *replay) desk(ctx context.Context, name string) (*plugins.Desk, error) {
	if r.module != "" {
		name = r.cfg.Filters[0].Name
	}
	if d := r.desks[name]; d != nil {
		return d, nil
	}
	for _, f := range r.cfg.Filters {
		if f.Name == name {
			d, err := plugins.OpenDesk(ctx, r.cfg.Plugins, f, slog.New(r.app.logHandler()))
			if err == nil {
				r.desks[name] = d
			}
			return d, err
		}
	}
	return nil, fmt.Errorf("%s has no filter %q; name one by --filter", source(r.cfg), printable(name))
}

// print says what became of an event, and what had become of it in the relay.
func (r *replay) print(q *plugins.Quarantined, t plugins.Trial) {
	if r.asJSON {
		_ = json.NewEncoder(r.app.out).Encode(struct {
			Plugin  string        `json:"plugin"`
			EventID string        `json:"event_id"`
			Topic   string        `json:"topic"`
			Was     string        `json:"was"`
			Now     plugins.Trial `json:"now"`
		}{q.Plugin, q.Event.ID, q.Event.Topic, q.Cause, t})
		return
	}
	what := t.Verdict
	if t.Cause != "" {
		what = "fails: " + t.Cause + ": " + t.Error
	} else if t.Reason != "" {
		what += ": " + t.Reason
	}
	which := strings.TrimSpace(q.Hook + " " + strings.TrimSpace(q.Event.Topic+" "+q.Event.ID))
	fmt.Fprintln(r.app.out, printable(fmt.Sprintf("%s: was %s, now %s (fuel %d, %v)", which, q.Cause, what, t.Fuel, t.Duration)))
}

func (r *replay) close() {
	for _, d := range r.desks {
		d.Close()
	}
}
