package meter

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

var (
	errFuel     = errors.New("out of fuel")
	errOverflow = errors.New("stack overflow")
)

// host is what runs rewritten modules in tests: it hands out fuel up to a budget.
type host struct {
	rt      wazero.Runtime
	slice   int64
	granted int64 // fuel handed out
	budget  int64
	ticks   int
	before  func() // runs at each tick
}

func newHost(t testing.TB, config wazero.RuntimeConfig) *host {
	ctx := context.Background()
	h := &host{rt: wazero.NewRuntimeWithConfig(ctx, config.WithCoreFeatures(api.CoreFeaturesV2)), slice: Slice, budget: 1 << 62}
	t.Cleanup(func() { require.NoError(t, h.rt.Close(ctx)) })
	_, err := h.rt.NewHostModuleBuilder(HostModule).NewFunctionBuilder().
		WithGoFunction(api.GoFunc(h.tick), []api.ValueType{api.ValueTypeI64, api.ValueTypeI64}, []api.ValueType{api.ValueTypeI64}).
		Export(TickName).Instantiate(ctx)
	require.NoError(t, err)
	return h
}

func (h *host) tick(_ context.Context, stack []uint64) {
	h.ticks++
	if h.before != nil {
		h.before()
	}
	switch {
	case int64(stack[1]) < 0:
		panic(errOverflow)
	case h.granted-int64(stack[0]) > h.budget:
		panic(errFuel)
	}
	add := h.slice - int64(stack[0])
	h.granted += add
	stack[0] = uint64(h.slice)
}

// spent is the fuel that all calls of an instance cost so far.
func (h *host) spent(mod api.Module) int64 {
	return h.granted - int64(mod.ExportedGlobal(FuelGlobal).Get())
}
