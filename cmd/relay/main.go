// Command relay is the event relay's one binary: the server, and the small clients around it.
//
// It owns the command line, the signals and the exit codes; what the server does is in package relay/server. One file
// per verb; the flow of each:
//
//	main → run → root command → verb's RunE → error → exit code and one line on stderr
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	a := &app{self: os.Args[0], in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv, environ: os.Environ}
	os.Exit(a.run(context.Background(), os.Args[1:]))
}

// app holds what the verbs share: the process's surroundings, so that tests can bring their own.
type app struct {
	self     string // how the program was called
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	environ  func() []string

	began bool // a verb began: errors from here on are not about the command line
}

// run executes the command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.rootCmd()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !a.began { // cobra found it, before any verb ran
		err = &exitError{exitUsage, err}
		defer fmt.Fprintf(a.err, "Run '%s --help' for usage.\n", cmd.CommandPath())
	}
	return a.report(err)
}

// report prints err, if there is anything to say, and returns its exit code.
func (a *app) report(err error) int {
	if err == nil {
		return exitOK
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(a.err, "relay: "+text)
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	return exitFailed
}

// notef tells the user something on stderr.
func (a *app) notef(format string, args ...any) {
	fmt.Fprintf(a.err, "relay: "+format+"\n", args...)
}
