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

// ReasonCode says what the answer Drop means to the publisher. Connections and subscriptions may also be refused with an
// HTTP status, from FirstStatus to LastStatus; other codes mean status 403 there. Other values are a trap.
type ReasonCode uint32

const (
	ReasonDrop   ReasonCode = 0 // the event is dropped, and that is fine
	ReasonReject ReasonCode = 1 // the publisher is at fault and is told so

	FirstStatus ReasonCode = 400
	LastStatus  ReasonCode = 599
)

// IsStatus reports whether c is an HTTP status that a connection or subscription may be refused with.
func (c ReasonCode) IsStatus() bool { return FirstStatus <= c && c <= LastStatus }

// What the attributes of a connect record are called that hold the request. They are no attributes of the connection.
const (
	AttributePath   = "path"    // such as /ws
	AttributeQuery  = "query"   // as sent, without '?'
	AttributeRemote = "remote"  // address:port of the peer
	AttributeHeader = "header." // and a header's name in lower case
	// AttributeConnection is a connection's number, which all its hooks and events have, and no filter can set.
	AttributeConnection = "connection"
	// AttributeRemoteAddress is where a connection's events come from: AttributeRemote, unless a filter set another.
	AttributeRemoteAddress = "remote_address"
)

// OfRequest reports whether an attribute of this name in a record answered to connect is not kept, as it is the
// request's, or the connection's number.
func OfRequest(key []byte) bool {
	switch string(key) {
	case AttributePath, AttributeQuery, AttributeRemote, AttributeConnection:
		return true
	}
	return len(key) >= len(AttributeHeader) && string(key[:len(AttributeHeader)]) == AttributeHeader
}

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
