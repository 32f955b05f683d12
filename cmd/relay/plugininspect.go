package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"eventrelay/plugins"
	"eventrelay/relay"
	"eventrelay/relay/config"
)

const inspectHelp = `inspect says what is in a module and whether a relay would take it, and why not: it reads, meters, compiles and starts it
with the code that serves. With -c, it is judged with the settings of the filters in relay.yaml that name the file; without,
with the defaults and with what --allow grants. Of the folder of a project it takes what was built, and its relay.yaml.

It ends with exit code 2 if the module would be refused.`

func (a *app) pluginInspectCmd() *cobra.Command {
	var path, name, settings string
	var allow []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect (FILE | FOLDER | use:NAME) [-c relay.yaml]",
		Short: "Say what is in a module, and whether a relay would take it",
		Long:  inspectHelp,
		Example: `  relay plugin inspect redact.wasm
  relay plugin inspect redact.wasm -c relay.yaml --json
  relay plugin inspect counter.wasm --allow kv,now
  relay plugin inspect use:redact --config '{"fields":["card"]}'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := args[0]
			if p, err := findProject(file); err == nil && file != p.File { // a folder: what is built of it, as it is served there
				file = p.File
				if beside := filepath.Join(p.Dir, "relay.yaml"); path == "" && allow == nil && fileExists(beside) {
					path = beside
				}
			}
			cfg, spec, err := a.inspected(file, path, name, allow)
			if err != nil {
				return err
			}
			if settings != "" {
				if spec.Config, err = parseConfigFlag(settings); err != nil {
					return err
				}
			}
			i, err := plugins.Inspect(cmd.Context(), cfg.Plugins, spec)
			if err != nil {
				return &exitError{exitUsage, err}
			}
			if err := a.printInspection(i, asJSON); err != nil {
				return err
			}
			if !i.Accepted {
				return &exitError{exitUsage, nil}
			}
			return nil
		},
		DisableFlagsInUseLine: true,
	}
	f := cmd.Flags()
	f.StringVarP(&path, "relay-config", "c", "", "the relay.yaml with the filter's settings")
	f.StringVar(&name, "name", "", "with -c: the filter whose settings to take, where the file alone does not tell")
	f.StringSliceVar(&allow, "allow", nil, "without -c: what it is granted (kv, now, random, metric)")
	f.StringVar(&settings, "config", "", "its configuration, as JSON, instead of what relay.yaml says")
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.MarkFlagsMutuallyExclusive("relay-config", "allow")
	_ = cmd.MarkFlagFilename("relay-config", "yaml", "yml")
	return cmd
}

// inspected returns the settings to judge a module by.
func (a *app) inspected(file, path, name string, allow []string) (*config.Config, plugins.Filter, error) {
	spec := plugins.Filter{Name: "filter", Allow: allow}
	setOrigin(&spec, file)
	if path == "" {
		return config.Default(), spec, nil
	}
	cfg, err := config.Load(config.LoadOptions{Path: path, Environ: a.environ(), Ignore: ownVars})
	if err != nil {
		return nil, spec, a.configError(err)
	}
	var found []plugins.Filter
	for _, f := range cfg.Filters {
		if f.Name == name || name == "" && sameOrigin(&f, file) {
			setOrigin(&f, file)
			found = append(found, f)
		}
	}
	switch {
	case len(found) == 1:
		return cfg, found[0], nil
	case name != "":
		err = fmt.Errorf("%s has no filter %q", source(cfg), name)
	case len(found) == 0:
		err = fmt.Errorf("no filter in %s names this file; say by --name which filter's settings to take", source(cfg))
	default:
		err = fmt.Errorf("%d filters in %s name this file; say which by --name", len(found), source(cfg))
	}
	return nil, spec, &exitError{exitUsage, err}
}

func (a *app) printInspection(i *plugins.Inspection, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		return enc.Encode(i)
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, printable(fmt.Sprintf(format, args...)))
	}
	row("file", "%s, %v", i.Path, i.Size)
	if i.SHA256 != "" {
		row("sha256", "%s", i.SHA256)
	}
	switch {
	case i.Script && i.Accepted:
		printScript(i, row)
	case i.Functions > 0:
		printModule(i, row)
	}
	row("verdict", "%s", verdict(i))
	return w.Flush()
}

// printScript says what is in a script that could be started.
func printScript(i *plugins.Inspection, row func(name, format string, args ...any)) {
	row("script", "JavaScript, on QuickJS %s", plugins.QuickJS())
	row("hooks", "%s", orNone(i.Hooks))
	row("memory", "%v after the start; at most %v", relay.Size(i.Memory.Min), relay.Size(i.Memory.Limit))
	row("compiling", "took %v here", short(i.Compile))
	row("start", "took %v here, for %d units of fuel", short(i.Start), i.StartFuel)
}

// printModule says what is in a module that could be read.
func printModule(i *plugins.Inspection, row func(name, format string, args ...any)) {
	abi := "none: it is no filter"
	if i.ABI != "" {
		abi = i.ABI
	}
	row("ABI", "%s", abi)
	row("hooks", "%s", orNone(i.Hooks))
	row("exports", "%s", orNone(i.Exports))
	for _, imp := range i.Imports {
		row("import", "%s", importText(imp))
	}
	row("memory", "%s", rangeText(i.Memory, func(n int64) string { return relay.Size(n).String() }))
	for _, t := range i.Tables {
		row("table", "%s entries", rangeText(t, func(n int64) string { return fmt.Sprint(n) }))
	}
	row("functions", "%d, and %d mutable globals", i.Functions, i.Globals)
	l := i.Largest
	row("largest", "%s (function %d): %v, %d blocks, %d locals; compiles in about %v", l.Name, l.Index, relay.Size(l.Bytes), l.Blocks, l.Locals, short(l.Compile))
	compile := fmt.Sprintf("about %v", short(i.CompileEstimate))
	if i.Compile > 0 {
		compile += fmt.Sprintf("; took %v here", short(i.Compile))
	}
	row("compiling", "%s", compile)
	if i.Start > 0 {
		how := "its instance goes back to its beginning in place"
		if !i.InPlace {
			how = "its instance is replaced by another, as it can change its tables or segments"
		}
		row("start", "took %v here, for %d units of fuel", short(i.Start), i.StartFuel)
		row("after a failure", "%s", how)
	}
}

func verdict(i *plugins.Inspection) string {
	if i.Accepted {
		return "accepted"
	}
	return "refused: " + i.Refusal
}

func importText(imp plugins.InspectedImport) string {
	text := imp.Name + " " + imp.Type
	switch {
	case imp.Problem == "not granted":
		text += ": NOT GRANTED, add " + imp.Grant + " to allow"
	case imp.Problem != "":
		text += ": REFUSED, " + imp.Problem
	case imp.Grant != "":
		text += ": granted by " + imp.Grant
	}
	return text
}

func rangeText(r plugins.InspectedRange, text func(int64) string) string {
	most := "no maximum declared"
	if r.Max >= 0 {
		most = "declares at most " + text(r.Max)
	}
	return fmt.Sprintf("begins with %s, %s, limited to %s", text(r.Min), most, text(r.Limit))
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// sameFile reports whether two paths lead to one file.
func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
