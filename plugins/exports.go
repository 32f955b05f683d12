package plugins

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tetratelabs/wazero"

	"eventrelay/sdk/abi"
)

// exports are the functions that a module may export for relay; those that it must are required.
var exports = []struct {
	name, params, results string
	required              bool
}{
	{abi.ExportVersion, "", "i", true},
	{abi.ExportBuffer, "i", "i", true},
	{abi.ExportInit, "i", "i", false},
	{abi.ExportOnEvent, "i", "I", false},
	{abi.ExportOnConnect, "i", "I", false},
	{abi.ExportOnSubscribe, "i", "I", false},
	{abi.ExportOnDisconnect, "i", "", false},
	{abi.ExportInitialize, "", "", false},
}

// reactor says how to build a module that is called, instead of a program that runs.
const reactor = "build a reactor, in Go with -buildmode=c-shared, in C with -mexec-model=reactor"

// explainStart says what is probably wrong with a module that does not start and looks like a program: it is allowed,
// but its toolchain would have initialised it in _start, which is never called.
func (f *filter) explainStart(err error) error {
	funcs := f.code.ExportedFunctions()
	if funcs["_start"] == nil || funcs[abi.ExportInitialize] != nil {
		return err
	}
	return fmt.Errorf("%w; it is a WASI command (it exports _start, and no _initialize): %s", err, reactor)
}

// exportedNames returns the names of exported functions by what wazero calls functions that have no other name.
func exportedNames(code wazero.CompiledModule) map[string]string {
	names := map[string]string{}
	for name, def := range code.ExportedFunctions() {
		names[fmt.Sprintf("$%d", def.Index())] = name
	}
	return names
}

// checkExports refuses a module that does not speak ABI v1. All faults are reported at once.
func checkExports(code wazero.CompiledModule) error {
	var errs []error
	if code.ExportedMemories()[abi.ExportMemory] == nil {
		errs = append(errs, fmt.Errorf("does not export its memory as %q", abi.ExportMemory))
	}
	funcs := code.ExportedFunctions()
	if funcs[abi.ExportVersion] == nil && funcs["_start"] != nil {
		return errors.New("a WASI command (it exports _start): " + reactor)
	}
	for _, want := range exports {
		def := funcs[want.name]
		params, results := signature(want.params), signature(want.results)
		switch {
		case def == nil && want.required:
			errs = append(errs, fmt.Errorf("does not export the function %s", want.name))
		case def != nil && !(slices.Equal(def.ParamTypes(), params) && slices.Equal(def.ResultTypes(), results)):
			errs = append(errs, fmt.Errorf("exports %s as %s; ABI v1 has %s", want.name,
				signatureText(def.ParamTypes(), def.ResultTypes()), signatureText(params, results)))
		}
	}
	return errors.Join(errs...)
}
