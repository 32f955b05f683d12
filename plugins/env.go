package plugins

import (
	"encoding/binary"
	"fmt"
	"unicode/utf16"
)

// envModule is where AssemblyScript imports abort from.
const envModule = "env"

var envFuncs = map[string]hostFunc{
	"abort": {"iiii", "", 0, envAbort},
}

func envAbort(in *instance, stack []uint64) {
	message, file := in.utf16(uint32(stack[0])), in.utf16(uint32(stack[1]))
	panic(trap(clean(fmt.Sprintf("abort: %s at %s:%d:%d", message, file, uint32(stack[2]), uint32(stack[3])), maxErrorText)))
}

// utf16 reads an AssemblyScript string: UTF-16, its length in bytes in the 4 bytes before it. What cannot be read is
// an empty string, since abort should not hide its own message behind another one.
func (in *instance) utf16(ptr uint32) string {
	if ptr < 4 {
		return ""
	}
	n, ok := in.memory().ReadUint32Le(ptr - 4)
	if !ok {
		return ""
	}
	raw, ok := in.memory().Read(ptr, min(n, 2*maxErrorText)&^1)
	if !ok {
		return ""
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(raw[2*i:])
	}
	return string(utf16.Decode(units))
}
