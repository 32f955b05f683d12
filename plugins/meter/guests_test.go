package meter

import (
	"crypto/sha256"
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

// TestGuests_MatchTheirSources keeps testdata/*.wasm what testdata/*.wat says, by recorded sums, and assembles them
// anew with -update (wat2wasm of wabt).
func TestGuests_MatchTheirSources(t *testing.T) {
	sources, err := filepath.Glob("testdata/*.wat")
	require.NoError(t, err)
	require.NotEmpty(t, sources)
	var sums strings.Builder
	for _, source := range sources {
		binary := strings.TrimSuffix(source, ".wat") + ".wasm"
		if *update {
			said, err := exec.Command("wat2wasm", source, "-o", binary).CombinedOutput()
			require.NoError(t, err, "%s", said)
		}
		for _, file := range []string{source, binary} {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), filepath.Base(file))
		}
	}
	if *update {
		require.NoError(t, os.WriteFile("testdata/SHA256SUMS", []byte(sums.String()), 0o644))
	}
	recorded, err := os.ReadFile("testdata/SHA256SUMS")
	require.NoError(t, err)
	assert.Equal(t, string(recorded), sums.String(), "a source or a module changed alone; run go test -run Guests -update")
}
