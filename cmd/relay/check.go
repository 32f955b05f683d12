package main

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"

	"eventrelay/plugins"
	"eventrelay/relay/config"
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
			if err := plugins.Check(cmd.Context(), cfg.Plugins, cfg.Filters); err != nil {
				return &exitError{exitUsage, err}
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

func source(cfg *config.Config) string { return cmp.Or(cfg.File(), "defaults") }
