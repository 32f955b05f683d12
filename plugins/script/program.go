package script

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	_ "embed"
)

// Program is a compiled script: QuickJS's bytecode, good for any number of VMs. Immutable.
type Program struct {
	prelude, code []byte
	name          string // of the file, as errors show it
	shift         int    // lines that were put before the script
}

//go:embed prelude.js
var prelude string

const byteOrderMark = "\ufeff"

const preludeName = "relay:prelude"

// Source is a script as it is written.
type Source struct {
	Name   string // of the file
	Text   string
	Inline bool // of relay.yaml: an expression, such as "event => event.data.ok", or a module
}

// exports finds the statements that make a text a module, also behind others on a line.
var exports = regexp.MustCompile(`(?m)(?:^|[;}])\s*export\s*(?:default\b|const\b|let\b|var\b|function\b|async\b|class\b|\{)`)

// module returns the source as a module, and how many lines were put before it.
func (s Source) module() (text string, shift int) {
	if !s.Inline || exports.MatchString(s.Text) {
		return s.Text, 0
	}
	return "export default\n" + s.Text, 1
}

// Flags of JS_Eval and JS_ReadObject, by quickjs.h.
const (
	evalGlobal   = 0
	evalModule   = 1
	evalCompile  = 1 << 5
	readBytecode = 1
)

// Compile compiles a script. The VM is of no use afterwards but to be closed. A *Error says where the script is wrong.
func (v *VM) Compile(s Source) (*Program, error) {
	if strings.IndexByte(s.Text, 0) >= 0 || !utf8.ValidString(s.Text) {
		return nil, &Error{File: s.Name, Text: "the script is not UTF-8 text"}
	}
	s.Text = strings.TrimPrefix(s.Text, byteOrderMark)
	if err := v.begin(intrinsicsCompiling); err != nil {
		return nil, err
	}
	text, shift := s.module()
	v.program = &Program{name: s.Name, shift: shift}
	code, err := v.compile(text, s.Name, evalModule)
	if err != nil {
		return nil, err
	}
	v.program.code = code
	if v.program.prelude, err = v.compile(prelude, preludeName, evalGlobal); err != nil {
		return nil, fmt.Errorf("BUG: the prelude does not compile: %w", err)
	}
	return v.program, nil
}

func (v *VM) compile(text, name string, flags uint64) ([]byte, error) {
	src, err := v.put([]byte(text))
	if err != nil {
		return nil, err
	}
	file, err := v.put([]byte(name))
	if err != nil {
		return nil, err
	}
	size, err := v.put(make([]byte, 4))
	if err != nil {
		return nil, err
	}
	code, err := v.once("qjs_compile", uint64(src), uint64(len(text)), uint64(file), flags, 0, uint64(size))
	if err != nil {
		return nil, err
	}
	if uint32(code) == 0 {
		return nil, v.thrown()
	}
	n, _ := v.mem.ReadUint32Le(size)
	return append([]byte(nil), v.view(uint32(code), n)...), nil
}

// read makes bytecode a value that can be run.
func (v *VM) read(code []byte) (value, error) {
	ptr, err := v.put(code)
	if err != nil {
		return 0, err
	}
	x, err := v.once("JS_ReadObject", uint64(v.js), uint64(ptr), uint64(len(code)), readBytecode)
	if err != nil {
		return 0, err
	}
	if value(x) == exception {
		return 0, v.thrown()
	}
	_, err = v.do(callFreeBlock, uint64(ptr))
	return value(x), err
}
