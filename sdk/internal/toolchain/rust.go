package toolchain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Rustc is a compiler that has the library for WebAssembly.
type Rustc struct {
	Path string
	// Linker is what it needs to be told: Debian's has none of its own, and reads its old libraries with wasm-ld-14 alone.
	Linker string
	sdk    string
}

// Rust finds rustc. The first one on PATH may lack the library, as that of rustup does until it is told.
func Rust(t testing.TB) Rustc {
	t.Helper()
	const target = "wasm32-unknown-unknown"
	for _, path := range everywhere("rustc") {
		if !exists(filepath.Join(output(path, "--print", "target-libdir", "--target", target), "libcore-*.rlib")) {
			continue
		}
		c := Rustc{Path: path, sdk: filepath.Join(root(t), "sdk", "rust")}
		if exists(filepath.Join(output(path, "--print", "sysroot"), "lib/rustlib/*/bin/rust-lld")) {
			return c
		}
		for _, c.Linker = range []string{"wasm-ld-14", "wasm-ld"} {
			if len(everywhere(c.Linker)) > 0 {
				return c
			}
		}
	}
	missing(t, "rustc with "+target+", or its linker,")
	return Rustc{}
}

// Build builds a filter of one file with the SDK, in the way that the SDK's README shows.
func (c Rustc) Build(source, out string, more ...string) error {
	dir, err := os.MkdirTemp("", "rust")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	flags, library := "@"+filepath.Join(c.sdk, "flags"), filepath.Join(dir, "librelay.rlib")
	args := []string{flags, "--crate-type=rlib", "--crate-name=relay", filepath.Join(c.sdk, "src", "lib.rs"), "-o", library}
	if err := run(c.Path, args...); err != nil {
		return err
	}
	args = []string{flags, "--crate-type=cdylib", "--crate-name=filter", "--extern=relay=" + library, source, "-o", out}
	if c.Linker != "" {
		args = append(args, "-Clinker="+c.Linker)
	}
	return run(c.Path, append(args, more...)...)
}

// Test builds and runs the unit tests of the SDK itself, on this machine, and returns what they say.
func (c Rustc) Test(dir string) (string, error) {
	out := filepath.Join(dir, "unit")
	if err := run(c.Path, "--edition=2021", "--test", "--crate-name=relay", "-Dwarnings", filepath.Join(c.sdk, "src", "lib.rs"), "-o", out); err != nil {
		return "", err
	}
	return output(out, "--test-threads=2"), nil
}

// IsOld reports whether it is older than 1.68, in which a crate without std can't use alloc.
func (c Rustc) IsOld() bool {
	return strings.HasPrefix(output(c.Path, "--version"), "rustc 1.63")
}
