package relay

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"sync/atomic"
	"time"
)

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

var (
	idCount atomic.Uint64
	idSeed  = func() (b [6]byte) { _, _ = rand.Read(b[:]); return b }() // crypto/rand.Read never fails since Go 1.24
)

// EventIDLen is the length of a minted event_id.
const EventIDLen = 26

// NewEventID mints an event_id: 26 characters that sort by time, unique across restarts and nodes by 48 random bits of
// the process and a count.
func NewEventID() string {
	var out [EventIDLen]byte
	return string(AppendEventID(out[:0], time.Now()))
}

// AppendEventID appends what NewEventID would have minted at now, so that a batch pays for one string.
func AppendEventID(dst []byte, now time.Time) []byte {
	var b [16]byte
	// 48 bits of milliseconds, 32 bits of count, 48 bits of process: ULID's layout with a count in place of randomness.
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	binary.BigEndian.PutUint32(b[6:10], uint32(idCount.Add(1)))
	copy(b[10:], idSeed[:])
	return idEncoding.AppendEncode(dst, b[:])
}

// NewEpoch mints the epoch of a log of positions: 8 characters, 40 random bits.
func NewEpoch() string {
	var b [5]byte
	_, _ = rand.Read(b[:])
	return idEncoding.EncodeToString(b[:])
}
