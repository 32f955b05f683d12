package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"eventrelay/plugins"
	"eventrelay/plugins/workbench"
	"eventrelay/relay/config"
)

// deskFlags say which filter to try, and with which settings.
type deskFlags struct {
	path, name, config string
	allow              []string
	noBuild            bool
}

const deskHelp = `FILTER is the folder of a project, a .wasm, a .js, or use:NAME for one that ships with relay; the default is the folder at
hand. A project whose sources are newer than its module is built first. Settings (config, allow, limits) are those of the filter
in the relay.yaml beside it, or in that of -c; without one, the defaults, and what --config and --allow say.`

func (d *deskFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&d.path, "relay-config", "c", "", "the relay.yaml with the filter's settings (default: the one beside the filter)")
	f.StringVar(&d.name, "name", "", "the filter whose settings to take, where its file alone does not tell")
	f.StringVar(&d.config, "config", "", "its configuration, as JSON, instead of what relay.yaml says")
	f.StringSliceVar(&d.allow, "allow", nil, "what it is granted (kv, now, random, metric), instead of what relay.yaml says")
	f.BoolVar(&d.noBuild, "no-build", false, "run the module that is there, even if its sources are newer")
	_ = cmd.MarkFlagFilename("relay-config", "yaml", "yml")
}

// desk is a filter that is ready to be tried.
type desk struct {
	project *workbench.Project
	options plugins.Options
	filter  plugins.Filter
	bench   *workbench.Bench
}

// openDesk finds the filter that path means, builds it if its sources are newer, and reads its settings.
func (a *app) openDesk(ctx context.Context, path string, d *deskFlags) (*desk, error) {
	p, err := findProject(path)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	if err := a.freshen(ctx, p, d); err != nil {
		return nil, err
	}
	cfg, spec, err := a.deskSettings(p, d)
	if err != nil {
		return nil, err
	}
	return &desk{p, cfg.Plugins, spec, workbench.New(cfg.Plugins, spec)}, nil
}

// freshen builds a project whose sources are newer than its module. Where the compiler is missing, or the folder is not
// to be written to, the module that is there has to do.
func (a *app) freshen(ctx context.Context, p *workbench.Project, d *deskFlags) error {
	stale, err := p.Stale()
	if err != nil || !stale || d.noBuild {
		return err
	}
	_, err = a.build(ctx, p, false)
	_, missing := errors.AsType[*workbench.MissingError](err)
	_, readOnly := errors.AsType[*workbench.FolderError](err)
	if (missing || readOnly) && fileExists(p.File) {
		a.notef("%s is older than its sources, and can't be built: %v", p.File, err)
		return nil
	}
	return err
}

// deskSettings returns the settings to try a project's filter with.
func (a *app) deskSettings(p *workbench.Project, d *deskFlags) (*config.Config, plugins.Filter, error) {
	spec := plugins.Filter{Name: p.Name}
	cfg, path := config.Default(), d.path
	if beside := filepath.Join(p.Dir, "relay.yaml"); path == "" && fileExists(beside) {
		path = beside
	}
	if path != "" {
		var err error
		cfg, err = config.Load(config.LoadOptions{Path: path, Environ: a.environ(), Ignore: ownVars})
		if err != nil {
			return nil, spec, a.configError(err)
		}
		if err := takeSettings(cfg, p, d, &spec); err != nil {
			return nil, spec, &exitError{exitUsage, err}
		}
	}
	setOrigin(&spec, p.File)
	spec.SHA256 = "" // a pin is about what is served; on a desk the file changes all the time
	if d.allow != nil {
		spec.Allow = d.allow
	}
	if d.config != "" {
		c, err := parseConfigFlag(d.config)
		if err != nil {
			return nil, spec, err
		}
		spec.Config = c
	}
	return cfg, spec, nil
}

// takeSettings sets spec to the filter of cfg that is the project's. That there is none is an error only if one was named.
func takeSettings(cfg *config.Config, p *workbench.Project, d *deskFlags, spec *plugins.Filter) error {
	var found []plugins.Filter
	for _, f := range cfg.Filters {
		if f.Name == d.name || d.name == "" && (sameOrigin(&f, p.File) || f.File() != "" && samePath(f.File(), p.File)) {
			found = append(found, f)
		}
	}
	switch {
	case len(found) == 1:
		*spec = found[0]
	case len(found) > 1:
		return fmt.Errorf("%d filters in %s name %s; say which by --name", len(found), source(cfg), p.File)
	case d.name != "":
		return fmt.Errorf("%s has no filter %q", source(cfg), d.name)
	case d.path != "":
		return fmt.Errorf("no filter in %s names %s; say by --name which filter's settings to take", source(cfg), p.File)
	}
	return nil
}

func parseConfigFlag(text string) (c map[string]any, err error) {
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf(`--config: %w; write JSON such as '{"level":"debug"}'`, err)}
	}
	if c == nil {
		c = map[string]any{}
	}
	return c, nil
}

// findProject is workbench.Find, and knows the filters that ship with relay.
func findProject(path string) (*workbench.Project, error) {
	if name, ok := strings.CutPrefix(path, usePrefix); ok {
		return &workbench.Project{Dir: ".", Name: name, File: path}, nil
	}
	return workbench.Find(path)
}

func fileExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// samePath reports whether two paths lead to one file, which need not be there.
func samePath(a, b string) bool {
	x, errX := filepath.Abs(a)
	y, errY := filepath.Abs(b)
	return errX == nil && errY == nil && x == y
}

// logHandler writes what a filter logs to standard error.
func (a *app) logHandler() slog.Handler { return slog.NewTextHandler(a.err, nil) }

// theOne returns the argument at hand, or the folder at hand.
func theOne(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}
