package workbench

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"eventrelay/plugins"
)

// Project is a filter on the desk: a folder with its sources, or a module or script alone.
type Project struct {
	Dir  string
	Name string
	Lang *Language // nil: a module or script alone
	File string    // what relay runs: Dir/Name.wasm, or a script
}

// ErrNoProject is returned for a folder that is no project in any language.
var ErrNoProject = errors.New("no filter's project")

// Find returns the project that a path means: a folder, a module or a script.
func Find(path string) (*Project, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return findFolder(path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is neither a folder nor a file", path)
	case isSource(path):
		return nil, fmt.Errorf("%s is a source; name the folder of its project", path)
	}
	p := &Project{Dir: filepath.Dir(path), File: path}
	p.Name = safeName(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), p.Dir)
	return p, nil
}

func findFolder(dir string) (*Project, error) {
	for _, l := range languages {
		name := l.recognise(dir)
		if name == "" {
			continue
		}
		p := &Project{Dir: dir, Name: name, Lang: l}
		p.File = filepath.Join(dir, name+".wasm")
		if !l.Builds() {
			p.File = filepath.Join(dir, name+".js")
		}
		return p, nil
	}
	if module := only(dir, "*.wasm"); module != "" {
		return Find(filepath.Join(dir, module))
	}
	for _, pattern := range []string{"*.js", "*.wasm"} {
		if found, _ := filepath.Glob(filepath.Join(escapeGlob(dir), pattern)); len(found) > 1 { // the pattern is a good one
			return nil, fmt.Errorf("%w in %s: which of %s is meant? Name a file, or give each filter a folder", ErrNoProject, dir, someOf(found))
		}
	}
	return nil, fmt.Errorf("%w in %s: there is no go.mod, Cargo.toml, lib.rs, asconfig.json or *.c, nor one *.ts, *.js or *.wasm; make one by `relay plugin new NAME --lang LANG`, or name a folder or a .wasm", ErrNoProject, dir)
}

// isSource reports whether a file is one that some compiler makes a module of.
func isSource(file string) bool {
	return slices.Contains([]string{".go", ".rs", ".ts", ".c", ".h", ".cc", ".cpp"}, strings.ToLower(filepath.Ext(file)))
}

// someOf names the first few of some files.
func someOf(files []string) string {
	const most = 4
	var names []string
	for _, f := range files[:min(len(files), most)] {
		names = append(names, filepath.Base(f))
	}
	if len(files) > most {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// Script reports whether relay runs the project's source as it is.
func (p *Project) Script() bool {
	if p.Lang == nil {
		return plugins.IsScript(p.File)
	}
	return !p.Lang.Builds()
}

// Cases returns the case files of the project, sorted.
func (p *Project) Cases() ([]string, error) {
	return filepath.Glob(filepath.Join(escapeGlob(p.Dir), "cases", "*.json"))
}

// Stale reports whether the project has to be built: a source is newer than the module, or there is none. A module alone
// and a script never have to be.
func (p *Project) Stale() (bool, error) {
	if p.Lang == nil || !p.Lang.Builds() {
		return false, nil
	}
	info, err := os.Stat(p.File)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return p.newer(info.ModTime())
}

// skippedFolders are folders that hold no sources of a project.
var skippedFolders = []string{"node_modules", "target", "cases", "build"}

// newer reports whether a source was changed after a time.
func (p *Project) newer(than time.Time) (found bool, err error) {
	err = filepath.WalkDir(p.Dir, func(path string, d fs.DirEntry, err error) error {
		name := filepath.Base(path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != p.Dir && (strings.HasPrefix(name, ".") || slices.Contains(skippedFolders, name)):
			return fs.SkipDir
		case d.IsDir() || !slices.ContainsFunc(p.Lang.sources, func(pattern string) bool { ok, _ := filepath.Match(pattern, name); return ok }):
			return nil
		}
		info, err := d.Info()
		if err == nil && info.ModTime().After(than) {
			found = true
			return fs.SkipAll
		}
		return err
	})
	return found, err
}
