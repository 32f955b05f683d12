package meter

// appendU32 appends an unsigned LEB128.
func appendU32(dst []byte, v uint32) []byte {
	for ; v >= 0x80; v >>= 7 {
		dst = append(dst, byte(v)|0x80)
	}
	return append(dst, byte(v))
}

// appendS64 appends a signed LEB128.
func appendS64(dst []byte, v int64) []byte {
	for v < -0x40 || v >= 0x40 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v)&0x7f)
}

func appendName(dst []byte, s string) []byte {
	return append(appendU32(dst, uint32(len(s))), s...)
}

func appendSection(dst []byte, id byte, body []byte) []byte {
	return append(appendU32(append(dst, id), uint32(len(body))), body...)
}
