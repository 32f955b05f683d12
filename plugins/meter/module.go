package meter

import (
	"bytes"
	"errors"
	"fmt"
)

const preambleSize = 8

var (
	wasmMagic   = []byte("\x00asm")
	wasmVersion = []byte{1, 0, 0, 0}
)

func checkPreamble(module []byte) error {
	switch {
	case len(module) == 0:
		return errors.New("not a WebAssembly module: the file is empty")
	case !bytes.HasPrefix(module, wasmMagic):
		return errors.New("not a WebAssembly module: it does not begin with \\0asm (a source file, or a text-format .wat?)")
	case len(module) < preambleSize:
		return errors.New("not a valid module: it ends after its first bytes")
	case module[6] == 1:
		return errors.New("a WebAssembly component; build a core module (no component adapter)")
	case !bytes.Equal(module[4:preambleSize], wasmVersion):
		return errors.New("a WebAssembly version other than 1")
	}
	return nil
}

// Section ids (WebAssembly 2.0 §5.5.2).
const (
	sectionCustom = iota
	sectionType
	sectionImport
	sectionFunction
	sectionTable
	sectionMemory
	sectionGlobal
	sectionExport
	sectionStart
	sectionElement
	sectionCode
	sectionData
	sectionDataCount
	sectionKinds
)

// order is where a section stands among the others: the data count comes before the code (§5.5.15).
func order(id byte) int {
	switch id {
	case sectionDataCount:
		return 2*sectionElement + 1
	default:
		return 2 * int(id)
	}
}

// module is what is read of a module. Its slices point into the module's bytes.
type module struct {
	limits   Limits
	sections [sectionKinds][]byte // bodies
	types    []funcType
	imports  []imported
	funcs    []uint32 // types of all functions, imported ones first
	tables   []tableType
	memory   *memoryType
	globals  []globalType
	exports  []exported
	start    int // function, or -1
	segments int // of elements
	data     []uint32
	declared int // data count, or -1
	bodies   []body
	names    []byte // the function names, or nil
	codeAt   int    // where the code section's content is in the file
	wide     bool   // has vectors in types or globals
	mutable  int    // globals

	signatures, elements uint32
	locals               uint64

	changesTables, growsMemory bool

	exact bool // pay for each instruction by itself, which tests compare with

	a analysis
}

type funcType struct{ params, results []byte }

type imported struct {
	module, name string
	typ          uint32
}

type exported struct {
	name  string
	kind  Kind
	index uint32
}

type tableType struct {
	elem      byte
	low, high uint32
	bounded   bool
}

type memoryType struct {
	low, high uint32
	bounded   bool
}

type globalType struct {
	typ     byte
	mutable bool
}

// parse reads a module and checks it against the limits, code included.
func parse(b []byte, limits Limits) (*module, error) {
	m := &module{limits: limits.withDefaults(), start: -1, declared: -1}
	if err := m.read(b); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *module) read(b []byte) error {
	if len(b) > m.limits.ModuleBytes {
		return fmt.Errorf("a module of %d bytes; at most %d", len(b), m.limits.ModuleBytes)
	}
	if err := checkPreamble(b); err != nil {
		return err
	}
	r := &reader{b: b, at: preambleSize}
	last := 0
	for r.more() {
		id := r.byte()
		content := r.bytes(r.u32())
		switch {
		case r.err != nil:
			return fmt.Errorf("not a valid module: the last section %w", r.err)
		case id == sectionCustom:
			if err := m.custom(content); err != nil {
				return err
			}
			continue
		case int(id) >= sectionKinds:
			return fmt.Errorf("section %d is not supported; build for WebAssembly 2.0 without exceptions, threads and garbage collection", id)
		case order(id) <= last:
			return fmt.Errorf("not a valid module: the %s section is out of order", sections[id].name)
		}
		last = order(id)
		if id == sectionCode {
			m.codeAt = r.at - len(content)
		}
		m.sections[id] = content
		if err := m.section(id, content); err != nil {
			return err
		}
	}
	return m.whole()
}

// whole checks what sections must agree on.
func (m *module) whole() error {
	if defined := len(m.funcs) - len(m.imports); defined != len(m.bodies) {
		return fmt.Errorf("not a valid module: %d functions are declared and %d have code", defined, len(m.bodies))
	}
	if m.declared >= 0 && m.declared != len(m.data) {
		return fmt.Errorf("not a valid module: %d data segments are declared and %d are there", m.declared, len(m.data))
	}
	if m.start >= len(m.funcs) {
		return fmt.Errorf("start section: function %d does not exist", m.start)
	}
	if n := uint64(len(m.globals)) * uint64(len(m.funcs)); n > 8*maxLocalsSum {
		return fmt.Errorf("%d globals in %d functions, which take too long to compile together", len(m.globals), len(m.funcs))
	}
	return m.analyse()
}

// sections says, per section id, how it is called, how many items it may have, and what reads one item.
var sections = [sectionKinds]struct {
	name string
	most uint32
	item func(*module, *reader)
}{
	sectionCustom:    {name: "custom"},
	sectionType:      {"type", maxTypes, (*module).readType},
	sectionImport:    {"import", maxImports, (*module).readImport},
	sectionFunction:  {"function", 0, (*module).readFunction}, // Limits.Functions
	sectionTable:     {"table", maxTables, (*module).readTable},
	sectionMemory:    {"memory", 1, (*module).readMemory},
	sectionGlobal:    {"global", maxGlobals, (*module).readGlobal},
	sectionExport:    {"export", maxExports, (*module).readExport},
	sectionStart:     {name: "start"},
	sectionElement:   {"element", maxSegments, (*module).readElement},
	sectionCode:      {"code", 0, (*module).readBody}, // as many as functions
	sectionData:      {"data", maxData, (*module).readData},
	sectionDataCount: {name: "data count"},
}

// section reads each item of a section, and checks that they fill it.
func (m *module) section(id byte, content []byte) error {
	spec := &sections[id]
	r := &reader{b: content}
	switch {
	case id == sectionStart:
		m.start = int(r.u32())
	case id == sectionDataCount:
		m.declared = int(r.u32())
	default:
		most := spec.most
		if id == sectionFunction || id == sectionCode {
			most = uint32(max(m.limits.Functions-len(m.imports), 0))
		}
		n := r.count()
		if n > most {
			return fmt.Errorf("%s section has %d items; at most %d", spec.name, n, most)
		}
		for i := range n {
			if spec.item(m, r); r.err != nil {
				return fmt.Errorf("%s section, item %d: %w", spec.name, i, r.err)
			}
		}
	}
	switch {
	case r.err != nil:
		return fmt.Errorf("%s section %w", spec.name, r.err)
	case r.more():
		return fmt.Errorf("%s section is longer than its items", spec.name)
	}
	return nil
}

// custom keeps the function names, which make traps readable; the rest is for others.
func (m *module) custom(content []byte) error {
	r := &reader{b: content}
	name := r.bytes(r.u32())
	if r.err != nil {
		return fmt.Errorf("custom section %w", r.err)
	}
	if string(name) == "name" && m.names == nil {
		m.names = functionNames(r)
	}
	return nil
}
