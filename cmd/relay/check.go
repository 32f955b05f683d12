package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"eventrelay/plugins"
	"eventrelay/relay"
	"eventrelay/relay/config"
	"eventrelay/relay/server"
)

const checkHelp = `check judges a configuration without running it: every key and value, and whether each filter's module loads and starts
with its configuration. It prints every fault with its place, as relay.yaml:12: key: what to write.`

func (a *app) checkCmd() *cobra.Command {
	var f configFlags
	var print bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Judge a relay.yaml and its filters",
		Long:  checkHelp,
		Example: `  relay check
  relay check -c /etc/relay/relay.yaml
  relay check --print            # the configuration in force, each value with where it came from
  relay check && kill -HUP $(pidof relay)`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := f.load(a)
			if err != nil {
				return a.configError(err)
			}
			for _, w := range cfg.Warnings() {
				a.notef("warning: %s", w)
			}
			if print {
				if err := cfg.Print(a.out); err != nil {
					return err
				}
			}
			if err := a.checkFilters(cmd.Context(), cfg); err != nil {
				return err
			}
			if !print {
				fmt.Fprintf(a.out, "%s: ok, %s\n", source(cfg), plural(len(cfg.Filters), "filter"))
			}
			return nil
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVarP(&print, "print", "p", false, "print the configuration in force; secrets are hidden")
	return cmd
}

// checkFilters loads each filter by itself, so that all that are broken are named.
func (a *app) checkFilters(ctx context.Context, cfg *config.Config) error {
	broken, hooks := 0, relay.HookSet(0)
	for i := range cfg.Filters {
		has, err := plugins.CheckHooks(ctx, cfg.Plugins, cfg.Filters[i:i+1])
		if hooks |= has; err == nil {
			continue
		}
		broken++
		key := fmt.Sprintf("filters[%d]", i)
		if e, ok := errors.AsType[*plugins.LoadError](err); ok {
			err = fmt.Errorf("%s: %w", e.Path, e.Err) // the place names the filter
		}
		fmt.Fprintln(a.err, config.Fault{Where: cfg.Where(key + "." + cfg.Filters[i].OriginKey()), Key: key, Problem: err.Error()})
	}
	if broken == 0 && cfg.Auth.ByFilter && !hooks.Has(relay.HookConnect) {
		return &exitError{exitUsage, server.ErrNoJudge}
	}
	if broken == 0 {
		return nil
	}
	return &exitError{exitUsage, fmt.Errorf("%s of %s can't be loaded", plural(broken, "filter"), source(cfg))}
}

func source(cfg *config.Config) string { return cmp.Or(cfg.File(), "defaults") }
