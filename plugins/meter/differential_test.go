package meter

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// outcome is what can be seen of a call.
type outcome struct {
	results []uint64
	trap    string
	memory  [32]byte
	globals string
}

func configs() map[string]wazero.RuntimeConfig {
	return map[string]wazero.RuntimeConfig{
		"compiler": wazero.NewRuntimeConfigCompiler(), "interpreter": wazero.NewRuntimeConfigInterpreter(),
	}
}

// run calls all exported functions of a generated module twice each, and returns what came of it and, if the module is
// metered, the fuel after each call.
func run(t testing.TB, h *host, module []byte) (outcomes []outcome, fuel []int64, err error) {
	ctx := context.Background()
	mod, err := h.rt.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return nil, nil, err
	}
	defer mod.Close(ctx)
	for i := range 2 * generatedFuncs {
		f := mod.ExportedFunction(fmt.Sprint("f", i%generatedFuncs))
		args := make([]uint64, 0, 8)
		for j, p := range f.Definition().ParamTypes() {
			args = append(args, uint64(3*i+j))
			if p == typeV128 {
				args = append(args, 77)
			}
		}
		results, err := f.Call(ctx, args...)
		if errors.Is(err, errFuel) || errors.Is(err, errOverflow) {
			return nil, nil, err
		}
		outcomes = append(outcomes, see(t, mod, results, err))
		if g := mod.ExportedGlobal(FuelGlobal); g != nil {
			fuel = append(fuel, h.spent(mod))
		}
	}
	return outcomes, fuel, nil
}

func see(t testing.TB, mod api.Module, results []uint64, err error) outcome {
	o := outcome{results: results, trap: firstLine(err)}
	memory, ok := mod.Memory().Read(0, mod.Memory().Size())
	require.True(t, ok)
	o.memory = sum(memory)
	for i := range 6 {
		if i != 4 { // a vector
			o.globals += fmt.Sprint(mod.ExportedGlobal(fmt.Sprint("g", i)).Get(), " ")
		}
	}
	return o
}

func sum(memory []byte) [32]byte { return sha256.Sum256(memory) }

// firstLine is an error without the trace of the stack.
func firstLine(err error) string {
	if err == nil {
		return ""
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// PL-22: random modules give the same results, traps, memory and globals as they are and metered, and spend the same fuel on
// both engines, whatever the slice.
func TestRewrite_Generated(t *testing.T) {
	n := uint64(400)
	if testing.Short() || raceEnabled {
		n = 40
	}
	traps, ran := map[string]int{}, 0
	for seed := range n {
		module := generate(seed)
		metered, _, err := Rewrite(module, Limits{})
		require.NoError(t, err, "seed %d", seed)
		spent := map[string][]int64{}
		var first []outcome
		for engine, config := range configs() {
			h := newHost(t, config)
			h.budget = 300_000
			h.slice = int64(1 + seed%97*seed)
			got, fuel, err := run(t, h, metered)
			if errors.Is(err, errFuel) || errors.Is(err, errOverflow) {
				continue
			}
			if err != nil {
				dump(t, seed, module, metered)
			}
			require.NoError(t, err, "seed %d, %s", seed, engine)
			want, _, err := run(t, h, module)
			require.NoError(t, err, "seed %d, %s", seed, engine)
			if !assertSame(t, want, got) {
				dump(t, seed, module, metered)
				t.Fatalf("seed %d, %s", seed, engine)
			}
			spent[engine] = fuel
			first = got
		}
		if len(spent) == 2 {
			ran++
			require.Equal(t, spent["compiler"], spent["interpreter"], "seed %d", seed)
			for _, o := range first {
				traps[o.trap]++
			}
		}
	}
	t.Log(ran, "ran to their end:", traps)
	require.Greater(t, ran, int(n)*3/4)
	require.Greater(t, traps[""], int(n))
	require.Greater(t, len(traps), 4)
}

// No instruction runs unpaid: paying for regions costs at least what paying for each instruction by itself does, and not
// much more, which is what is paid for in vain where a region is left early.
func TestRewrite_PaysForEveryInstruction(t *testing.T) {
	var regions, instructions int64
	for seed := range uint64(150) {
		original := generate(seed)
		var fuel [2][]int64
		var outcomes []outcome
		for i, exact := range []bool{false, true} {
			m := &module{limits: Limits{}.withDefaults(), start: -1, declared: -1, exact: exact}
			require.NoError(t, m.read(original))
			h := newHost(t, wazero.NewRuntimeConfigInterpreter())
			h.budget = 300_000
			var err error
			if outcomes, fuel[i], err = run(t, h, m.rewritten(len(original))); err != nil {
				break
			}
		}
		if len(fuel[1]) == 0 {
			continue
		}
		last := [2]int64{}
		for call := range outcomes {
			r, i := fuel[0][call]-last[0], fuel[1][call]-last[1]
			last = [2]int64{fuel[0][call], fuel[1][call]}
			if outcomes[call].trap != "" { // what a function keeps in a local when it traps is not told
				continue
			}
			require.GreaterOrEqual(t, r, i, "seed %d, call %d", seed, call)
			regions, instructions = regions+r, instructions+i
		}
	}
	t.Logf("%d paid by region, %d by instruction", regions, instructions)
	assert.Less(t, float64(regions), 1.05*float64(instructions))
}

func assertSame(t *testing.T, want, got []outcome) bool {
	for i := range want {
		if fmt.Sprint(want[i]) != fmt.Sprint(got[i]) {
			t.Errorf("call %d: want %v\ngot %v", i, want[i], got[i])
			return false
		}
	}
	return true
}

// dump leaves modules for other tools to look at.
func dump(t *testing.T, seed uint64, module, metered []byte) {
	dir, err := os.MkdirTemp("", "generated")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(dir+"/module.wasm", module, 0o600))
	require.NoError(t, os.WriteFile(dir+"/metered.wasm", metered, 0o600))
	t.Logf("seed %d is in %s", seed, dir)
}
