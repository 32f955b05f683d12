package workbench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Step is a compiler that was found, and how to call it.
type Step struct {
	Tool string      // what it is, for people: "go1.26.8", "clang 19"
	cmds []*exec.Cmd // one after the other
	// made is where the compiler puts the module, if it can't be told.
	made string
}

// Built is what a build left.
type Built struct {
	File    string
	Size    int64
	Tool    string
	Command string
	Took    time.Duration
}

// BuildError is returned when the compiler refuses the sources. It has said why.
type BuildError struct {
	Tool string
	Err  error
}

func (e *BuildError) Error() string { return e.Tool + " does not build it: " + e.Err.Error() }
func (e *BuildError) Unwrap() error { return e.Err }

// FolderError is returned when there is no writing in a project's folder, where the module and what leads to it would go.
type FolderError struct {
	Dir string
	Err error
}

func (e *FolderError) Error() string {
	return fmt.Sprintf("nothing can be written to %s: %v", e.Dir, e.Err)
}
func (e *FolderError) Unwrap() error { return e.Err }

// writable tries whether a file can be made: compilers say it badly, or not at all, when it can't.
func writable(file string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE, 0o644)
	if err == nil {
		err = errors.Join(f.Close(), os.Remove(file))
	}
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return &FolderError{filepath.Dir(file), pathErr.Err}
	}
	return err
}

// Build builds a project with the compiler that is there. What the compiler says goes to w. The module takes its place at
// once when it is whole, as a relay may be running it.
func (p *Project) Build(ctx context.Context, w io.Writer) (*Built, error) {
	switch {
	case p.Script():
		return nil, fmt.Errorf("%s is a script, which relay runs as it is; there is nothing to build", p.File)
	case p.Lang == nil:
		return nil, fmt.Errorf("%s is a module alone, there is nothing to build; name the folder of its project", p.File)
	}
	out, err := filepath.Abs(filepath.Join(p.Dir, "."+p.Name+".building.wasm"))
	if err != nil {
		return nil, err
	}
	if err := writable(out); err != nil {
		return nil, err
	}
	defer os.Remove(out)
	begun := time.Now()
	step, err := p.Lang.command(ctx, p, out)
	if err != nil {
		return nil, err
	}
	if err := step.run(ctx, w); err != nil {
		return nil, err
	}
	if step.made != "" {
		out = step.made
	}
	info, err := os.Stat(out)
	if err != nil {
		return nil, &BuildError{step.Tool, errors.New("it ended without an error, and without a module")}
	}
	if err := p.install(out); err != nil {
		return nil, err
	}
	return &Built{p.File, info.Size(), step.Tool, step.String(), time.Since(begun)}, nil
}

// install moves a module that is whole into its place. Compilers make them executable, which they are not.
func (p *Project) install(out string) error {
	if err := os.Chmod(out, 0o644); err != nil {
		return err
	}
	return os.Rename(out, p.File)
}

func (s *Step) run(ctx context.Context, w io.Writer) error {
	for _, cmd := range s.cmds {
		cmd.Stdout, cmd.Stderr = w, w
		cmd.WaitDelay = time.Second
		err := cmd.Run()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return &BuildError{s.Tool, err}
		}
	}
	return nil
}

// String is the commands, as a shell takes them.
func (s *Step) String() string {
	var words []string
	for i, cmd := range s.cmds {
		if i > 0 {
			words = append(words, "&&")
		}
		for _, a := range cmd.Args {
			if strings.ContainsAny(a, " '\"$*") {
				a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
			}
			words = append(words, a)
		}
	}
	return strings.Join(words, " ")
}
