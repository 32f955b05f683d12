package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"eventrelay/sdk/abi"
)

// raw calls the guest as it is, with wazero's default configuration: no time limit, no copy of the event, no check of
// the answer. It is the floor.
type raw struct {
	onEvent api.Function
	len     uint64
}

func openRaw(path string) (*raw, error) {
	ctx := context.Background()
	code, err := read(path)
	if err != nil {
		return nil, err
	}
	r := wazero.NewRuntime(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	if err := hostModules(ctx, r); err != nil {
		return nil, err
	}
	mod, err := r.InstantiateWithConfig(ctx, code, wazero.NewModuleConfig().WithStartFunctions("_initialize"))
	if err != nil {
		return nil, err
	}
	if _, err := mod.ExportedFunction(abi.ExportVersion).Call(ctx); err != nil {
		return nil, err
	}
	ptr, err := mod.ExportedFunction(abi.ExportBuffer).Call(ctx, abi.FirstBuffer)
	if err != nil {
		return nil, err
	}
	record := abi.AppendRecord(nil, &abi.Record{Flags: abi.Text | abi.JSON, Topic: []byte("orders.new"), Payload: []byte(event)})
	if !mod.Memory().Write(uint32(ptr[0]), record) {
		return nil, fmt.Errorf("no room for the record at %d", ptr[0])
	}
	return &raw{mod.ExportedFunction(abi.ExportOnEvent), uint64(len(record))}, nil
}

// hostModules links what guests import and do not call here.
func hostModules(ctx context.Context, r wazero.Runtime) error {
	i32, none := api.ValueTypeI32, api.GoFunc(func(context.Context, []uint64) {})
	host := r.NewHostModuleBuilder("relay")
	host.NewFunctionBuilder().WithGoFunction(none, []api.ValueType{i32, i32, i32}, nil).Export("reason")
	host.NewFunctionBuilder().WithGoFunction(none, []api.ValueType{i32, i32, i32}, nil).Export("log")
	host.NewFunctionBuilder().WithGoFunction(none, []api.ValueType{i32, i32}, []api.ValueType{i32}).Export("emit")
	if _, err := host.Instantiate(ctx); err != nil {
		return err
	}
	env := r.NewHostModuleBuilder("env")
	env.NewFunctionBuilder().WithGoFunction(none, []api.ValueType{i32, i32, i32, i32}, nil).Export("abort")
	_, err := env.Instantiate(ctx)
	return err
}

func (r *raw) bench(b *testing.B) {
	var stack [1]uint64
	loop(b, func() error {
		stack[0] = r.len
		if err := r.onEvent.CallWithStack(context.Background(), stack[:]); err != nil {
			return err
		}
		if stack[0] != 0 {
			return fmt.Errorf("answer %d", stack[0])
		}
		return nil
	})
}
