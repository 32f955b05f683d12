package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"eventrelay/plugins/workbench"
)

const newHelp = `new writes a small project that is complete: a filter, its cases, a build file, a README, a relay.yaml that serves it, and
the SDK beside it, so that it builds with nothing to fetch but its compiler. NAME is a new folder, or an empty one; its
last part is the filter's name. Nothing is overwritten.`

func (a *app) pluginNewCmd() *cobra.Command {
	lang, asJSON := "", false
	langs := strings.Join(workbench.Languages(), "|")
	cmd := &cobra.Command{
		Use:   "new NAME --lang " + langs,
		Short: "Begin a filter: write a small project that builds",
		Long:  newHelp,
		Example: `  relay plugin new nodebug --lang go
  cd nodebug && relay plugin test`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			l, err := workbench.ParseLanguage(lang)
			if err != nil {
				return &exitError{exitUsage, fmt.Errorf("--lang: %w", err)}
			}
			p, written, err := workbench.Create(args[0], l)
			if err != nil {
				return &exitError{exitUsage, err}
			}
			if asJSON {
				return json.NewEncoder(a.out).Encode(map[string]any{"dir": p.Dir, "name": p.Name, "lang": l.Name, "files": written})
			}
			fmt.Fprintf(a.out, "%s: a filter in %s, %s. Next:\n\n  cd %s\n", p.Dir, l.Title, plural(len(written), "file"), p.Dir)
			fmt.Fprintf(a.out, "  %[1]s plugin test\n  %[1]s serve\n", ownName())
			return nil
		},
		DisableFlagsInUseLine: true,
	}
	f := cmd.Flags()
	f.StringVarP(&lang, "lang", "l", "go", "the language: "+strings.Join(workbench.Languages(), ", "))
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	_ = cmd.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions(workbench.Languages(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// ownName is how a shell calls this program from any folder.
func ownName() string {
	if _, err := exec.LookPath("relay"); err == nil {
		return "relay"
	}
	if path, err := os.Executable(); err == nil {
		return path
	}
	return "relay"
}
