package host

import "eventrelay/sdk/abi"

// Answer is how a handler's answer is to be read.
type Answer = abi.AnswerKind

// Guest leads to the handlers of the filter that is linked into this program. Package sdk sets it.
var Guest struct {
	Hooks                     func() abi.Hook
	Init                      func(config []byte) bool
	Event, Connect, Subscribe func(record []byte) (Answer, []byte)
	Disconnect                func(record []byte)
}

// Functions are the host functions. Their meaning is that of eventrelay/sdk/abi.
type Functions interface {
	Log(level abi.Level, text string)
	Reason(code abi.ReasonCode, text string)
	Emit(record []byte) int32
	KVGet(key string, out []byte) int32
	KVSet(key string, value []byte, ttl int64) int32
	KVAdd(key string, delta, ttl int64) int64
	Now() int64
	Random(b []byte)
	Metric(name string, delta int64)
}

// World is who serves the host functions now. Package sdktest replaces it while it calls a handler.
var World Functions = nobody{}

// nobody serves when a handler is called with neither relay nor sdktest around it: log lines go to stderr, and what
// needs an answer says what to do.
type nobody struct{}

const alone = "sdk: no host to answer this call; run the handler with sdktest"

func (nobody) Log(_ abi.Level, text string)      { println(text) }
func (nobody) Reason(abi.ReasonCode, string)     {}
func (nobody) Emit([]byte) int32                 { panic(alone) }
func (nobody) KVGet(string, []byte) int32        { panic(alone) }
func (nobody) KVSet(string, []byte, int64) int32 { panic(alone) }
func (nobody) KVAdd(string, int64, int64) int64  { panic(alone) }
func (nobody) Now() int64                        { panic(alone) }
func (nobody) Random([]byte)                     { panic(alone) }
func (nobody) Metric(string, int64)              { panic(alone) }
