package plugins

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"eventrelay/plugins/meter"
	"eventrelay/plugins/script"
	"eventrelay/sdk/abi"
)

// filter is one version of a plugin, loaded: its settings, its compiled module in a runtime of its own, an instance per
// lane, and a spare that waits to replace a broken one. Generations that have it in their chain hold it; so does the
// plugin while it is kept for a rollback. Safe for concurrent use, but for slots.
type filter struct {
	// Set at construction.
	plugin   *plugin
	spec     Filter // as configured
	identity identity
	sum      [sha256.Size]byte // of the module; the seed of its randomness
	number   uint64            // counts the plugin's versions
	limits   Limits
	reset    reset
	granted  grants
	config   []byte

	runtime  wazero.Runtime // of a script: all scripts' own
	shared   bool           // the runtime is not ours to close
	code     wazero.CompiledModule
	program  *script.Program // nil: not a script
	report   *meter.Report
	exported map[string]string // names of functions, by what wazero calls those that have none
	memories memories

	hooks     atomic.Uint32 // abi.Hook; 0 until the first instance has said which there are
	startFuel uint64        // that the first start spent
	imageMu   sync.Mutex
	image     *image // guarded by imageMu; of the first instance

	slots []slot // by lane; each owned by the lane's holder

	holders atomic.Int64 // see hold

	// Set by open, ended by park.
	spare chan *instance  // holds at most one; never closed
	wants chan struct{}   // asks keepSpares for one; never closed
	life  context.Context // of starts after the first; ended by stop
	stop  context.CancelFunc
	done  sync.WaitGroup // keepSpares
}

// load scans and compiles a module and links it. It starts no instance.
func load(ctx context.Context, o Options, spec *Filter, m *moduleFile, p *plugin) (*filter, error) {
	f := &filter{
		plugin:   p,
		spec:     *spec,
		identity: m.identity(o, spec),
		sum:      m.sum,
		limits:   spec.bounds(o),
		reset:    parseReset(spec.Reset),
		granted:  spec.granted(),
		config:   configText(spec.Config),
		slots:    make([]slot, o.Lanes),
	}
	for i := range f.slots {
		f.slots[i].filter = f
	}
	f.number = p.versions.Add(1)
	f.memories.limit = uint64(f.limits.Memory)
	f.holders.Store(1)
	if err := inBackground(func() error { return f.compile(ctx, m) }); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// configText is what a guest gets as its configuration.
func configText(config map[string]any) []byte {
	if len(config) == 0 {
		return []byte("{}")
	}
	text, _ := json.Marshal(config) // Validate has seen that it can be
	return text
}

// compile does what takes long. It cannot be cancelled; what scan refuses bounds how long it takes.
func (f *filter) compile(ctx context.Context, m *moduleFile) error {
	if m.script {
		return f.compileScript(ctx, m)
	}
	module, report, err := meter.Rewrite(m.bytes, f.limits.meter())
	if err != nil {
		return refused(err)
	}
	f.report = report
	f.runtime = wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2).
		WithMemoryLimitPages(uint32(f.limits.Memory/pageSize)).
		WithDebugInfoEnabled(false)) // DWARF is foreign bytes for another parser
	if f.code, err = f.runtime.CompileModule(ctx, module); err != nil {
		return bounded(fmt.Errorf("compile: %w", err))
	}
	imports := slices.DeleteFunc(f.code.ImportedFunctions(), isTick)
	if err := errors.Join(checkImports(imports, f.granted), checkExports(f.code)); err != nil {
		return errors.New(strings.ReplaceAll(err.Error(), "\n", "; ")) // one line, for logs and for check
	}
	f.exported = exportedNames(f.code)
	return link(ctx, f.runtime, imports)
}

// settleHooks makes has the hooks of all instances, and reports false if another one has others.
func (f *filter) settleHooks(has abi.Hook) bool {
	return f.hooks.CompareAndSwap(0, uint32(has)) || f.hooks.Load() == uint32(has)
}

// has reports whether the filter, which has been opened, has a hook.
func (f *filter) has(h hook) bool { return f.hooks.Load()&(1<<h) != 0 }

// hasDoor reports whether the filter, which has been opened, has a hook other than that for events.
func (f *filter) hasDoor() bool { return f.hooks.Load()&^uint32(abi.OnEvent) != 0 }

// refused says where a limit is set that a module is above.
func refused(err error) error {
	text := clean(err.Error(), maxErrorText)
	if strings.Contains(text, "at most") {
		text += " (limits of the filter in relay.yaml)"
	}
	return errors.New(text)
}

// bounded cuts an error that may quote the module.
func bounded(err error) error { return errors.New(clean(err.Error(), maxErrorText)) }

// open starts an instance for every lane, and tries that one of them can be brought back to its beginning. No lane may
// use f yet. On an error, f is parked.
func (f *filter) open(ctx context.Context) error {
	f.spare, f.wants = make(chan *instance, 1), make(chan struct{}, 1)
	f.life, f.stop = context.WithCancel(context.Background())
	if err := f.fill(ctx); err != nil {
		f.park()
		return err
	}
	f.startFuel = f.slots[0].inst.spent
	if err := f.slots[0].inst.selfTest(); err != nil {
		f.park()
		return err
	}
	return nil
}

// fill starts an instance for every lane: one, which mostly tells whether any does, then the others side by side, since a
// reload waits for them, and nothing else can be changed meanwhile. The first error ends it.
func (f *filter) fill(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := f.slots[0].fill(ctx, f.limits.Init); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var starts sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(f.slots)-1) {
		starts.Go(func() {
			for i := next.Add(1); int(i) < len(f.slots) && ctx.Err() == nil; i = next.Add(1) {
				if err := f.slots[i].fill(ctx, f.limits.Init); err != nil {
					cancel(err)
				}
			}
		})
	}
	starts.Wait()
	return context.Cause(ctx)
}

// park closes all instances; the compiled module stays. No call may be in flight. It may be called twice.
func (f *filter) park() {
	if f.stop == nil {
		return
	}
	f.stop()
	f.done.Wait()
	select {
	case in := <-f.spare:
		in.close()
	default:
	}
	for i := range f.slots {
		f.slots[i].empty()
	}
	f.memories.close()
	f.image = nil
}

// hold and release count who may still use f; the last to release it frees it.
func (f *filter) hold() *filter {
	f.holders.Add(1)
	return f
}

func (f *filter) release() {
	if f.holders.Add(-1) == 0 {
		f.close()
	}
}

// close frees the instances and the runtime. It may be called on what load left.
func (f *filter) close() {
	f.park()
	if f.runtime != nil && !f.shared {
		_ = f.runtime.Close(context.Background()) // closes memory only; there is nothing to be done about an error
	}
}
