package plugins

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"eventrelay/plugins/script"
	"eventrelay/relay"
	"eventrelay/relay/rawjson"
	"eventrelay/sdk/abi"
)

// instance is one running guest. One caller at a time; whoever takes it from its filter must close it, or its memory
// stays until the filter is closed.
type instance struct {
	// Set by start.
	filter *filter
	ctx    callContext
	linear *linear
	mod    api.Module
	mem    api.Memory        // set by the first host call of the start function, if there is one
	on     [hookKinds]export // nil where the guest has no such hook
	buffer export
	random *rand.ChaCha8
	start  *beginning // nil: it cannot be brought back to it

	// Of a script; nil when the guest is a module of its own.
	script    *script.VM
	companion api.Module

	// Owned by the caller.
	ptr, room uint32 // the guest's buffer
	stack     [1]uint64
	values    []uint64 // of globals, on their way into the guest
	log       guestLog
	json      rawjson.Scanner
	monotonic int64
	counted   int64 // bytes of memory in the metric
	seen      int   // events, since it was at its start
	spent     uint64
	meter     metering
	call      call
}

// call is the state of the call at hand.
type call struct {
	event   *relay.Event // nil while the guest starts
	hook    hook
	code    abi.ReasonCode
	reason  []byte // as given, see hostReason
	emitted []*relay.Event
	room    budget // for more of them
}

// start makes an instance and brings it to where it takes events (sdk/abi, "Order at load"), within the limit. Its error
// is bounded and printable.
func (f *filter) start(ctx context.Context, limit time.Duration) (*instance, error) {
	in, err := f.run(ctx, limit, (*instance).boot)
	if err != nil {
		return nil, f.explainStart(err)
	}
	in.count()
	return in, nil
}

// run makes an instance and does with it, within the limit, what is to be done first. On an error it is closed.
func (f *filter) run(ctx context.Context, limit time.Duration, first func(*instance) error) (*instance, error) {
	in := &instance{filter: f, random: rand.NewChaCha8(f.sum), log: guestLog{plugin: f.plugin, limits: &f.limits}}
	in.ctx.inst = in
	in.meter.begin(nanos(), limit, 0) // before instantiation, which runs the start section
	unhook := context.AfterFunc(ctx, func() { in.meter.cancelled.Store(true) })
	err := in.instantiate()
	if err == nil {
		err = first(in)
	}
	unhook()
	in.log.end()
	if err != nil {
		in.close()
		return nil, err
	}
	in.spent = in.meter.end()
	return in, nil
}

func (in *instance) instantiate() error {
	f := in.filter
	ctx := experimental.WithMemoryAllocator(&in.ctx, experimental.MemoryAllocatorFunc(func(_, most uint64) experimental.LinearMemory {
		in.linear = f.memories.allocate(most)
		return in.linear
	}))
	mod, err := f.runtime.InstantiateModule(ctx, f.code, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return fmt.Errorf("start section: %w", in.callFailure(err))
	}
	in.mod, in.mem = mod, mod.Memory()
	in.meter.bind(mod)
	if initialize := mod.ExportedFunction(abi.ExportInitialize); initialize != nil {
		if err := initialize.CallWithStack(&in.ctx, nil); err != nil {
			return fmt.Errorf("%s: %w", abi.ExportInitialize, in.callFailure(err))
		}
	}
	return nil
}

func (in *instance) boot() error {
	if err := in.bootScript(); err != nil {
		return err
	}
	in.buffer = in.export(abi.ExportBuffer)
	if err := in.configure(); err != nil {
		return err
	}
	if err := in.hooks(); err != nil {
		return err
	}
	if failed := in.grow(abi.FirstBuffer); failed != nil {
		return failed
	}
	return in.remember()
}

// export is a function that a guest offers to its host. It is called with its parameters in stack, as a whole number of
// 64 bits each, and leaves its result there. wazero's api.Function is one.
type export interface {
	CallWithStack(ctx context.Context, stack []uint64) error
}

// export returns the guest's export of a name, or nil.
func (in *instance) export(name string) export {
	if in.script != nil {
		if fn := in.script.Export(name); fn != nil {
			return fn
		}
		return nil
	}
	if fn := in.mod.ExportedFunction(name); fn != nil {
		return fn
	}
	return nil
}

// optional calls an export of at most one parameter, if there is one, and returns its result, if it has one.
func (in *instance) optional(name string, arg uint64) (uint32, error) {
	fn := in.export(name)
	if fn == nil {
		return 0, nil
	}
	stack := [1]uint64{arg}
	if err := fn.CallWithStack(&in.ctx, stack[:]); err != nil {
		return 0, fmt.Errorf("%s: %w", name, in.callFailure(err))
	}
	return uint32(stack[0]), nil
}

func (in *instance) configure() error {
	config := in.filter.config
	if in.export(abi.ExportInit) == nil {
		return nil
	}
	if failed := in.grow(uint32(len(config))); failed != nil {
		return failed
	}
	in.mem.Write(in.ptr, config)
	code, err := in.optional(abi.ExportInit, uint64(len(config)))
	switch {
	case err != nil:
		return err
	case code != 0 && len(in.call.reason) > 0:
		return fmt.Errorf("%s refused the configuration: %s", abi.ExportInit, clean(in.call.reason, maxErrorText))
	case code != 0:
		return fmt.Errorf("%s refused the configuration (answer %d)", abi.ExportInit, int32(code))
	}
	return nil
}

// hooks asks the guest which hooks it has. One without any is refused: it is most likely a Go program that registers its
// handlers in main, which never runs, and would let every event pass unseen.
func (in *instance) hooks() error {
	bits, err := in.optional(abi.ExportVersion, 0)
	if err != nil {
		return err
	}
	has := abi.Hook(bits)
	for h := range hookTable {
		if name := hookTable[h].export; has&(1<<h) != 0 && in.export(name) == nil {
			return fmt.Errorf("%s says that there is %s, which is not exported", abi.ExportVersion, name)
		}
	}
	switch {
	case has&^abi.Hooks != 0:
		return fmt.Errorf("%s answered %#x: bits %#x are unknown to ABI v1", abi.ExportVersion, bits, uint32(has&^abi.Hooks))
	case has == 0:
		return fmt.Errorf("%s answered 0: the filter has no hook and would do nothing; in Go, register handlers in init, as main never runs", abi.ExportVersion)
	case !in.filter.settleHooks(has):
		return fmt.Errorf("%s answered %#x, but %#x to another instance of the same module and configuration", abi.ExportVersion, bits, in.filter.hooks.Load())
	}
	for h := range in.on {
		if has&(1<<h) != 0 {
			in.on[h] = in.export(hookTable[h].export)
		}
	}
	return nil
}

// memory returns the guest's memory, for host functions.
func (in *instance) memory() api.Memory { return in.mem }

// grow asks the guest for a buffer of n bytes.
func (in *instance) grow(n uint32) *failure {
	in.room = 0
	in.stack[0] = uint64(n)
	if err := in.buffer.CallWithStack(&in.ctx, in.stack[:]); err != nil {
		return in.callFailure(err)
	}
	ptr := uint32(in.stack[0])
	switch {
	case ptr == 0:
		return &failure{cause: causeTooLarge, text: fmt.Sprintf("%s has no room for %d bytes", abi.ExportBuffer, n)}
	case ptr < abi.MinPointer || ptr%abi.BufferAlign != 0:
		return badAnswer("%s answered %d, which is not aligned to %d", abi.ExportBuffer, ptr, abi.BufferAlign)
	case uint64(ptr)+uint64(n) > uint64(in.mem.Size()):
		return badAnswer("%s answered %d: %d bytes there are not within memory", abi.ExportBuffer, ptr, n)
	}
	in.ptr, in.room = ptr, n
	return nil
}

// count brings the metric of memory up to date.
func (in *instance) count() {
	if size := int64(in.mem.Size()); size != in.counted {
		in.filter.plugin.stats.memory.Add(size - in.counted)
		in.counted = size
	}
}

func (in *instance) close() {
	if in.companion != nil {
		_ = in.companion.Close(context.Background())
	}
	if in.mod != nil {
		_ = in.mod.Close(context.Background()) // frees memory only; there is nothing to be done about an error
	}
	if in.linear != nil { // also when instantiating failed
		in.linear.Free()
	}
	in.filter.plugin.stats.memory.Add(-in.counted)
	in.counted = 0
}
