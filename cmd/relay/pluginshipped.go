package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"eventrelay/plugins"
	shipped "eventrelay/testdata/plugins"
)

// usePrefix goes before the name of a filter that ships with relay, where a module file could stand.
const usePrefix = "use:"

// setOrigin makes arg, a module file, a script or use:NAME, what the filter runs.
func setOrigin(f *plugins.Filter, arg string) {
	f.Path, f.Script, f.Inline, f.Use = "", "", "", ""
	name, ships := strings.CutPrefix(arg, usePrefix)
	switch {
	case ships:
		f.Use = name
	case plugins.IsScript(arg):
		f.Script = arg
	default:
		f.Path = arg
	}
}

// sameOrigin reports whether f runs what arg, a module file, a script or use:NAME, names.
func sameOrigin(f *plugins.Filter, arg string) bool {
	if name, ok := strings.CutPrefix(arg, usePrefix); ok {
		return f.Use == name
	}
	return f.File() != "" && sameFile(f.File(), arg)
}

// printShipped lists the filters that ship with relay.
func (a *app) printShipped(asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		return enc.Encode(shipped.All())
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "USE\tWHAT IT DOES\tCONFIG, FOR EXAMPLE")
	for _, f := range shipped.All() {
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.Name, f.About, f.Config)
	}
	fmt.Fprintln(w)
	for _, f := range shipped.All() {
		fmt.Fprintf(w, "%s\tkeys: %s\n", f.Name, f.Keys)
	}
	return w.Flush()
}
