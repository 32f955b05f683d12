package plugins

import (
	"context"
	"encoding/hex"
	"log/slog"
	"slices"
	"time"

	"eventrelay/plugins/meter"
	"eventrelay/relay"
	"eventrelay/sdk/abi"
)

// Inspection is what relay makes of a module: what is in it, and whether it would be taken.
type Inspection struct {
	Path   string     `json:"path"`
	SHA256 string     `json:"sha256,omitempty"`
	Size   relay.Size `json:"size"`
	Script bool       `json:"script,omitempty"`
	ABI    string     `json:"abi,omitempty"` // v1, when it exports what that takes
	Hooks  []string   `json:"hooks"`         // that it says it has, if it is accepted; else those exported

	Exports []string          `json:"exports"`
	Imports []InspectedImport `json:"imports"`

	Memory    InspectedRange    `json:"memory_bytes"`
	Tables    []InspectedRange  `json:"tables"`
	Functions int               `json:"functions"`
	Globals   int               `json:"mutable_globals"`
	Largest   InspectedFunction `json:"largest_function"`  // by the time that compiling takes
	InPlace   bool              `json:"restores_in_place"` // false: an instance is replaced after a failure

	CompileEstimate time.Duration `json:"compile_estimate_ns"`
	Compile         time.Duration `json:"compile_ns,omitempty"` // measured, here
	Start           time.Duration `json:"start_ns,omitempty"`   // of one instance, measured, here
	StartFuel       uint64        `json:"start_fuel,omitempty"`

	Accepted bool   `json:"accepted"`
	Refusal  string `json:"refusal,omitempty"` // why it would not be taken
}

// InspectedImport is a function that a module wants of its host.
type InspectedImport struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Grant   string `json:"grant,omitempty"` // that it needs
	Granted bool   `json:"granted"`
	Problem string `json:"problem,omitempty"`
}

// InspectedRange is what a module declares, and what it gets. Max is -1 when it declares none.
type InspectedRange struct {
	Min   int64 `json:"min"`
	Max   int64 `json:"max"`
	Limit int64 `json:"limit"`
}

// InspectedFunction is one function of a module.
type InspectedFunction struct {
	Name    string        `json:"name"`
	Index   int           `json:"index"`
	Bytes   int           `json:"bytes"`
	Blocks  int           `json:"blocks"`
	Locals  int           `json:"locals"`
	Compile time.Duration `json:"compile_estimate_ns"`
}

// Inspect looks at a module as loading it would, and then loads and starts it, with the same code. A module that would
// not be taken is no error: Refusal says why. The error is Validate's.
func Inspect(ctx context.Context, o Options, spec Filter) (*Inspection, error) {
	if err := Validate(o, []Filter{spec}); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	o.Lanes = 1
	limits := spec.bounds(o)
	i := &Inspection{Path: spec.Origin()}
	m, err := spec.module(limits.Module)
	if err != nil {
		i.Refusal = err.Error()
		return i, nil
	}
	i.SHA256, i.Size = hex.EncodeToString(m.sum[:]), relay.Size(len(m.bytes))
	if i.Script = m.script; i.Script {
		i.Exports, i.Hooks, i.Imports, i.Tables = []string{}, []string{}, []InspectedImport{}, []InspectedRange{}
	} else {
		report, err := meter.Scan(m.bytes, limits.meter())
		if err != nil {
			i.Refusal = refused(err).Error()
			return i, nil
		}
		i.describe(report, &limits, spec.granted())
	}
	if err := i.try(ctx, o, &spec, m); err != nil {
		i.Refusal = err.Error()
		return i, nil
	}
	i.Accepted = true
	return i, nil
}

// try loads and starts the module.
func (i *Inspection) try(ctx context.Context, o Options, spec *Filter, m *moduleFile) error {
	begun := time.Now()
	f, err := load(ctx, o, spec, m, newPlugin(spec.Name, 1, slog.New(slog.DiscardHandler)))
	if err != nil {
		return err
	}
	defer f.release()
	i.Compile = time.Since(begun)
	begun = time.Now()
	if err := f.open(ctx); err != nil {
		return err
	}
	i.Start, i.StartFuel = time.Since(begun), f.startFuel
	in := f.slots[0].inst
	i.InPlace, i.Hooks = in.start != nil, nil
	for _, h := range allHooks {
		if f.has(h) {
			i.Hooks = append(i.Hooks, hookTable[h].export)
		}
	}
	if i.Script {
		i.ABI, i.Memory = "v1", InspectedRange{int64(in.mem.Size()), -1, int64(f.limits.Memory)}
	}
	return nil
}

// describe tells what is in the module.
func (i *Inspection) describe(r *meter.Report, limits *Limits, granted grants) {
	i.Functions, i.Globals, i.CompileEstimate = r.Functions, r.MutableGlobals, r.CompileTime
	i.Memory = InspectedRange{int64(r.MemoryMin) * int64(pageSize), int64(r.MemoryMax), int64(limits.Memory)}
	if r.MemoryMax >= 0 {
		i.Memory.Max *= int64(pageSize)
	}
	i.Tables = []InspectedRange{}
	for _, t := range r.Tables {
		i.Tables = append(i.Tables, InspectedRange{t.Min, t.Max, int64(limits.Table)})
	}
	l := r.Largest
	i.Largest = InspectedFunction{clean(l.Name, maxFrameBytes), l.Index, l.BodyBytes, l.Blocks, l.Locals, l.CompileTime}
	i.Exports, i.Hooks, i.Imports = []string{}, []string{}, []InspectedImport{}
	for _, e := range r.Exports {
		i.Exports = append(i.Exports, clean(e.Name, maxFrameBytes))
	}
	for h := range hookTable {
		if slices.Contains(i.Exports, hookTable[h].export) {
			i.Hooks = append(i.Hooks, hookTable[h].export)
		}
	}
	if slices.Contains(i.Exports, abi.ExportVersion) && slices.Contains(i.Exports, abi.ExportBuffer) {
		i.ABI = "v1"
	}
	for _, imp := range r.Imports {
		i.Imports = append(i.Imports, inspectImport(imp, granted))
	}
}

func inspectImport(imp meter.Import, granted grants) InspectedImport {
	out := InspectedImport{Name: clean(imp.Module, maxFrameBytes) + "." + clean(imp.Name, maxFrameBytes), Type: imp.Type}
	f, known := hostModules[imp.Module][imp.Name]
	switch {
	case !known:
		out.Problem = "relay has no such function"
	case !granted.has(f.needs):
		out.Problem = "not granted"
	default:
		out.Granted = true
	}
	if f.needs != 0 {
		out.Grant = grantNames[trailing(f.needs)]
	}
	return out
}
