package plugins

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

func TestInspect(t *testing.T) {
	i, err := Inspect(t.Context(), Options{}, Filter{Name: "f", Path: guest("changes_table")})
	require.NoError(t, err)
	assert.True(t, i.Accepted, i.Refusal)
	assert.Equal(t, "v1", i.ABI)
	assert.Equal(t, []string{"relay_on_event"}, i.Hooks)
	assert.Contains(t, i.Exports, "relay_buffer")
	assert.Equal(t, InspectedRange{2 * int64(pageSize), -1, int64(16 * relay.MiB)}, i.Memory)
	assert.Equal(t, []InspectedRange{{1, -1, 10_000}}, i.Tables)
	assert.False(t, i.InPlace)
	assert.Positive(t, i.StartFuel)
	assert.Equal(t, sumOf(t, guest("changes_table")), i.SHA256)

	i, err = Inspect(t.Context(), Options{}, Filter{Name: "f", Path: guest("counts"), Allow: []string{"metric"}})
	require.NoError(t, err)
	assert.Equal(t, []InspectedImport{
		{Name: "relay.kv_add", Type: "(i32, i32, i64, i64) -> (i64)", Grant: "kv", Problem: "not granted"},
		{Name: "relay.metric", Type: "(i32, i32, i64) -> ()", Grant: "metric", Granted: true},
	}, i.Imports)
	_, err = Inspect(t.Context(), Options{}, Filter{Name: "f"})
	assert.ErrorContains(t, err, "filters[0].path")
}

// What inspect refuses and why is what the server refuses and why, for every module that the tests have.
func TestInspect_SaysWhatTheServerSays(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.wasm")
	require.NoError(t, err)
	for _, path := range append(paths, "doc.go", "none.wasm", "testdata") {
		spec := Filter{Name: "f", Path: path, Limits: Limits{Init: lateness, Memory: 32 * relay.MiB}}
		i, err := Inspect(t.Context(), Options{}, spec)
		require.NoError(t, err)
		err = Check(t.Context(), Options{}, []Filter{spec})
		if refused, ok := errors.AsType[*LoadError](err); ok {
			assert.Equal(t, refused.Err.Error(), i.Refusal, path)
		} else {
			assert.NoError(t, err)
		}
		assert.Equal(t, err == nil, i.Accepted, path)
	}
}
