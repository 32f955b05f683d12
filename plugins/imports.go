package plugins

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"eventrelay/plugins/meter"
	"eventrelay/sdk/abi"
)

// grants is a set of what a filter may do beyond filtering.
type grants uint8

const (
	grantKV grants = 1 << iota
	grantNow
	grantRandom
	grantMetric
)

// grantNames are the words of `allow`, in the order of the bits.
var grantNames = []string{"kv", "now", "random", "metric"}

func parseGrants(allow []string) grants {
	var g grants
	for _, name := range allow {
		g |= 1 << slices.Index(grantNames, name)
	}
	return g
}

// words returns the words of allow that g is made of.
func (g grants) words() (words []string) {
	for i, name := range grantNames {
		if g>>i&1 == 1 {
			words = append(words, name)
		}
	}
	return words
}

func (g grants) has(want grants) bool { return g&want == want }

// Signatures are written in letters, parameters then results: i is i32, I is i64.
var valueTypes = map[rune]api.ValueType{'i': api.ValueTypeI32, 'I': api.ValueTypeI64}

func signature(letters string) (types []api.ValueType) {
	for _, l := range letters {
		types = append(types, valueTypes[l])
	}
	return types
}

// hostFunc is a function that guests may import. call finds its arguments in stack and leaves its result, if it has
// one, in stack[0]. It panics with a trap or an exit to end the guest's call, and never calls the guest.
type hostFunc struct {
	params, results string
	needs           grants
	call            func(in *instance, stack []uint64)
}

// hostModules are all functions there are, by module and name.
var hostModules = map[string]map[string]hostFunc{
	abi.ImportModule: relayFuncs,
	wasiModule:       wasiFuncs,
	envModule:        envFuncs,
}

// checkImports refuses a module that imports what its filter may not have. All such imports are reported at once.
func checkImports(imports []api.FunctionDefinition, granted grants) error {
	var errs []error
	for _, def := range imports {
		module, name, _ := def.Import()
		if err := checkImport(module, name, def, granted); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func checkImport(module, name string, def api.FunctionDefinition, granted grants) error {
	full := clean(module, maxFrameBytes) + "." + clean(name, maxFrameBytes)
	f, known := hostModules[module][name]
	switch {
	case !known && hostModules[module] == nil:
		return fmt.Errorf("imports %s: relay has no import module of that name; a filter may import from relay, %s and env.abort", full, wasiModule)
	case !known:
		return fmt.Errorf("imports %s, which relay does not have", full)
	case !granted.has(f.needs):
		return fmt.Errorf("imports %s, which it is not granted: add %s to allow", full, grantNames[trailing(f.needs)])
	case !slices.Equal(def.ParamTypes(), signature(f.params)) || !slices.Equal(def.ResultTypes(), signature(f.results)):
		return fmt.Errorf("imports %s as %s; it is %s", full,
			signatureText(def.ParamTypes(), def.ResultTypes()), signatureText(signature(f.params), signature(f.results)))
	}
	return nil
}

func trailing(g grants) int {
	for i := range grantNames {
		if g>>i&1 == 1 {
			return i
		}
	}
	return 0
}

// maxShownTypes bounds how much of a guest's signature an error shows.
const maxShownTypes = 12

func signatureText(params, results []api.ValueType) string {
	text := "("
	for i, p := range params[:min(len(params), maxShownTypes)] {
		if i > 0 {
			text += ", "
		}
		text += api.ValueTypeName(p)
	}
	text += ")"
	for i, r := range results[:min(len(results), maxShownTypes)] {
		text += [2]string{" → ", ", "}[min(i, 1)] + api.ValueTypeName(r)
	}
	return text
}

// isTick reports whether an import is the meter's, which every rewritten module has.
func isTick(def api.FunctionDefinition) bool {
	module, _, _ := def.Import()
	return module == meter.HostModule
}

// link makes the host modules that the imports ask for, which checkImports has passed, and the meter's.
func link(ctx context.Context, rt wazero.Runtime, imports []api.FunctionDefinition) error {
	builders := map[string]wazero.HostModuleBuilder{meter.HostModule: rt.NewHostModuleBuilder(meter.HostModule)}
	builders[meter.HostModule].NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(hostTick), signature("II"), signature("I")).Export(meter.TickName)
	for _, def := range imports {
		module, name, _ := def.Import()
		b := builders[module]
		if b == nil {
			b = rt.NewHostModuleBuilder(module)
			builders[module] = b
		}
		hostModules[module][name].export(b, name)
	}
	for module, b := range builders {
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("link %s: %w", module, err)
		}
	}
	return nil
}

func (f hostFunc) export(b wazero.HostModuleBuilder, name string) {
	// NOTE: GoModuleFunction, not WithFunc: reflection would cost a microsecond and five allocations a call.
	b.NewFunctionBuilder().WithGoModuleFunction(f.entry(), signature(f.params), signature(f.results)).Export(name)
}

func (f hostFunc) entry() api.GoModuleFunc {
	return func(ctx context.Context, mod api.Module, stack []uint64) {
		in := ctx.Value(instanceKey{}).(*instance)
		if in.mem == nil { // called by the start section, before there is an instance to ask
			in.mem = mod.Memory()
		}
		in.meter.enter()
		f.call(in, stack)
		in.meter.hosted()
	}
}
