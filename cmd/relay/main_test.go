package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// builtDir is what TestMain removes: the binary that tests with real processes built.
var builtDir string

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(builtDir)
		os.Exit(code)
	}))
}

// outcome is what a run of the program left.
type outcome struct {
	code     int
	out, err string
}

// invocation is one run of the program in this process.
type invocation struct {
	in  string
	env map[string]string
}

func (i invocation) run(t *testing.T, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return i.runContext(ctx, args...)
}

func (i invocation) runContext(ctx context.Context, args ...string) outcome {
	var out, errs buffer
	a := &app{
		in: strings.NewReader(i.in), out: &out, err: &errs,
		getenv:  func(name string) string { return i.env[name] },
		environ: func() []string { return nil },
	}
	code := a.run(ctx, args)
	return outcome{code, out.String(), errs.String()}
}

func run(t *testing.T, args ...string) outcome {
	t.Helper()
	return invocation{}.run(t, args...)
}

// buffer is a bytes.Buffer for a writer and a reader at once.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// file writes a private file in a new folder.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := t.TempDir() + "/" + name
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}
