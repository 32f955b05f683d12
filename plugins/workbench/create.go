package workbench

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"text/template"
)

// templates are real files: templates/LANG/…, where {{.Name}} stands for the filter's name, in file names __NAME__. The
// ending .tmpl keeps tools from taking them for sources of this module; a leading dot is written as "dot-".
//
//go:embed all:templates
var templates embed.FS

// sourceFile is a file of a new project.
type sourceFile struct {
	path string // slashes, relative to the project
	text []byte
}

// Create writes a new project into a folder, which must be empty or not there; its last part is the filter's name. It
// overwrites nothing, and leaves nothing behind when it fails.
func Create(dir string, l *Language) (p *Project, written []string, err error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, err
	}
	name := filepath.Base(abs)
	if err := CheckName(name, l); err != nil {
		return nil, nil, err
	}
	files, err := l.files(name)
	if err != nil {
		return nil, nil, err
	}
	made, err := claim(abs)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			unclaim(abs, made, written)
		}
	}()
	for _, f := range files {
		if err := writeNew(filepath.Join(abs, filepath.FromSlash(f.path)), f.text); err != nil {
			return nil, written, err
		}
		written = append(written, f.path)
	}
	p, err = Find(dir)
	return p, written, err
}

// files returns all files of a project: those of the templates, and the SDK.
func (l *Language) files(name string) (files []sourceFile, err error) {
	for _, root := range []string{"templates/all", "templates/" + l.Name} {
		err := fs.WalkDir(templates, root, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := render(file, newTemplateData(name, l))
			if err != nil {
				return err
			}
			files = append(files, sourceFile{targetName(strings.TrimPrefix(file, root+"/"), name), text})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	sdk, err := l.sdk()
	return append(files, sdk...), err
}

// templateData is what templates can say.
type templateData struct {
	Name   string // of the filter
	Crate  string // the same, as Rust spells it
	Lower  string // the same, as npm wants it
	Lang   string
	Title  string // of the language
	Asc    string // the version of AssemblyScript
	Script bool
}

func newTemplateData(name string, l *Language) templateData {
	return templateData{Name: name, Crate: crateName(name), Lower: strings.ToLower(name), Lang: l.Name, Title: l.Title, Asc: ascVersion, Script: !l.Builds()}
}

func render(file string, data templateData) ([]byte, error) {
	t, err := template.New(path.Base(file)).Option("missingkey=error").ParseFS(templates, file)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}

func targetName(file, name string) string {
	file = strings.TrimSuffix(file, ".tmpl")
	file = strings.ReplaceAll(file, "dot-", ".")
	return strings.ReplaceAll(file, "__NAME__", name)
}

// claim makes sure that a folder is there and empty. made says that it was not there before.
func claim(dir string) (made bool, err error) {
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0:
		return false, fmt.Errorf("%s is there and not empty; nothing was written. Choose another name, or another folder", dir)
	case err == nil:
		return false, nil
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	return true, os.MkdirAll(dir, 0o755)
}

func unclaim(dir string, made bool, written []string) {
	if made {
		os.RemoveAll(dir)
		return
	}
	for _, f := range written {
		os.Remove(filepath.Join(dir, filepath.FromSlash(f)))
	}
}

// writeNew writes a file that is not there yet.
func writeNew(file string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
