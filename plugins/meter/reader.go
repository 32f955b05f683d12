package meter

import "errors"

var (
	errEnd    = errors.New("ends too early")
	errNumber = errors.New("holds a malformed number")
)

// reader walks over bytes of a module. Its first error sticks, and from then on it yields zeros and has no bytes left,
// so that loops over counts end. It never allocates by a number it read.
type reader struct {
	b   []byte
	at  int // of the next byte
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.at = len(r.b)
}

func (r *reader) more() bool { return r.at < len(r.b) }

func (r *reader) byte() byte {
	if r.at >= len(r.b) {
		r.fail(errEnd)
		return 0
	}
	c := r.b[r.at]
	r.at++
	return c
}

func (r *reader) bytes(n uint32) []byte {
	if uint64(n) > uint64(len(r.b)-r.at) {
		r.fail(errEnd)
		return nil
	}
	p := r.b[r.at : r.at+int(n) : r.at+int(n)]
	r.at += int(n)
	return p
}

// u32 reads an unsigned LEB128 of at most 5 bytes (WebAssembly 2.0 §5.2.2).
func (r *reader) u32() uint32 {
	if r.at < len(r.b) && r.b[r.at] < 0x80 {
		r.at++
		return uint32(r.b[r.at-1])
	}
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
	r.fail(errNumber)
	return 0
}

// s33 reads a signed LEB128 of at most 5 bytes, as block types are (§5.4.1).
func (r *reader) s33() int64 {
	var v int64
	for shift := 0; shift < 35; shift += 7 {
		c := r.byte()
		v |= int64(c&0x7f) << shift
		if c < 0x80 {
			if c&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
	r.fail(errNumber)
	return 0
}

// skipLEB skips an integer of at most n bytes, whatever its sign. What its unused bits hold is left to the engine.
func (r *reader) skipLEB(n int) {
	for range n {
		if r.byte() < 0x80 {
			return
		}
	}
	r.fail(errNumber)
}

// name reads a name: its length and its bytes.
func (r *reader) name() string { return string(r.bytes(r.u32())) }

// count reads how many items follow. Each takes at least one byte, so a count above the bytes that are left is a lie.
func (r *reader) count() uint32 {
	n := r.u32()
	if uint64(n) > uint64(len(r.b)-r.at) {
		r.fail(errEnd)
		return 0
	}
	return n
}
