package meter

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

func metered(t testing.TB, path string) []byte {
	module, err := os.ReadFile(path)
	require.NoError(t, err)
	out, _, err := Rewrite(module, Limits{})
	require.NoError(t, err)
	return out
}

// What runs for ever asks for fuel all the time, and so ends at a deadline, by an error of the host's; what takes stack
// without end is told apart.
func TestRewrite_StopsAttacks(t *testing.T) {
	out := metered(t, "testdata/attacks.wasm")
	errDeadline := errors.New("deadline")
	wants := map[string]error{"recursion": errOverflow, "recursion_returning": errOverflow, "recursion_indirect": errOverflow}
	ctx := context.Background()
	h := newHost(t, wazero.NewRuntimeConfigCompiler())
	compiled, err := h.rt.CompileModule(ctx, out)
	require.NoError(t, err)
	for name := range compiled.ExportedFunctions() {
		if name == SaveName || name == RestoreName {
			continue
		}
		t.Run(name, func(t *testing.T) {
			mod, err := h.rt.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName(""))
			require.NoError(t, err)
			defer mod.Close(ctx)
			f := mod.ExportedFunction(name)
			want, limit := errDeadline, 20*time.Millisecond
			if overflow, ok := wants[name]; ok { // on a busy machine that takes longer
				want, limit = overflow, 20*time.Second
			}
			last, gaps, deadline := time.Now(), []time.Duration(nil), time.Now().Add(limit)
			h.before = func() {
				now := time.Now()
				gaps, last = append(gaps, now.Sub(last)), now
				if now.After(deadline) {
					panic(errDeadline)
				}
			}
			defer func() { h.before = nil }()
			_, err = f.Call(ctx)
			over := time.Since(deadline)
			require.ErrorIs(t, err, want)
			slices.Sort(gaps)
			median := gaps[len(gaps)/2] // the longest are the scheduler's
			assert.Less(t, over, time.Second, "after the deadline")
			assert.Less(t, median, 5*time.Millisecond, "between two looks")
			assert.False(t, mod.IsClosed())
			t.Logf("%v after the deadline, %v between looks", over, median)
		})
	}
}

// Fuel is the sum of the weights that cost.go lists, the stack is as full after a call as before it, and a call that
// overflows it takes as many frames as fit.
func TestRewrite_Counts(t *testing.T) {
	out := metered(t, "testdata/counted.wasm")
	for engine, config := range configs() {
		t.Run(engine, func(t *testing.T) {
			ctx := context.Background()
			h := newHost(t, config)
			mod, err := h.rt.InstantiateWithConfig(ctx, out, wazero.NewModuleConfig().WithName(""))
			require.NoError(t, err)
			stack := mod.ExportedGlobal(StackGlobal).(api.MutableGlobal)
			for _, tt := range []struct {
				call string
				args []uint64
				want int64
			}{
				{"straight", nil, weightEntry + 3*weightSimple + weightDivide + 2*weightAccess},
				{"loop", []uint64{10}, weightEntry + weightSimple + 10*5*weightSimple},
				{"loop", []uint64{1}, weightEntry + weightSimple + 5*weightSimple},
				{"calls", nil, 2*weightEntry + weightCall + weightSimple + (1+3)/moveShare}, // a result, a global, and where the memory is,
			} {
				before := h.spent(mod)
				_, err := mod.ExportedFunction(tt.call).Call(ctx, tt.args...)
				require.NoError(t, err)
				assert.Equal(t, tt.want, h.spent(mod)-before, tt.call)
				assert.EqualValues(t, 1<<20, stack.Get(), tt.call)
			}
			if engine == "interpreter" {
				return // it has a limit of its own
			}
			_, err = mod.ExportedFunction("down").Call(ctx, 1<<30)
			require.ErrorIs(t, err, errOverflow)
			depth := mod.ExportedGlobal("depth").Get()
			assert.EqualValues(t, (1<<20)/int(frameBase+8*3)+1, depth)
			stack.Set(1 << 20)
			_, err = mod.ExportedFunction("down").Call(ctx, 1000)
			require.NoError(t, err)
			assert.EqualValues(t, 1<<20, stack.Get())
		})
	}
}

// Mutable globals of every type come back as they were saved: vectors whole, references as they are.
func TestRewrite_SavesAndRestoresGlobals(t *testing.T) {
	module, err := os.ReadFile("testdata/globals.wasm")
	require.NoError(t, err)
	out, report, err := Rewrite(module, Limits{})
	require.NoError(t, err)
	require.Equal(t, 8, report.SnapshotSlots)
	require.Equal(t, 7, report.MutableGlobals)
	for engine, config := range configs() {
		t.Run(engine, func(t *testing.T) {
			ctx := context.Background()
			h := newHost(t, config)
			mod, err := h.rt.InstantiateWithConfig(ctx, out, wazero.NewModuleConfig().WithName(""))
			require.NoError(t, err)
			see := func() []uint64 {
				seen, err := mod.ExportedFunction("see").Call(ctx)
				require.NoError(t, err)
				return seen
			}
			original := see()
			snapshot := make([]uint64, report.SnapshotSlots)
			require.NoError(t, mod.ExportedFunction(SaveName).CallWithStack(ctx, snapshot))
			kept := append([]uint64{}, snapshot...)
			_, err = mod.ExportedFunction("change").Call(ctx)
			require.NoError(t, err)
			require.NotEqual(t, original, see())
			require.NoError(t, mod.ExportedFunction(RestoreName).CallWithStack(ctx, snapshot))
			assert.Equal(t, original, see())
			require.NoError(t, mod.ExportedFunction(SaveName).CallWithStack(ctx, snapshot))
			assert.Equal(t, kept, snapshot)
		})
	}
}
