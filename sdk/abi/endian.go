package abi

// Little-endian loads and stores. encoding/binary would bring package reflect into every guest; the compiler makes one
// instruction of each of these all the same.

func get16(b []byte) uint16 { _ = b[1]; return uint16(b[0]) | uint16(b[1])<<8 }

func get32(b []byte) uint32 { _ = b[3]; return uint32(get16(b)) | uint32(get16(b[2:]))<<16 }

func get64(b []byte) uint64 { _ = b[7]; return uint64(get32(b)) | uint64(get32(b[4:]))<<32 }

func append16(b []byte, v uint16) []byte { return append(b, byte(v), byte(v>>8)) }

func append32(b []byte, v uint32) []byte {
	return append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}

func append64(b []byte, v uint64) []byte { return append32(append32(b, uint32(v)), uint32(v>>32)) }
