package plugins

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "assemble testdata/*.wat with wat2wasm and record the sums")

const sumsFile = "testdata/SHA256SUMS"

// TestGuests_MatchTheirSources keeps testdata/*.wasm what testdata/*.wat says: by recorded sums everywhere, and by
// assembling anew where wat2wasm (of wabt) is at hand.
func TestGuests_MatchTheirSources(t *testing.T) {
	sources, err := filepath.Glob("testdata/*.wat")
	require.NoError(t, err)
	require.NotEmpty(t, sources)
	tool, toolErr := exec.LookPath("wat2wasm")
	var sums bytes.Buffer
	for _, source := range sources {
		binary := strings.TrimSuffix(source, ".wat") + ".wasm"
		if toolErr == nil {
			fresh := assemble(t, tool, source)
			if *update {
				require.NoError(t, os.WriteFile(binary, fresh, 0o644))
			}
			committed, err := os.ReadFile(binary)
			require.NoError(t, err)
			assert.Equal(t, hex.EncodeToString(fresh), hex.EncodeToString(committed), "%s is not what %s says; run go test -run Guests -update", binary, source)
		}
		for _, file := range []string{source, binary} {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), filepath.Base(file))
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(sumsFile, sums.Bytes(), 0o644))
	}
	recorded, err := os.ReadFile(sumsFile)
	require.NoError(t, err)
	assert.Equal(t, string(recorded), sums.String(), "a source or a module changed alone; run go test -run Guests -update")
}

func assemble(t *testing.T, tool, source string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.wasm")
	said, err := exec.Command(tool, source, "-o", out).CombinedOutput()
	require.NoError(t, err, "%s", said)
	module, err := os.ReadFile(out)
	require.NoError(t, err)
	return module
}

// guest is the path of a module in testdata.
func guest(name string) string { return filepath.Join("testdata", name+".wasm") }
