package plugins

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"eventrelay/plugins/meter"
	"eventrelay/plugins/script"
)

// engine is QuickJS, compiled: once for all scripts of the process, as it takes a good part of a second. It is metered
// like any filter's module, and is never freed.
type engine struct {
	once      sync.Once
	err       error
	runtime   wazero.Runtime
	code      wazero.CompiledModule
	companion wazero.CompiledModule
	report    *meter.Report
}

var quickjs engine

// QuickJS says which QuickJS runs scripts, or is empty: this binary was built without it.
func QuickJS() string {
	if _, err := script.Module(); err != nil {
		return ""
	}
	return script.Version
}

// engineLimits let QuickJS in, which is larger than what is taken from strangers: its file is known by its hash. What of
// it is a filter's own limit, memory and stack, is set for each instance.
var engineLimits = meter.Limits{
	ModuleBytes: 16 << 20, MemoryPages: int(maxMemory / pageSize), TableEntries: 10_000, StackBytes: int(maxStack),
	BodyBytes: 1 << 20, Blocks: 1 << 20, Locals: 1 << 20,
	CompileTime: time.Hour, CompileBytes: math.MaxInt32,
}

// open compiles QuickJS, if that has not been done.
func (e *engine) open() error {
	e.once.Do(func() { e.err = e.compile(context.Background()) })
	return e.err
}

func (e *engine) compile(ctx context.Context) error {
	module, err := script.Module()
	if err != nil {
		return err
	}
	if module, e.report, err = meter.Rewrite(module, engineLimits); err != nil {
		return fmt.Errorf("BUG: QuickJS: %w", err)
	}
	e.runtime = wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2).
		WithMemoryLimitPages(uint32(engineLimits.MemoryPages)).
		WithDebugInfoEnabled(false))
	if e.code, err = e.runtime.CompileModule(ctx, module); err != nil {
		return fmt.Errorf("BUG: QuickJS: %w", err)
	}
	if e.companion, err = e.runtime.CompileModule(ctx, script.Companion); err != nil {
		return fmt.Errorf("BUG: QuickJS's companion: %w", err)
	}
	return e.link(ctx)
}

// link makes the host modules: what scripts ask of their host goes through one function, and the rest is for QuickJS.
func (e *engine) link(ctx context.Context) error {
	host := e.runtime.NewHostModuleBuilder(meter.HostModule)
	host.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(hostTick), signature("II"), signature("I")).Export(meter.TickName)
	natives := e.runtime.NewHostModuleBuilder(script.HostModule)
	natives.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(hostNative), signature("iIiiii"), signature("I")).Export(script.NativeName)
	env, wasi := e.runtime.NewHostModuleBuilder(envModule), e.runtime.NewHostModuleBuilder(wasiModule)
	for _, def := range e.code.ImportedFunctions() {
		switch module, name, _ := def.Import(); module {
		case envModule:
			hook := hostUnused
			if name == script.RejectionName {
				hook = hostRejected
			}
			env.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(hook), def.ParamTypes(), def.ResultTypes()).Export(name)
		case wasiModule:
			wasiFuncs[name].export(wasi, name)
		}
	}
	for _, b := range []wazero.HostModuleBuilder{host, natives, env, wasi} {
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("BUG: link QuickJS: %w", err)
		}
	}
	return nil
}

// hostNative is what the prelude calls.
func hostNative(ctx context.Context, _ api.Module, stack []uint64) {
	in := ctx.Value(instanceKey{}).(*instance)
	in.meter.enter()
	in.script.Native(stack)
	in.meter.nested()
}

// hostRejected is what QuickJS calls for promises.
func hostRejected(ctx context.Context, _ api.Module, stack []uint64) {
	in := ctx.Value(instanceKey{}).(*instance)
	in.meter.enter()
	in.script.Rejected(stack)
	in.meter.nested()
}

// hostUnused answers for hooks of QuickJS that are not in use: no interrupts, for which there is the meter, no modules
// to load, and UTC.
func hostUnused(_ context.Context, _ api.Module, stack []uint64) {
	if len(stack) > 0 {
		stack[0] = 0
	}
}

// compileScript does for a script what compile does for a module.
func (f *filter) compileScript(ctx context.Context, m *moduleFile) error {
	if err := quickjs.open(); err != nil {
		return err
	}
	f.runtime, f.code, f.report = quickjs.runtime, quickjs.code, quickjs.report
	f.exported = exportedNames(f.code)
	f.shared = true
	in, err := f.run(ctx, f.limits.Init, func(in *instance) (err error) {
		in.newVM()
		f.program, err = in.script.Compile(script.Source{Name: m.name(), Text: string(m.bytes), Inline: f.spec.Inline != ""})
		return in.scriptError(err)
	})
	if err != nil {
		return err
	}
	in.close()
	return nil
}

// scriptTrapText is what happened to a script, where text is what happened to QuickJS.
func scriptTrapText(err error, text string) string {
	if errors.Is(err, script.ErrMemory) {
		return script.ErrMemory.Error()
	}
	text, _, _ = strings.Cut(text, " in ")
	return text
}

// name is how errors of the script call its file.
func (m *moduleFile) name() string {
	return filepath.Base(m.path)
}

func (in *instance) newVM() {
	in.meter.stack.Set(uint64(in.filter.limits.Stack))
	in.script = script.New(&in.ctx, in.mod, scriptHost{in})
}

// bootScript starts the script, if the guest is one.
func (in *instance) bootScript() error {
	f := in.filter
	if f.program == nil {
		return nil
	}
	in.newVM()
	ctx := experimental.WithImportResolver(&in.ctx, func(name string) api.Module {
		if name == script.ModuleName {
			return in.mod
		}
		return nil
	})
	var err error
	if in.companion, err = f.runtime.InstantiateModule(ctx, quickjs.companion, wazero.NewModuleConfig().WithName("")); err != nil {
		return fmt.Errorf("BUG: QuickJS's companion: %w", err)
	}
	return in.scriptError(in.script.Boot(f.program, script.Settings{Config: f.config, Grants: f.granted.words()}))
}

// scriptError reads the error of a script's start.
func (in *instance) scriptError(err error) error {
	if err == nil {
		return nil
	}
	if _, thrown := errors.AsType[*script.Error](err); thrown || errors.Is(err, script.ErrMemory) {
		return errors.New(clean(err.Error(), maxErrorText))
	}
	return in.callFailure(err)
}
