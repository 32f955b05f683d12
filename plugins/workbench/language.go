package workbench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"eventrelay/relay/nearest"
)

// Language is what a filter is written in.
type Language struct {
	Name    string // as --lang takes it
	Title   string // for people
	aliases []string
	// reserved are the names that the language, or its tools, would stumble over.
	reserved []string
	// recognise returns the name of the filter whose project a folder is, or "" if it is none in this language.
	recognise func(dir string) string
	// sources are what a build depends on: patterns of file names.
	sources []string
	// command returns how to build a project into a file, or what is missing. It is nil for scripts.
	command func(ctx context.Context, p *Project, out string) (*Step, error)
	// handler is how a filter says what relay calls, for those whose module has no handler.
	handler string
	// sdk returns the files that a new project has of the SDK.
	sdk func() ([]sourceFile, error)
}

// languages are in the order in which a folder is looked at.
var languages = []*Language{goLanguage, rustLanguage, ascLanguage, cLanguage, jsLanguage}

// Languages returns the names of the languages that a project can be made in.
func Languages() (names []string) {
	for _, l := range languages {
		names = append(names, l.Name)
	}
	return names
}

// ParseLanguage returns the language of a name or an alias.
func ParseLanguage(name string) (*Language, error) {
	for _, l := range languages {
		if strings.EqualFold(name, l.Name) || slices.Contains(l.aliases, strings.ToLower(name)) {
			return l, nil
		}
	}
	hint := ""
	if best, ok := nearest.To(name, Languages()); ok {
		hint = fmt.Sprintf(" (did you mean %s?)", best)
	}
	return nil, fmt.Errorf("no language %q%s; write one of %s", name, hint, strings.Join(Languages(), ", "))
}

// isFile reports whether there is such a file in a folder.
func isFile(dir, name string) bool {
	info, err := os.Stat(filepath.Join(dir, name))
	return err == nil && info.Mode().IsRegular()
}

// only returns the one file of a folder that matches, if it is the only one; else "".
func only(dir, pattern string, but ...string) string {
	found, _ := filepath.Glob(filepath.Join(escapeGlob(dir), pattern))
	found = slices.DeleteFunc(found, func(f string) bool {
		return slices.ContainsFunc(but, func(b string) bool { return strings.HasSuffix(f, b) })
	})
	if len(found) != 1 {
		return ""
	}
	return filepath.Base(found[0])
}

func escapeGlob(s string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}

// quoted returns the first text in double quotes behind a key at the start of a line, as in `name = "x"` or `"name": "x"`.
func quoted(text, key string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		rest, ok := strings.CutPrefix(line, key)
		if !ok {
			continue
		}
		rest = strings.TrimLeft(rest, " \t=:")
		if rest, ok = strings.CutPrefix(rest, `"`); ok {
			name, _, _ := strings.Cut(rest, `"`)
			return name
		}
	}
	return ""
}

// safeName returns a name that a manifest gives as that of a file, or that of the folder.
func safeName(name, dir string) string {
	if name = filepath.Base(name); name == "." || name == string(filepath.Separator) || checkRunes(name) != nil {
		return folderName(dir)
	}
	return name
}

func folderName(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	if name := filepath.Base(dir); checkRunes(name) == nil {
		return name
	}
	return "filter"
}

// Handler says how a filter in l says what relay calls.
func (l *Language) Handler() string { return l.handler }

// Builds reports whether filters in l are built; scripts run as they are.
func (l *Language) Builds() bool { return l.command != nil }
