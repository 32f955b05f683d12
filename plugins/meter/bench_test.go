package meter

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// BenchmarkMetered compares small guest functions on an event of 235 bytes as they are and metered.
func BenchmarkMetered(b *testing.B) {
	module, err := os.ReadFile("testdata/bench.wasm")
	require.NoError(b, err)
	metered, _, err := Rewrite(module, Limits{})
	require.NoError(b, err)
	event := append(bytes.Repeat([]byte(`{"id":1234,"name":"x"},`), 10), `"card`...)
	for _, call := range []struct {
		name string
		arg  uint64
	}{{"find", 235}, {"sum", 235}, {"hash", 235}, {"fib", 15}} {
		for _, variant := range []struct {
			name   string
			module []byte
		}{{"raw", module}, {"metered", metered}} {
			b.Run(call.name+"/"+variant.name, func(b *testing.B) {
				h := newHost(b, wazero.NewRuntimeConfigCompiler())
				ctx := context.Background()
				mod, err := h.rt.InstantiateWithConfig(ctx, variant.module, wazero.NewModuleConfig().WithName(""))
				require.NoError(b, err)
				mod.Memory().Write(0, event)
				benchmarkCall(b, mod, call.name, call.arg)
			})
		}
	}
}

func benchmarkCall(b *testing.B, mod api.Module, name string, arg uint64) {
	ctx := context.Background()
	f := mod.ExportedFunction(name)
	stack := make([]uint64, 1)
	b.ReportAllocs()
	for b.Loop() {
		stack[0] = arg
		if err := f.CallWithStack(ctx, stack); err != nil {
			b.Fatal(err)
		}
	}
}
