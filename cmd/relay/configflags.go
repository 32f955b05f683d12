package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"eventrelay/relay/config"
)

// ownVars are the RELAY_ variables that are not configuration: the client verbs read them, and the tests.
var ownVars = []string{"RELAY_URL", "RELAY_KEY", "RELAY_TOKEN", "RELAY_ADMIN_URL", "RELAY_PEERS", "RELAY_TEST_TOOLCHAINS"}

// configFlags are the flags by which serve and check find their configuration. A flag that overrides a key of relay.yaml
// has the key's name.
type configFlags struct {
	path  string
	flags *pflag.FlagSet
}

func (f *configFlags) register(cmd *cobra.Command) {
	f.flags = cmd.Flags()
	f.flags.StringVarP(&f.path, "config", "c", "", "configuration file (default ./relay.yaml, if there is one)")
	f.flags.String("listen", "", "address for clients and publishers (default 127.0.0.1:8080)")
	f.flags.String("admin.listen", "", "address for health, metrics and profiles, or off (default 127.0.0.1:9090)")
	f.flags.String("websocket.driver", "", "auto, epoll or portable (default auto)")
	f.flags.String("log.level", "", "debug, info, warn or error (default info)")
	f.flags.String("log.format", "", "text or json (default text)")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
}

// load reads the configuration anew: defaults < file < environment < flags.
func (f *configFlags) load(a *app) (*config.Config, error) {
	o := config.LoadOptions{Path: f.path, Environ: a.environ(), Ignore: ownVars, Flags: map[string]any{}}
	f.flags.Visit(func(flag *pflag.Flag) {
		if flag.Name != "config" && flag.Name != "print" {
			o.Flags[flag.Name] = flag.Value.String()
		}
	})
	return config.Load(o)
}

// configError lists what is wrong with the configuration, each fault in a line that begins with its place, as editors
// and people expect it.
func (a *app) configError(err error) error {
	var faults *config.Error
	if !errors.As(err, &faults) {
		return &exitError{exitUsage, fmt.Errorf("configuration: %w", err)}
	}
	fmt.Fprintln(a.err, faults)
	return &exitError{exitUsage, fmt.Errorf("the configuration has %s", plural(len(faults.Faults), "fault"))}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return group(n) + " " + noun + "s"
}
