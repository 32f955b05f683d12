package plugins

import "errors"

var (
	errModuleEnd = errors.New("ends too early")
	errModuleInt = errors.New("holds a malformed number")
)

// scanReader walks over bytes of a module. Its first error sticks, and from then on it yields zeros and has no bytes
// left, so that loops over counts end. It never allocates by a number it read.
type scanReader struct {
	b   []byte
	err error
}

func (r *scanReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

func (r *scanReader) more() bool { return len(r.b) > 0 }

func (r *scanReader) byte() byte {
	if len(r.b) == 0 {
		r.fail(errModuleEnd)
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *scanReader) bytes(n uint32) []byte {
	if uint64(n) > uint64(len(r.b)) {
		r.fail(errModuleEnd)
		return nil
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}

// u32 reads an unsigned LEB128 of at most 5 bytes (WebAssembly 2.0 §5.2.2).
func (r *scanReader) u32() uint32 {
	var v uint64
	for shift := 0; shift < 35; shift += 7 {
		c := r.byte()
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			if v > 1<<32-1 {
				break
			}
			return uint32(v)
		}
	}
	r.fail(errModuleInt)
	return 0
}

// skipLEB skips an integer of at most n bytes, whatever its sign.
func (r *scanReader) skipLEB(n int) {
	for range n {
		if r.byte() < 0x80 {
			return
		}
	}
	r.fail(errModuleInt)
}

// name reads a name: its length and its bytes.
func (r *scanReader) name() string { return string(r.bytes(r.u32())) }

// count reads how many items follow. Each takes at least one byte, so a count above the bytes that are left is a lie.
func (r *scanReader) count() uint32 {
	n := r.u32()
	if uint64(n) > uint64(len(r.b)) {
		r.fail(errModuleEnd)
		return 0
	}
	return n
}

func appendU32(dst []byte, v uint32) []byte {
	for ; v >= 0x80; v >>= 7 {
		dst = append(dst, byte(v)|0x80)
	}
	return append(dst, byte(v))
}
