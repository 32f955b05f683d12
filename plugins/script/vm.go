package script

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/api"

	"eventrelay/sdk/abi"
)

// VM is one QuickJS, in one instance of its module, with one script. It speaks ABI v1 to the host as a module would:
// see Export. One caller at a time.
type VM struct {
	// Set at construction.
	ctx     context.Context
	mod     api.Module
	mem     api.Memory
	host    Host
	program *Program

	// Set by boot, and never changed: addresses and values in the guest's memory.
	rt, js  uint32                 // JSRuntime, JSContext
	argv    uint32                 // room for arguments
	out     uint32                 // room for what functions return beside their result
	block   uint32                 // answerRoom bytes for answers
	entries [entries]value         // functions of the prelude
	hooks   abi.Hook               // that the script has
	plain   plain                  // how to read data in the guest's memory
	funcs   [2][calls]api.Function // by how deep the host's call is nested

	room uint32 // parseRoom bytes for the parser

	// What Remember keeps and Rewind brings back.
	state, start state

	// Of the call at hand.
	record  abi.Record
	size    uint32 // of the record
	level   int    // of calls into the guest
	stack   [8]uint64
	answer  abi.Answer
	content []byte // the answer's, on its way into the guest
	encoded []byte // the answer as a record, likewise
	before  []byte // the payload, written as content is
	parser  parser

	rejected []value // promises that nobody waits for, yet
}

// state is what the host remembers of a guest between calls.
type state struct {
	ptr, room uint32 // the record's place
	large     uint32 // a block that the last answer lay in, as it was larger than answerRoom
}

// call is a function of QuickJS that is called for events, so that it is looked up once.
type call uint8

const (
	callCall call = iota
	callFree
	callParse
	callString
	callBytes
	callCString
	callFreeCString
	callPending
	callUint8Array
	callNewAtom
	callFreeAtom
	callObject
	callArray
	callMalloc
	callFreeBlock
	calls
)

var callNames = [calls]string{
	callCall:        "JS_Call",
	callFree:        "JS_FreeValue",
	callParse:       "JS_ParseJSON",
	callString:      "JS_NewStringLen",
	callBytes:       "JS_NewUint8ArrayCopy",
	callCString:     "JS_ToCStringLen2",
	callFreeCString: "JS_FreeCString",
	callPending:     "JS_IsJobPending",
	callUint8Array:  "JS_GetUint8Array",
	callNewAtom:     "JS_NewAtomLen",
	callFreeAtom:    "JS_FreeAtom",
	callObject:      "JS_NewObjectFrom",
	callArray:       "JS_NewArrayFrom",
	callMalloc:      "malloc",
	callFreeBlock:   "free",
}

// errNested is our own bug: what the host calls while the guest calls it must not run a script.
var errNested = errors.New("BUG: QuickJS called while it calls the host while the host calls it")

// New makes a VM of an instance of QuickJS's module. Boot must be called before anything else.
func New(ctx context.Context, mod api.Module, host Host) *VM {
	return &VM{ctx: ctx, mod: mod, mem: mod.Memory(), host: host}
}

// do calls a function that is called for events.
//
// NOTE: args does not escape.
func (v *VM) do(c call, args ...uint64) (uint64, error) {
	if v.level >= len(v.funcs) {
		return 0, errNested
	}
	fn := v.funcs[v.level][c]
	if fn == nil {
		fn = v.mod.ExportedFunction(callNames[c])
		v.funcs[v.level][c] = fn
	}
	stack := v.stack[:max(len(args), 1)]
	copy(stack, args)
	v.level++
	err := fn.CallWithStack(v.ctx, stack)
	v.level--
	return stack[0], err
}

// once calls a function that is called at the start only.
func (v *VM) once(name string, args ...uint64) (uint64, error) {
	var stack [8]uint64
	copy(stack[:], args)
	v.level++
	err := v.mod.ExportedFunction(name).CallWithStack(v.ctx, stack[:])
	v.level--
	return stack[0], err
}

// must is do for host functions: an error, such as the end of the call's time, ends the guest's call too.
func (v *VM) must(c call, args ...uint64) uint64 {
	r, err := v.do(c, args...)
	if err != nil {
		panic(err)
	}
	return r
}

func (v *VM) free(x value) error {
	if !x.counted() {
		return nil
	}
	_, err := v.do(callFree, uint64(v.js), uint64(x))
	return err
}

// invoke calls a function of the prelude with at most one argument. An exception is an error.
func (v *VM) invoke(e entry, arg value) (value, error) {
	v.mem.WriteUint64Le(v.argv, uint64(arg))
	r, err := v.do(callCall, uint64(v.js), uint64(v.entries[e]), uint64(undefined), 1, uint64(v.argv))
	if err != nil {
		return 0, err
	}
	if value(r) == exception {
		return 0, v.thrown()
	}
	return value(r), nil
}

// alloc allocates a block of the guest.
func (v *VM) alloc(n uint32) (uint32, error) {
	ptr, err := v.do(callMalloc, uint64(n))
	if err == nil && ptr == 0 {
		err = ErrMemory
	}
	return uint32(ptr), err
}

// put copies bytes, and a zero behind them, into a new block of the guest.
func (v *VM) put(b []byte) (uint32, error) {
	ptr, err := v.alloc(uint32(len(b)) + 1)
	if err != nil {
		return 0, err
	}
	v.mem.Write(ptr, b)
	v.mem.WriteByte(ptr+uint32(len(b)), 0)
	return ptr, nil
}

// view returns the guest's bytes, good until it runs again.
func (v *VM) view(ptr, n uint32) []byte {
	b, ok := v.mem.Read(ptr, n)
	if !ok {
		panic(fmt.Errorf("BUG: %d bytes at %d are outside QuickJS's memory", n, ptr))
	}
	return b
}
