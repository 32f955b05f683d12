package script

import (
	"errors"
	"fmt"

	"eventrelay/sdk/abi"
)

// Parts of JavaScript, by the flags of qjs_init2. A filter has what is a matter of its arguments alone: no eval, no clock
// of its own, nothing that shows when memory is collected.
const (
	intrinsicDate = 1 << iota
	intrinsicEval
	intrinsicRegExp
	intrinsicJSON
	intrinsicProxy
	intrinsicMapSet
	intrinsicTypedArrays
	intrinsicPromise
	intrinsicBigInt
	intrinsicWeakRef
	intrinsicPerformance
	intrinsicDOMException
	intrinsicBase64

	intrinsicsRunning = intrinsicDate | intrinsicRegExp | intrinsicJSON | intrinsicProxy | intrinsicMapSet |
		intrinsicTypedArrays | intrinsicPromise | intrinsicBigInt | intrinsicDOMException | intrinsicBase64
	intrinsicsCompiling = intrinsicsRunning | intrinsicEval
)

// stackSize is the most that QuickJS lets its own stack grow, of the 1 MiB that its module has: scripts that recurse
// deeper get a RangeError.
const stackSize = 256 << 10

// begin starts QuickJS with the given parts.
func (v *VM) begin(intrinsics uint64) error {
	if failed, err := v.once("qjs_init2", intrinsics); err != nil || uint32(failed) != 0 {
		return errors.Join(err, errors.New("QuickJS does not start: limits.memory is too small"))
	}
	rt, err := v.once("qjs_get_runtime_ptr")
	if err != nil {
		return err
	}
	js, err := v.once("qjs_get_context_ptr")
	if err != nil {
		return err
	}
	v.rt, v.js = uint32(rt), uint32(js)
	if _, err = v.once("JS_SetMaxStackSize", rt, stackSize); err != nil {
		return err
	}
	if v.argv, err = v.alloc(64); err != nil {
		return err
	}
	v.out = v.argv + 56
	if v.room, err = v.alloc(parseRoom); err != nil {
		return err
	}
	v.block, err = v.alloc(answerRoom)
	return err
}

// Settings are what a script finds.
type Settings struct {
	Config []byte   // JSON
	Grants []string // words of allow
}

// Boot starts the program: the script's top level runs, then onInit. An *Error tells what the script threw.
func (v *VM) Boot(p *Program, s Settings) error {
	v.program = p
	if err := v.begin(intrinsicsRunning); err != nil {
		return err
	}
	if _, err := v.once("qjs_set_promise_rejection_handler", 1); err != nil {
		return err
	}
	if err := v.bootPrelude(s); err != nil {
		return err
	}
	if err := v.bootScript(); err != nil {
		return err
	}
	return v.spare()
}

// headroom is memory that is there when the script has started: an instance can be brought back to its start only where
// its memory has not grown since.
const headroom = 512 << 10

func (v *VM) spare() error {
	ptr, err := v.alloc(headroom)
	if errors.Is(err, ErrMemory) {
		return nil
	}
	if err == nil {
		_, err = v.do(callFreeBlock, uint64(ptr))
	}
	return err
}

// bootPrelude runs the prelude, which returns the functions that the host calls.
func (v *VM) bootPrelude(s Settings) error {
	setup, err := v.evaluate(v.program.prelude)
	if err != nil {
		return err
	}
	natives, err := v.natives()
	if err != nil {
		return err
	}
	grants := quoteList(s.Grants)
	for i, arg := range []value{natives, 0, 0} {
		if i > 0 {
			if arg, err = v.parseText([][]byte{nil, s.Config, grants}[i]); err != nil {
				return fmt.Errorf("config: %w", err)
			}
		}
		v.mem.WriteUint64Le(v.argv+uint32(8*i), uint64(arg))
	}
	r, err := v.do(callCall, uint64(v.js), uint64(setup), uint64(undefined), 3, uint64(v.argv))
	if err != nil {
		return err
	}
	if value(r) == exception {
		return v.thrown()
	}
	for i := range v.entries {
		if v.entries[i], err = v.index(value(r), i); err != nil {
			return err
		}
	}
	return nil
}

// bootScript runs the script's top level and takes over what it exports.
func (v *VM) bootScript() error {
	module, err := v.read(v.program.code)
	if err != nil {
		return err
	}
	if failed, err := v.once("JS_ResolveModule", uint64(v.js), uint64(module)); err != nil || int32(failed) < 0 {
		return errors.Join(err, v.thrown())
	}
	done, err := v.once("JS_EvalFunction", uint64(v.js), uint64(module))
	if err != nil {
		return err
	}
	if value(done) == exception {
		return v.thrown()
	}
	if _, err := v.settle(value(done), "the top level"); err != nil {
		return err
	}
	names, err := v.once("JS_GetModuleNamespace", uint64(v.js), uint64(module.low()))
	if err != nil {
		return err
	}
	hooks, err := v.invoke(entryAdopt, value(names))
	if err != nil {
		return err
	}
	v.hooks = abi.Hook(hooks.low())
	inited, err := v.invoke(entryInit, undefined)
	if err != nil {
		return err
	}
	if _, err := v.settle(inited, "onInit"); err != nil {
		return err
	}
	if err := v.unwaited(); err != nil {
		return err
	}
	return v.findPlain()
}

// evaluate runs bytecode that is no module, and returns its value.
func (v *VM) evaluate(code []byte) (value, error) {
	fn, err := v.read(code)
	if err != nil {
		return 0, err
	}
	r, err := v.once("JS_EvalFunction", uint64(v.js), uint64(fn))
	if err != nil {
		return 0, err
	}
	if value(r) == exception {
		return 0, v.thrown()
	}
	return value(r), nil
}

// index returns element i of an array.
func (v *VM) index(x value, i int) (value, error) {
	r, err := v.once("JS_GetPropertyUint32", uint64(v.js), uint64(x), uint64(i))
	return value(r), err
}

// parseText makes a value of JSON.
func (v *VM) parseText(text []byte) (value, error) {
	ptr, err := v.put(text)
	if err != nil {
		return 0, err
	}
	r, err := v.do(callParse, uint64(v.js), uint64(ptr), uint64(len(text)), uint64(ptr)+uint64(len(text)))
	if err != nil {
		return 0, err
	}
	if value(r) == exception {
		return 0, v.thrown()
	}
	_, err = v.do(callFreeBlock, uint64(ptr))
	return value(r), err
}
