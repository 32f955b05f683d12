package script

import (
	"errors"

	"eventrelay/sdk/abi"
)

// Host is what a script may ask for. Its methods are called while the guest's call runs, on the same goroutine; views
// are good until they return. What is not granted answers ErrNotGranted.
type Host interface {
	Log(level abi.Level, line []byte)
	Reason(code abi.ReasonCode, text []byte)
	// Emit takes a further event. It reports false when there is no more room, and an error for what is no event.
	Emit(record []byte) (bool, error)
	// EventID is the id of the event at hand, or empty.
	EventID() string
	KVGet(key []byte) (value []byte, found bool, err error)
	KVSet(key, value []byte, ttlMillis int64) (bool, error)
	KVAdd(key []byte, delta, ttlMillis int64) (sum int64, err error)
	Now() (nanos int64, err error)
	Random(p []byte) error
	Metric(name []byte, delta int64) error
}

// NativeParams and NativeResult are the signature of the function of module HostModule that QuickJS calls for
// everything that the prelude asks of the host.
const (
	HostModule = "relay.script"
	NativeName = "native"
)

// tableIndex is where QuickJS's own function for calls of the host is in its table: it is replaced by ours, which takes
// values as they are, without a heap block for each.
const tableIndex = 112

// Companion is a WebAssembly module that puts the function NativeName of HostModule into the table of the module
// "quickjs":
//
//	(module
//	  (type (func (param i32 i64 i32 i32 i32 i32) (result i64)))
//	  (import "relay.script" "native" (func (type 0)))
//	  (import "quickjs" "__indirect_function_table" (table 1 funcref))
//	  (elem (i32.const 112) func 0))
var Companion = []byte("\x00asm\x01\x00\x00\x00" +
	"\x01\x0b\x01\x60\x06\x7f\x7e\x7f\x7f\x7f\x7f\x01\x7e" +
	"\x02\x3d\x02" +
	"\x0crelay.script\x06native\x00\x00" +
	"\x07quickjs\x19__indirect_function_table\x01\x70\x00\x01" +
	"\x09\x08\x01\x00\x41\xf0\x00\x0b\x01\x00")

// ModuleName is the name by which Companion imports QuickJS.
const ModuleName = "quickjs"

// Native answers a call of the host: ctx, this, argc, argv, magic, data. It panics to end the guest's call.
func (v *VM) Native(stack []uint64) {
	argc, argv, which := uint32(stack[2]), uint32(stack[3]), native(stack[4])
	n := min(argc, maxArgs)
	var args [maxArgs]value
	for i := range args {
		args[i] = undefined
		if uint32(i) < n {
			raw, _ := v.mem.ReadUint64Le(argv + uint32(8*i))
			args[i] = value(raw)
		}
	}
	if which >= natives {
		panic(errors.New("BUG: the prelude calls what is not there"))
	}
	stack[0] = uint64(nativeTable[which].call(v, &args))
}
