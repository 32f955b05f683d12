package shipped_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"eventrelay/plugins"
	shipped "eventrelay/testdata/plugins"
)

// What the table says of a filter is so: its example starts, its grants are those that it imports, its keys are those
// that it knows.
func TestAll(t *testing.T) {
	for _, f := range shipped.All() {
		t.Run(f.Name, func(t *testing.T) {
			var config map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(f.Config), &config))
			spec := plugins.Filter{Name: "a", Use: f.Name, Config: config}
			i, err := plugins.Inspect(t.Context(), plugins.Options{}, spec)
			require.NoError(t, err)
			assert.True(t, i.Accepted, i.Refusal)
			needs := map[string]bool{}
			for _, imp := range i.Imports {
				if imp.Grant != "" {
					needs[imp.Grant] = true
				}
			}
			assert.Equal(t, slices.Sorted(maps.Keys(needs)), slices.Sorted(slices.Values(f.Allow)))

			spec.Config = map[string]any{"nothing": 1}
			i, err = plugins.Inspect(t.Context(), plugins.Options{}, spec)
			require.NoError(t, err)
			_, known, ok := strings.Cut(i.Refusal, `"nothing" is unknown; there are: `)
			require.True(t, ok, i.Refusal)
			for key := range strings.SplitSeq(known, ", ") {
				assert.Contains(t, f.Keys, key)
			}
		})
	}
}

// README shows all of them as the table does.
func TestAll_README(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for _, f := range shipped.All() {
		assert.Contains(t, string(text), "| `"+f.Name+"` | "+f.About+" | `"+f.Config+"` |")
	}
}

// A filter that may less than it needs is refused with the words that help.
func TestAll_Grants(t *testing.T) {
	err := plugins.Validate(plugins.Options{}, []plugins.Filter{{Name: "a", Use: "dedupe", Allow: []string{"now"}}})
	assert.EqualError(t, err, "filters[0].allow: lacks kv, which dedupe needs; add it, or leave allow out: a filter that ships with relay is granted what it needs")
	assert.NoError(t, plugins.Validate(plugins.Options{}, []plugins.Filter{{Name: "a", Use: "dedupe", Allow: []string{"kv"}}}))
}

// Every folder of a filter that ships has its source, its module and cases, and is in the table.
func TestAll_Folders(t *testing.T) {
	dirs, err := filepath.Glob("*/cases")
	require.NoError(t, err)
	var names []string
	for _, d := range dirs {
		names = append(names, filepath.Dir(d))
		_, err := os.Stat(filepath.Join(filepath.Dir(d), filepath.Dir(d)+".c"))
		assert.NoError(t, err)
	}
	var table []string
	for _, f := range shipped.All() {
		table = append(table, f.Name)
		assert.NotEmpty(t, f.Module())
	}
	assert.Equal(t, table, names)
	assert.True(t, slices.IsSorted(table))
	_, ok := shipped.Find("nothing")
	assert.False(t, ok)
	_, err = json.Marshal(shipped.All())
	assert.NoError(t, err)
}
