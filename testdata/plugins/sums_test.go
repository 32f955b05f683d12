package shipped_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	shipped "eventrelay/testdata/plugins"

	"eventrelay/relay/needs"
)

// The committed modules are those that the committed sources give: by the sums, and by compiling again where the compiler
// is the one that they were made with. `make -C testdata/plugins c` makes them anew.
func TestModules_MatchTheirSources(t *testing.T) {
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.FromSlash(name))
		require.NoError(t, err)
		return b
	}
	summed := map[string]bool{}
	for line := range bytes.Lines(read("SHA256SUMS")) {
		sum, name, ok := strings.Cut(strings.TrimSpace(string(line)), "  ")
		require.True(t, ok)
		got := sha256.Sum256(read(name))
		assert.Equal(t, sum, hex.EncodeToString(got[:]), "%s changed; run make -C testdata/plugins c", name)
		summed[name] = true
	}
	version, missing := exec.Command("clang-19", "--version").Output()
	first, _ := bufio.NewReader(bytes.NewReader(version)).ReadString('\n')
	same := missing == nil && first == string(read("lib/compiler"))
	modules, err := filepath.Glob("*/*.wasm")
	require.NoError(t, err)
	require.Greater(t, len(modules), len(shipped.All()))
	for _, module := range modules {
		source := strings.TrimSuffix(filepath.ToSlash(module), ".wasm") + ".c"
		assert.True(t, summed[filepath.ToSlash(module)] && summed[source], "%s is not in SHA256SUMS", module)
		if !same {
			continue
		}
		out := filepath.Join(t.TempDir(), "out.wasm")
		said, err := exec.Command("clang-19", "@lib/flags", "-o", out, source).CombinedOutput()
		require.NoError(t, err, "%s", said)
		assert.True(t, bytes.Equal(read(out), read(module)), "%s is not what %s gives", module, source)
	}
	if !same {
		if missing != nil {
			needs.Missing(t, "clang-19 is not installed; `make toolchains` installs it")
		}
		t.Skipf("not compiled again: only the same compiler gives the same bytes, which is %s", read("lib/compiler"))
	}
}
