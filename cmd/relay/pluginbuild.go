package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"eventrelay/plugins"
	"eventrelay/plugins/workbench"
)

const buildHelp = `build builds the filter whose project a folder is, into NAME.wasm beside its sources, with the compiler that is there; if
none is, it says what to install. Then it looks at the module as a relay would, with the settings in the relay.yaml beside
it. The module is put in its place at once, so a relay that runs it takes over the new one. A script, which runs as it is, is
only looked at.

It ends with exit code 1 if the compiler refuses the sources, and 2 if no compiler is there or a relay would refuse the filter.`

func (a *app) pluginBuildCmd() *cobra.Command {
	var d deskFlags
	asJSON := false
	cmd := &cobra.Command{
		Use:   "build [FOLDER | SCRIPT.js]",
		Short: "Build a filter with the compiler that is there",
		Long:  buildHelp,
		Example: `  relay plugin build
  relay plugin build filters/nodebug --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			p, err := workbench.Find(theOne(args))
			if err != nil {
				return &exitError{exitUsage, err}
			}
			built, err := a.build(ctx, p, asJSON)
			if err != nil {
				return err
			}
			return a.judgeBuilt(ctx, p, built, &d, asJSON)
		},
		DisableFlagsInUseLine: true,
	}
	f := cmd.Flags()
	f.StringVarP(&d.path, "relay-config", "c", "", "the relay.yaml with the filter's settings (default: the one beside it)")
	f.StringVar(&d.name, "name", "", "the filter whose settings to take, where its file alone does not tell")
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	_ = cmd.MarkFlagFilename("relay-config", "yaml", "yml")
	return cmd
}

// build builds a project; what the compiler says goes to standard error.
func (a *app) build(ctx context.Context, p *workbench.Project, quiet bool) (*workbench.Built, error) {
	if p.Script() {
		info, err := os.Stat(p.File)
		if err != nil {
			return nil, &exitError{exitUsage, err}
		}
		return &workbench.Built{File: p.File, Size: info.Size()}, nil
	}
	built, err := p.Build(ctx, a.err)
	_, refused := errors.AsType[*workbench.BuildError](err)
	switch {
	case err == nil:
	case refused || ctx.Err() != nil:
		return nil, err
	default:
		return nil, &exitError{exitUsage, err}
	}
	if !quiet {
		fmt.Fprintf(a.err, "built %s: %s, by %s in %v\n", built.File, human(built.Size), built.Tool, short(built.Took))
	}
	return built, nil
}

// refusal says why a relay would not take what was built, and what to do about what beginners forget.
func refusal(i *plugins.Inspection, p *workbench.Project) error {
	switch {
	case p.Script(): // whose refusal says where, or why it could not be read
		return fmt.Errorf("a relay would refuse it: %s", i.Refusal)
	case len(i.Hooks) == 0:
		return fmt.Errorf("a relay would refuse it, as it has no handler; %s (%s)", p.Lang.Handler(), i.Refusal)
	}
	return fmt.Errorf("a relay would refuse it: %s; `relay plugin inspect %s` says more", i.Refusal, p.Dir)
}

// judgeBuilt says what a relay would make of the module.
func (a *app) judgeBuilt(ctx context.Context, p *workbench.Project, built *workbench.Built, d *deskFlags, asJSON bool) error {
	cfg, spec, err := a.deskSettings(p, d)
	if err != nil {
		return err
	}
	i, err := plugins.Inspect(ctx, cfg.Plugins, spec)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if asJSON {
		if err := json.NewEncoder(a.out).Encode(map[string]any{
			"file": built.File, "size": built.Size, "tool": built.Tool, "command": built.Command, "took_ns": built.Took,
			"accepted": i.Accepted, "refusal": i.Refusal, "hooks": i.Hooks,
		}); err != nil {
			return err
		}
	}
	if !i.Accepted {
		return &exitError{exitUsage, refusal(i, p)}
	}
	if !asJSON {
		fmt.Fprintf(a.out, "%s: accepted, %s, starts in %v\n", built.File, orNone(i.Hooks), short(i.Start))
	}
	return nil
}
