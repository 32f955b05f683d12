package plugins

import (
	"bytes"
	"errors"
	"fmt"

	"eventrelay/relay"
)

// scan looks at a module before the compiler does, since the compiler trusts it too far: it allocates by counts that
// it did not check (a name section of ten bytes asks for 100 GB), takes quadratic time in the size of a function, and
// cannot be cancelled. scan walks every section but the code itself, strictly by WebAssembly 2.0, and refuses what a
// filter has no use for. It returns the module as it is to be compiled: tables have a maximum, so that no guest can
// grow one at will, and custom sections other than function names are left out.
func scan(module []byte, memory relay.Size) ([]byte, error) {
	if err := checkPreamble(module); err != nil {
		return nil, err
	}
	s := scanner{pages: uint64(memory / pageSize), out: make([]byte, 0, len(module)+16)}
	s.out = append(s.out, module[:preambleSize]...)
	r := &scanReader{b: module[preambleSize:]}
	for r.more() {
		id := r.byte()
		body := r.bytes(r.u32())
		if r.err != nil {
			return nil, fmt.Errorf("not a valid module: the last section %w", r.err)
		}
		if err := s.section(id, body); err != nil {
			return nil, err
		}
	}
	return s.out, nil
}

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
)

// sections says, per section id, how it is called, how many items it may have, and what checks one item. The largest
// stock-Go module that max_module admits by default has 6,000 functions, 90,000 data segments and a table of 10,000.
var sections = [...]struct {
	name string
	most uint32
	item func(*scanner, *scanReader)
}{
	sectionType:      {"type", 10_000, (*scanner).funcType},
	sectionImport:    {"import", 1_000, (*scanner).imported},
	sectionFunction:  {"function", 100_000, (*scanner).index},
	sectionTable:     {"table", 16, (*scanner).table},
	sectionMemory:    {"memory", 1, (*scanner).memory},
	sectionGlobal:    {"global", 10_000, (*scanner).global},
	sectionExport:    {"export", 10_000, (*scanner).export},
	sectionElement:   {"element", 10_000, (*scanner).element},
	sectionCode:      {"code", 100_000, (*scanner).body},
	sectionData:      {"data", 250_000, (*scanner).data},
	sectionDataCount: {"data count", 0, nil},
}

// Limits on what one item, or all of a kind, may hold.
const (
	maxSignature  = 1_000     // parameters, or results, of one function
	maxSignatures = 50_000    // of all types together
	maxTable      = 32_768    // entries of one table
	maxElements   = 200_000   // entries of all element segments
	maxBody       = 64 << 10  // bytes of one function
	maxLocals     = 10_000    // locals of one function
	maxLocalsSum  = 1_000_000 // locals of all functions
)

// scanner keeps what is counted across sections. Its item methods report by the reader's error.
type scanner struct {
	pages      uint64 // of memory
	out        []byte
	signatures uint32
	elements   uint32
	locals     uint64
	named      bool
}

func (s *scanner) section(id byte, body []byte) error {
	switch {
	case id == sectionCustom:
		return s.custom(body)
	case id == sectionTable:
		return s.tables(body)
	case int(id) < len(sections) && sections[id].item != nil:
		if err := s.items(id, body); err != nil {
			return err
		}
	case id != sectionStart && id != sectionDataCount:
		return fmt.Errorf("section %d is not supported; build for WebAssembly 2.0 without exceptions, threads and garbage collection", id)
	}
	s.emit(id, body)
	return nil
}

func (s *scanner) emit(id byte, body []byte) {
	s.out = append(s.out, id)
	s.out = appendU32(s.out, uint32(len(body)))
	s.out = append(s.out, body...)
}

// items checks each item of a section, and that they fill it.
func (s *scanner) items(id byte, body []byte) error {
	spec := &sections[id]
	r := &scanReader{b: body}
	n := r.count()
	if n > spec.most {
		return fmt.Errorf("%s section has %d items; at most %d", spec.name, n, spec.most)
	}
	for i := range n {
		if spec.item(s, r); r.err != nil {
			return fmt.Errorf("%s section, item %d: %w", spec.name, i, r.err)
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
