package meter

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
)

// corpus are the modules in the tree.
func corpus(t testing.TB) map[string][]byte {
	modules := map[string][]byte{}
	for _, pattern := range []string{"testdata/*.wasm", "../testdata/*.wasm", "../../testdata/plugins/*/*.wasm"} {
		paths, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, path := range paths {
			module, err := os.ReadFile(path)
			require.NoError(t, err)
			modules[path] = module
		}
	}
	require.NotEmpty(t, modules)
	return modules
}

// The engine takes the rewritten module if it takes the original.
func TestRewrite_Corpus(t *testing.T) {
	ctx := context.Background()
	h := newHost(t, wazero.NewRuntimeConfigInterpreter())
	for path, module := range corpus(t) {
		out, report, err := Rewrite(module, Limits{MemoryPages: 1 << 16, TableEntries: maxTableEntries})
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
		scanned, err := Scan(module, Limits{MemoryPages: 1 << 16, TableEntries: maxTableEntries})
		require.NoError(t, err)
		assert.Equal(t, report, scanned)
	}
}
