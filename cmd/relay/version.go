package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"eventrelay/plugins"
)

// versionInfo is what `relay version --json` prints.
type versionInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from files that differ from the revision
	Time     string `json:"time,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Wazero   string `json:"wazero,omitempty"`
	Gobwas   string `json:"gobwas_ws,omitempty"`
	QuickJS  string `json:"quickjs,omitempty"` // empty: built without scripts
}

func (a *app) versionCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print what this binary was built from",
		Example: `  relay version
  relay version --json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := buildVersion()
			if asJSON {
				return json.NewEncoder(a.out).Encode(v)
			}
			_, err := fmt.Fprint(a.out, v)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func buildVersion() versionInfo {
	v := versionInfo{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, QuickJS: plugins.QuickJS()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = cmp.Or(info.Main.Version, v.Version)
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	for _, dep := range info.Deps {
		switch dep.Path {
		case "github.com/tetratelabs/wazero":
			v.Wazero = dep.Version
		case "github.com/gobwas/ws":
			v.Gobwas = dep.Version
		}
	}
	return v
}

func (v versionInfo) String() string {
	s := fmt.Sprintf("relay %s\n", v.Version)
	if v.Revision != "" {
		changed := ""
		if v.Modified {
			changed = ", with changes"
		}
		s += fmt.Sprintf("  revision   %.12s of %s%s\n", v.Revision, v.Time, changed)
	}
	s += fmt.Sprintf("  go         %s %s\n", v.Go, v.Platform)
	s += fmt.Sprintf("  wazero     %s\n  gobwas/ws  %s\n", cmp.Or(v.Wazero, "unknown"), cmp.Or(v.Gobwas, "unknown"))
	return s + fmt.Sprintf("  quickjs    %s\n", cmp.Or(v.QuickJS, "none: built without filters in JavaScript; make build has them"))
}
