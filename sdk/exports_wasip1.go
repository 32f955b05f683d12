package sdk

import (
	"unsafe"

	"eventrelay/sdk/abi"
)

// buffer is where the host writes records. Go's collector does not move it.
var buffer []byte

//go:wasmexport relay_abi_v1
func exportVersion() uint32 { return uint32(hooks()) }

//go:wasmexport relay_buffer
func exportBuffer(least uint32) uint32 {
	if int(least) > len(buffer) {
		buffer, current = nil, Event{} // let the collector have the old one first
		buffer = aligned(int(least))
	}
	return address(buffer)
}

// aligned returns n bytes, rounded up to pages of 64 KiB, at an address that the contract allows.
func aligned(n int) []byte {
	const page = 1 << 16
	n = (n + page - 1) &^ (page - 1)
	words := make([]uint64, n/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), n)
}

//go:wasmexport relay_init
func exportInit(n uint32) uint32 {
	if initialize(buffer[:n:n]) {
		return 0
	}
	return 1
}

//go:wasmexport relay_on_event
func exportOnEvent(n uint32) int64 { return pack(handle(handlers.event, buffer[:n:n])) }

//go:wasmexport relay_on_connect
func exportOnConnect(n uint32) int64 { return pack(handle(handlers.connect, buffer[:n:n])) }

//go:wasmexport relay_on_subscribe
func exportOnSubscribe(n uint32) int64 { return pack(handle(handlers.subscribe, buffer[:n:n])) }

//go:wasmexport relay_on_disconnect
func exportOnDisconnect(n uint32) { handle(handlers.disconnected, buffer[:n:n]) }

// pack makes an answer. b need not be kept alive: the host copies it before any guest code runs again.
func pack(kind abi.AnswerKind, b []byte) int64 {
	if kind == abi.AnswerPass {
		return int64(abi.Pass)
	}
	return int64(packed(kind, b))
}

//go:noinline
func packed(kind abi.AnswerKind, b []byte) abi.Answer {
	switch kind {
	case abi.AnswerDrop:
		return abi.Drop
	case abi.AnswerPayload:
		return abi.PayloadAnswer(address(b), uint32(len(b)))
	case abi.AnswerRecord:
		return abi.RecordAnswer(address(b), uint32(len(b)))
	}
	return abi.Error
}

// address returns where b is, or where the buffer is if b is empty, since nowhere is no answer.
func address(b []byte) uint32 {
	if len(b) == 0 {
		b = buffer
	}
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b))))
}
