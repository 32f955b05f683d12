package meter

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// withSegment replaces the passive segment of testdata/bulk.wasm.
func withSegment(t *testing.T, segment []byte) []byte {
	module, err := os.ReadFile("testdata/bulk.wasm")
	require.NoError(t, err)
	small := section(sectionData, append([]byte{1, 1, 7}, "segment"...)...)
	require.True(t, bytes.Contains(module, small))
	large := section(sectionData, append(appendU32([]byte{1, 1}, uint32(len(segment))), segment...)...)
	return bytes.Replace(module, small, large, 1)
}

// Long bulk instructions do what they do unmetered: they may overlap, and write nothing if they do not fit.
func TestRewrite_BulkInstructions(t *testing.T) {
	const size, mib = 4 << 20, 1 << 20
	segment := make([]byte, 5*mib/2)
	for i := range segment {
		segment[i] = byte(i * 7 >> 3)
	}
	module := withSegment(t, segment)
	out, _, err := Rewrite(module, Limits{})
	require.NoError(t, err)
	ctx := context.Background()
	for engine, config := range configs() {
		h := newHost(t, config)
		var both [2]api.Module
		for i, m := range [][]byte{module, out} {
			both[i], err = h.rt.InstantiateWithConfig(ctx, m, wazero.NewModuleConfig().WithName(""))
			require.NoError(t, err)
			view, _ := both[i].Memory().Read(0, size)
			for j := range view {
				view[j] = byte(j>>8 ^ j*31)
			}
		}
		for _, tt := range []struct {
			call     string
			to, from uint32
			n        uint32
			traps    bool
		}{
			{call: "copy", to: 100, from: 0, n: 7*mib/2 + 5},
			{call: "copy", to: 0, from: 100, n: 7*mib/2 + 5},
			{call: "copy", to: mib / 2, from: mib, n: 3 * mib},
			{call: "copy", to: mib, from: mib / 2, n: 3 * mib},
			{call: "copy", to: 0, from: 0, n: size},
			{call: "copy", to: 1, from: 0, n: size, traps: true},
			{call: "copy", to: 0, from: 1, n: size, traps: true},
			{call: "copy", to: 0xffff_fff0, from: 0, n: 2 * mib, traps: true},
			{call: "copy", to: 0, from: 0xffff_fff0, n: 2 * mib, traps: true},
			{call: "copy", to: size, from: size, n: 0},
			{call: "copy", to: size + 1, from: 0, n: 0, traps: true},
			{call: "copy", to: 0, from: 0, n: 1<<32 - 1, traps: true},
			{call: "fill", to: 3, from: 9, n: 2*mib + 1},
			{call: "fill", to: size - mib, from: 8, n: mib},
			{call: "fill", to: size - 2*mib, from: 8, n: 2*mib + 1, traps: true},
			{call: "fill", to: 0xffff_ffff, from: 8, n: 2 * mib, traps: true},
			{call: "fill", to: size, from: 8, n: 0},
			{call: "init", to: 11, from: 0, n: 5 * mib / 2},
			{call: "init", to: mib, from: 5, n: 5*mib/2 - 5},
			{call: "init", to: 0, from: 1, n: 5 * mib / 2, traps: true},
			{call: "init", to: 2 * mib, from: 0, n: 5 * mib / 2, traps: true},
			{call: "init", to: 0, from: 0xffff_ffff, n: 2 * mib, traps: true},
			{call: "init", to: 0xffff_ffff, from: 0, n: 2 * mib, traps: true},
			{call: "init", to: 0, from: 5 * mib / 2, n: 0},
			{call: "init", to: 0, from: 0, n: 10},
			{call: "drop"},
			{call: "init", to: 0, from: 0, n: 2 * mib, traps: true},
			{call: "init", to: 0, from: 0, n: 10, traps: true},
			{call: "init", to: 0, from: 0, n: 0},
		} {
			var seen [2]outcome
			for i, mod := range both {
				args := []uint64{uint64(tt.to), uint64(tt.from), uint64(tt.n)}
				if tt.call == "drop" {
					args = nil
				}
				before, spent := h.ticks, int64(0)
				if i == 1 {
					spent = h.spent(mod)
				}
				_, err := mod.ExportedFunction(tt.call).Call(ctx, args...)
				assert.Equal(t, tt.traps, err != nil, "%s: %+v: %v", engine, tt, err)
				seen[i] = outcome{trap: firstLine(err)}
				view, _ := mod.Memory().Read(0, size)
				seen[i].memory = sum(view)
				if i == 1 && !tt.traps && tt.call != "drop" {
					assert.GreaterOrEqual(t, h.spent(mod)-spent, int64(tt.n>>bulkBytesShift))
					assert.GreaterOrEqual(t, h.ticks-before, int(tt.n/bulkChunk), "a look at the fuel for each chunk")
				}
			}
			assert.Equal(t, seen[0], seen[1], "%s: %+v", engine, tt)
		}
	}
}
