package host

import (
	"unsafe"

	"eventrelay/sdk/abi"
)

//go:wasmimport relay log
//go:noescape
func hostLog(level uint32, ptr unsafe.Pointer, n uint32)

//go:wasmimport relay reason
//go:noescape
func hostReason(code uint32, ptr unsafe.Pointer, n uint32)

//go:wasmimport relay emit
//go:noescape
func hostEmit(ptr unsafe.Pointer, n uint32) int32

//go:wasmimport relay kv_get
//go:noescape
func hostKVGet(key unsafe.Pointer, keyLen uint32, out unsafe.Pointer, room uint32) int32

//go:wasmimport relay kv_set
//go:noescape
func hostKVSet(key unsafe.Pointer, keyLen uint32, value unsafe.Pointer, valueLen uint32, ttl int64) int32

//go:wasmimport relay kv_add
//go:noescape
func hostKVAdd(key unsafe.Pointer, keyLen uint32, delta, ttl int64) int64

//go:wasmimport relay now
func hostNow() int64

//go:wasmimport relay random
//go:noescape
func hostRandom(ptr unsafe.Pointer, n uint32)

//go:wasmimport relay metric
//go:noescape
func hostMetric(name unsafe.Pointer, nameLen uint32, delta int64)

func str(s string) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.StringData(s)), uint32(len(s))
}

func mem(b []byte) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.SliceData(b)), uint32(len(b))
}

func Log(level abi.Level, text string) {
	p, n := str(text)
	hostLog(uint32(level), p, n)
}

func Reason(code abi.ReasonCode, text string) {
	p, n := str(text)
	hostReason(uint32(code), p, n)
}

func Emit(record []byte) int32 { return hostEmit(mem(record)) }

func KVGet(key string, out []byte) int32 {
	k, kn := str(key)
	o, on := mem(out)
	return hostKVGet(k, kn, o, on)
}

func KVSet(key string, value []byte, ttl int64) int32 {
	k, kn := str(key)
	v, vn := mem(value)
	return hostKVSet(k, kn, v, vn, ttl)
}

func KVAdd(key string, delta, ttl int64) int64 {
	k, kn := str(key)
	return hostKVAdd(k, kn, delta, ttl)
}

func Now() int64 { return hostNow() }

func Random(b []byte) { hostRandom(mem(b)) }

func Metric(name string, delta int64) {
	p, n := str(name)
	hostMetric(p, n, delta)
}
