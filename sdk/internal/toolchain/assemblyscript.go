package toolchain

import (
	"path/filepath"
	"testing"
)

// Asc is the compiler of AssemblyScript.
type Asc struct{ path string }

// AssemblyScript finds asc: what `make toolchains` installed, or else what is on PATH.
func AssemblyScript(t testing.TB) Asc {
	t.Helper()
	for _, path := range append([]string{filepath.Join(root(t), "bin/toolchains/node_modules/.bin/asc")}, everywhere("asc")...) {
		if exists(path) {
			return Asc{path}
		}
	}
	missing(t, "asc, the compiler of AssemblyScript,")
	return Asc{}
}

// Build builds a filter for a runtime, in the way that the SDK's README shows. The SDK is found by the filter's imports.
func (c Asc) Build(source, out, runtime string, more ...string) error {
	return run(c.path, append([]string{source, "--outFile", out, "-O", "--runtime", runtime}, more...)...)
}
