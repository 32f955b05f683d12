package sdk

import (
	"unsafe"

	"eventrelay/sdk/abi"
)

// header returns the header of the record b, as a view: WebAssembly is little-endian, and the buffer is aligned.
func header(b []byte) *abi.Header {
	_ = b[abi.HeaderSize-1]
	return (*abi.Header)(unsafe.Pointer(unsafe.SliceData(b)))
}

// same is s == string(b), eight bytes at a time and inlined: for a topic the runtime's comparison costs more than it does.
func same(s string, b []byte) bool {
	last := len(b) - 8
	if len(s) != len(b) || last < 0 {
		return s == string(b)
	}
	p, q := unsafe.Pointer(unsafe.StringData(s)), unsafe.Pointer(unsafe.SliceData(b))
	for i := 0; i < last; i += 8 {
		if *(*uint64)(unsafe.Add(p, i)) != *(*uint64)(unsafe.Add(q, i)) {
			return false
		}
	}
	return *(*uint64)(unsafe.Add(p, last)) == *(*uint64)(unsafe.Add(q, last))
}
