//go:build unix

package plugins

import "golang.org/x/sys/unix"

// region is a range of addresses, of which a part from the beginning is in use. One that the system refused to reserve
// is a slice of Go's heap.
type region struct {
	b      []byte
	mapped bool
}

// reserve takes addresses, but no memory.
func reserve(size uint64) region {
	if size == 0 {
		return region{}
	}
	b, err := unix.Mmap(-1, 0, int(size), unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return region{b: make([]byte, size)}
	}
	return region{b, true}
}

func (r region) size() uint64 { return uint64(len(r.b)) }

// use makes the first size bytes usable, or returns nil. They were zero if they have not been used before.
func (r region) use(size uint64) []byte {
	if r.mapped && size > 0 && unix.Mprotect(r.b[:size], unix.PROT_READ|unix.PROT_WRITE) != nil {
		return nil
	}
	return r.b[:size:size]
}

// keepZeroed is how much is cleared by hand: above it, the system gives new pages at the next use.
const keepZeroed = 256 << 10

// zero clears the first used bytes and gives most of their memory back to the system. It reports whether it could.
func (r region) zero(used uint64) bool {
	hand := min(used, keepZeroed)
	clear(r.b[:hand])
	if !r.mapped {
		clear(r.b[hand:used])
		return true
	}
	return used == hand || unix.Madvise(r.b[hand:used], unix.MADV_DONTNEED) == nil
}

func (r region) release() {
	if r.mapped {
		_ = unix.Munmap(r.b) // fails for what was not mapped only
	}
}
