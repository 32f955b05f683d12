// Package toolchain finds the compilers of other languages for the tests of their SDKs, and runs them. Where one is
// missing, package needs decides what becomes of the test.
package toolchain

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"eventrelay/relay/needs"
)

// root is the top folder of the module.
func root(t testing.TB) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok || !filepath.IsAbs(file) {
		t.Fatal("the tests of SDKs take a build without -trimpath")
	}
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}

// missing ends a test whose compiler is not there.
func missing(t testing.TB, what string) {
	t.Helper()
	needs.Missing(t, what+" is not installed; `make toolchains` installs it")
}

// run runs a compiler, and returns what it said if it refuses.
func run(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w: %s", cmd.Args, err, said)
	}
	return nil
}

// everywhere returns all programs of that name on PATH.
func everywhere(name string) (found []string) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			found = append(found, path)
		}
	}
	return found
}

// exists reports whether a file matches the pattern.
func exists(pattern string) bool {
	found, err := filepath.Glob(pattern)
	return err == nil && len(found) > 0
}

func output(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
