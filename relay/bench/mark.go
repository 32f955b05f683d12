package bench

import (
	"encoding/binary"
	"math/rand/v2"
)

// mark is what an event carries: who published it, its number among those of its publisher and topic, the slot it takes
// while it is in flight, and when it was due, in ns since the run began.
type mark struct {
	publisher int
	seq       uint32
	slot      int
	sent      int64
}

const (
	// markerLen is how long the marker before the digits is.
	markerLen = 8
	// markLen is a mark's length in an event: the marker, then 16 digits of publisher and seq, then 16 of slot and sent.
	markLen = markerLen + 32
)

// marker begins a mark. It is drawn anew for each run, so that events of another run, or of a history, are not taken for
// ours. No character in it is ever escaped in JSON, so it survives being put into a string.
type marker [markerLen]byte

// markerByte begins a marker and is nowhere else in a payload.
const markerByte = '~'

func newMarker() marker {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	m := marker{markerByte}
	for i := 1; i < len(m); i++ {
		m[i] = letters[rand.IntN(len(letters))]
	}
	return m
}

func (m marker) word() uint64 { return binary.LittleEndian.Uint64(m[:]) }

// maxSlot is the last slot that 16 bits number.
const maxSlot = 1<<16 - 1

// put writes the digits of m to p, which holds 32 bytes.
func (m mark) put(p []byte) {
	putDigits(p[:16], uint64(m.publisher)<<48|uint64(m.seq))
	putDigits(p[16:32], uint64(m.slot)<<48|uint64(m.sent)&(1<<48-1))
}

// readMark reads 32 digits. What is no digit gives some number, which the ledger then finds out of order.
func readMark(p []byte) mark {
	_ = p[31]
	who, when := digits16(p), digits16(p[16:])
	return mark{publisher: int(who >> 48), seq: uint32(who), slot: int(when >> 48), sent: int64(when & (1<<48 - 1))}
}

// zero is the digit 0; digits 0 to 15 are '@' and 'A' to 'O', whose low four bits are their value.
const zero = '@'

func putDigits(p []byte, v uint64) {
	for i := 15; i >= 0; i-- {
		p[i] = zero + byte(v&15)
		v >>= 4
	}
}

func digits16(p []byte) uint64 {
	return digits8(binary.LittleEndian.Uint64(p))<<32 | digits8(binary.LittleEndian.Uint64(p[8:]))
}

// digits8 reads eight digits at once: neighbours are joined, then their pairs, then those.
func digits8(x uint64) uint64 {
	x &= 0x0f0f0f0f0f0f0f0f
	x = (x<<4 | x>>8) & 0x00ff00ff00ff00ff
	x = (x<<8 | x>>16) & 0x0000ffff0000ffff
	return (x<<16 | x>>32) & 0xffffffff
}
