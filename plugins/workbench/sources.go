package workbench

import (
	"io/fs"
	"path"
	"strings"

	"eventrelay/relay/rawjson"
	"eventrelay/sdk"
)

// goSDK is the part of this module that filters in Go need, as a module of its own, so that nothing has to be fetched.
func goSDK() ([]sourceFile, error) {
	files := []sourceFile{{"eventrelay/go.mod", []byte("module eventrelay\n\ngo 1.26.0\n")}}
	for _, part := range []struct {
		dir string
		fs  fs.FS
	}{{"eventrelay/sdk", sdk.Source}, {"eventrelay/relay/rawjson", rawjson.Source}} {
		more, err := sourceFiles(part.dir, part.fs)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	return files, nil
}

// sourceFiles returns the files of f below dir, but for tests and what embeds the sources.
func sourceFiles(dir string, f fs.FS) (files []sourceFile, err error) {
	err = fs.WalkDir(f, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(file, "_test.go") || path.Base(file) == "source.go" || path.Base(file) == "embed.go" {
			return err
		}
		text, err := fs.ReadFile(f, file)
		if err == nil {
			files = append(files, sourceFile{path.Join(dir, file), text})
		}
		return err
	})
	return files, err
}
