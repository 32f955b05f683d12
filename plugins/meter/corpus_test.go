package meter

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	"eventrelay/relay/needs"
)

// corpus are the modules in the tree, by path: hand-written ones, and what compilers made of C, Rust and AssemblyScript.
func corpus(t testing.TB) map[string][]byte {
	modules := map[string][]byte{}
	for _, root := range []string{"..", "../../sdk", "../../testdata"} {
		require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "target"): // not ours
				return fs.SkipDir
			case filepath.Ext(path) == ".wasm":
				modules[path], err = os.ReadFile(path)
			}
			return err
		}))
	}
	require.NotEmpty(t, modules)
	return modules
}

// goGuests are the filters in stock Go, compiled.
func goGuests(t testing.TB) map[string][]byte {
	modules := map[string][]byte{}
	out := filepath.Join(t.TempDir(), "guest.wasm")
	for _, dir := range []string{"../../testdata/plugins/redactgo", "../../sdk/testdata/bare", "../../sdk/testdata/everything"} {
		cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", out, ".")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
		said, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", said)
		modules[dir], err = os.ReadFile(out)
		require.NoError(t, err)
	}
	return modules
}

// wide are limits that the corpus keeps.
var wide = Limits{MemoryPages: 1 << 16, TableEntries: maxTableEntries}

// The engine takes the rewritten module if it takes the original.
func TestRewrite_Corpus(t *testing.T) {
	ctx := context.Background()
	h := newHost(t, wazero.NewRuntimeConfigInterpreter())
	for path, module := range corpus(t) {
		out, report, err := Rewrite(module, wide)
		if err != nil {
			t.Log(path, err)
			continue
		}
		_, original := h.rt.CompileModule(ctx, module)
		_, rewritten := h.rt.CompileModule(ctx, out)
		if original == nil {
			assert.NoError(t, rewritten, path)
		} else {
			assert.Error(t, rewritten, path)
		}
		scanned, err := Scan(module, wide)
		require.NoError(t, err)
		assert.Equal(t, report, scanned)
	}
}

// testdata/corpus/mix.wasm is what its source gives: by recorded sums, and by compiling anew where the compiler is the one
// that it was made with.
func TestCorpus_MatchesItsSource(t *testing.T) {
	const dir = "testdata/corpus"
	version, missing := exec.Command("clang-19", "--version").Output()
	first, _, _ := strings.Cut(string(version), "\n")
	made, readErr := os.ReadFile(dir + "/compiler")
	require.NoError(t, readErr)
	same := missing == nil && first == strings.TrimSpace(string(made))
	if same {
		fresh := compileCorpus(t, dir)
		if *update {
			require.NoError(t, os.WriteFile(dir+"/mix.wasm", fresh, 0o644))
		}
		committed, err := os.ReadFile(dir + "/mix.wasm")
		require.NoError(t, err)
		assert.Equal(t, sum(fresh), sum(committed), "mix.wasm is not what its source gives; run go test -run Corpus_Matches -update")
	}
	var sums strings.Builder
	for _, pattern := range []string{"*.c", "*.h", "flags", "compiler", "*.wasm"} {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		require.NoError(t, err)
		for _, path := range paths {
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			fmt.Fprintf(&sums, "%x  %s\n", sum(content), filepath.Base(path))
		}
	}
	if *update && same {
		require.NoError(t, os.WriteFile(dir+"/SHA256SUMS", []byte(sums.String()), 0o644))
	}
	recorded, err := os.ReadFile(dir + "/SHA256SUMS")
	require.NoError(t, err)
	assert.Equal(t, string(recorded), sums.String(), "a source or the module changed alone; run go test -run Corpus_Matches -update with %s", made)
	if missing != nil {
		needs.Missing(t, "clang-19 is not installed; `make toolchains` installs it")
	}
	if !same {
		t.Skipf("not compiled again: only the same compiler gives the same bytes, which is %s", made)
	}
}

func compileCorpus(t *testing.T, dir string) []byte {
	sources, err := filepath.Glob(dir + "/*.c")
	require.NoError(t, err)
	args := []string{"@flags", "-o", filepath.Join(t.TempDir(), "mix.wasm")}
	for _, source := range sources {
		args = append(args, filepath.Base(source))
	}
	cmd := exec.Command("clang-19", args...)
	cmd.Dir = dir
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)
	module, err := os.ReadFile(args[2])
	require.NoError(t, err)
	return module
}
