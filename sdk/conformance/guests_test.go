package conformance

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"eventrelay/plugins"
	engine "eventrelay/plugins/script"
	"eventrelay/relay/needs"
	"eventrelay/sdk/internal/toolchain"
)

// guests are all languages. filter says what to load, and is called once per guest; it skips the test where a compiler is
// not there.
var guests = []struct {
	name   string
	filter func(t *testing.T) plugins.Filter
}{
	{"go", goGuest},
	{"c", committed("c")},
	{"c++", cppGuest},
	{"javascript", script},
	{"rust", rustGuest()},
	{"rust with std", rustGuest("--cfg", `feature="std"`)},
	{"assemblyscript", assemblyscriptGuest("minimal")},
	{"assemblyscript, incremental", assemblyscriptGuest("incremental")},
	{"assemblyscript, stub", assemblyscriptGuest("stub")},
}

// script is the guest in JavaScript, which takes a relay that has QuickJS.
func script(t *testing.T) plugins.Filter {
	if _, err := engine.Module(); err != nil {
		needs.Missing(t, err.Error())
	}
	return plugins.Filter{Script: "guests/guest.js"}
}

// goGuest builds the guest in Go, which takes the compiler that runs this test.
func goGuest(t *testing.T) plugins.Filter {
	return plugins.Filter{Path: built(t, "go", func(out string) *exec.Cmd {
		cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", out, ".")
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
		return cmd
	})}
}

// cppGuest builds the guest in C as C++, with the clang that is there, as its own author would.
func cppGuest(t *testing.T) plugins.Filter {
	clang := toolchain.Clang(t)
	return plugins.Filter{Path: built(t, "c", func(out string) *exec.Cmd {
		return exec.Command(clang, "-x", "c++", "-std=c++17", "--target=wasm32", "-mbulk-memory", "-O2", "-Wall", "-Wextra", "-Werror",
			"-nostdlib", "-Wl,--no-entry,--strip-all", "-o", out, "guest.c")
	})}
}

// rustGuest builds the guest in Rust.
func rustGuest(more ...string) func(*testing.T) plugins.Filter {
	return func(t *testing.T) plugins.Filter {
		c := toolchain.Rust(t)
		name := fmt.Sprint("rust", len(more))
		return plugins.Filter{Path: once(t, name, func(out string) error {
			return c.Build(filepath.Join("guests", "rust", "guest.rs"), out, more...)
		})}
	}
}

// assemblyscriptGuest builds the guest in AssemblyScript, for a runtime of it.
func assemblyscriptGuest(runtime string) func(*testing.T) plugins.Filter {
	return func(t *testing.T) plugins.Filter {
		c := toolchain.AssemblyScript(t)
		return plugins.Filter{Path: once(t, "assemblyscript-"+runtime, func(out string) error {
			return c.Build(filepath.Join("guests", "assemblyscript", "guest.ts"), out, runtime)
		})}
	}
}

// scratch is where guests are built; TestMain removes it.
var scratch struct {
	sync.Mutex
	dir  string
	done map[string]error
}

// built runs a compiler in guests/NAME, once per test run, and returns the module that it made.
func built(t *testing.T, name string, compiler func(out string) *exec.Cmd) string {
	t.Helper()
	return once(t, name, func(out string) error {
		cmd := compiler(out)
		cmd.Dir = filepath.Join("guests", name)
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w: %s", cmd.Args, err, said)
		}
		return nil
	})
}

// once builds a module, once per test run, and returns where it is.
func once(t *testing.T, name string, build func(out string) error) string {
	t.Helper()
	scratch.Lock()
	defer scratch.Unlock()
	if scratch.dir == "" {
		dir, err := os.MkdirTemp("", "conformance")
		require.NoError(t, err)
		scratch.dir, scratch.done = dir, map[string]error{}
	}
	out := filepath.Join(scratch.dir, name+".wasm")
	err, known := scratch.done[name]
	if !known {
		err = build(out)
		scratch.done[name] = err
	}
	require.NoError(t, err)
	return out
}

// committed returns the module that is committed as guests/NAME/guest.wasm.
func committed(name string) func(*testing.T) plugins.Filter {
	return func(*testing.T) plugins.Filter {
		return plugins.Filter{Path: filepath.Join("guests", name, "guest.wasm")}
	}
}

// What is committed is what its sources gave: SHA256SUMS, in the form of sha256sum, names both.
func TestCommittedGuests(t *testing.T) {
	lists, err := filepath.Glob("guests/*/SHA256SUMS")
	require.NoError(t, err)
	for _, list := range lists {
		f, err := os.Open(list)
		require.NoError(t, err)
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			sum, name, ok := strings.Cut(lines.Text(), "  ")
			require.True(t, ok, "%s: %s", list, lines.Text())
			b, err := os.ReadFile(filepath.Join(filepath.Dir(list), name))
			require.NoError(t, err)
			got := sha256.Sum256(b)
			assert.Equal(t, sum, hex.EncodeToString(got[:]), "%s: %s changed; build the guest again", list, name)
		}
	}
}

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(scratch.dir)
		os.Exit(code)
	}))
}
