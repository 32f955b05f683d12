package abi

// Version is the version of the contract. The module says that it speaks it by exporting ExportVersion.
const Version = 1

// What a guest exports. All but ExportInit, ExportInitialize and the hooks is required.
const (
	ExportMemory       = "memory"
	ExportVersion      = "relay_abi_v1"        // () → i32: mask of hooks
	ExportBuffer       = "relay_buffer"        // (min i32) → i32: pointer
	ExportInit         = "relay_init"          // (len i32) → i32: 0 is ok
	ExportOnEvent      = "relay_on_event"      // (len i32) → i64: answer
	ExportOnConnect    = "relay_on_connect"    // (len i32) → i64: answer
	ExportOnSubscribe  = "relay_on_subscribe"  // (len i32) → i64: answer
	ExportOnDisconnect = "relay_on_disconnect" // (len i32)
	ExportInitialize   = "_initialize"         // (): a WASI reactor's own start
)

// ImportModule is the import module of the host functions.
const ImportModule = "relay"

// The host functions. Log, reason and emit are always there, the others where they are granted.
const (
	ImportLog    = "log"    // (level, ptr, len i32)
	ImportReason = "reason" // (code, ptr, len i32)
	ImportEmit   = "emit"   // (ptr, len i32) → i32
	ImportKVGet  = "kv_get" // (key, key_len, out, cap i32) → i32
	ImportKVSet  = "kv_set" // (key, key_len, val, val_len i32, ttl_ms i64) → i32
	ImportKVAdd  = "kv_add" // (key, key_len i32, delta, ttl_ms i64) → i64
	ImportNow    = "now"    // () → i64
	ImportRandom = "random" // (ptr, len i32)
	ImportMetric = "metric" // (name, name_len i32, delta i64)
)

// Hook is a set of hooks, as ExportVersion answers it.
type Hook uint32

const (
	OnEvent      Hook = 1 << 0
	OnConnect    Hook = 1 << 1
	OnSubscribe  Hook = 1 << 2
	OnDisconnect Hook = 1 << 3
	Hooks             = OnEvent | OnConnect | OnSubscribe | OnDisconnect // every hook there is
)

// Level is the level of a log line. Other values count as LevelInfo.
type Level uint32

const (
	LevelDebug Level = 0
	LevelInfo  Level = 1
	LevelWarn  Level = 2
	LevelError Level = 3
)

// ReasonCode says what the answer Drop means to the publisher. Other values are a trap.
type ReasonCode uint32

const (
	ReasonDrop   ReasonCode = 0 // the event is dropped, and that is fine
	ReasonReject ReasonCode = 1 // the publisher is at fault and is told so
)

// What host functions answer.
const (
	EmitRefused  int32 = -1       // emit: a cap on emitted events is reached
	KVAbsent     int32 = -1       // kv_get: there is no such key
	KVRefused    int32 = -1       // kv_set: there is no room
	KVAddRefused int64 = -1 << 63 // kv_add: there is no room
)

// Memory.
const (
	FirstBuffer   = 65536   // what the host asks of ExportBuffer after the start
	BufferAlign   = 8       // alignment of the guest's buffer
	MinPointer    = 8       // the lowest address that a guest may hand out
	MaxAddress    = 1 << 31 // the first address that no pointer and length may reach beyond
	HeaderSize    = 32      // bytes of a record's header
	AttributeSize = 6       // bytes before an attribute's key
	MaxKey        = 1<<16 - 1
)
