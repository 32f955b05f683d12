package shipped_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/plugins/workbench"
	shipped "eventrelay/testdata/plugins"
)

// TestCases runs cases/*.json of every filter that ships, as `relay plugin test` does.
func TestCases(t *testing.T) {
	for _, f := range shipped.All() {
		t.Run(f.Name, func(t *testing.T) {
			bench := workbench.New(plugins.Options{}, plugins.Filter{Name: f.Name, Use: f.Name, Limits: plugins.Limits{Time: 5 * time.Second}})
			defer bench.Close()
			files, err := filepath.Glob(filepath.Join(f.Name, "cases", "*.json"))
			require.NoError(t, err)
			require.NotEmpty(t, files)
			for _, file := range files {
				t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) { runCase(t, bench, file) })
			}
		})
	}
}

func runCase(t *testing.T, bench *workbench.Bench, file string) {
	c, err := workbench.ReadCase(file)
	require.NoError(t, err)
	r, err := bench.TryCase(t.Context(), c)
	require.NoError(t, err)
	for _, p := range r.Problems {
		var text strings.Builder
		for _, line := range p.Diff {
			text.WriteString("\n" + string(line.Op) + line.Text)
		}
		assert.Fail(t, "not as expected", "event %d: %s%s", p.Event, p.Text, text.String())
	}
}
