package toolchain

import (
	"os/exec"
	"testing"
)

// Clang returns a clang that builds WebAssembly: the version that the committed modules are built with, or another one.
func Clang(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"clang-19", "clang"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "clang")
	return ""
}
