package abi

import (
	"errors"
)

// Errors of Decode and ParseHeader. Each is a fault of whoever encoded the record.
var (
	// ErrShort is returned when there are fewer bytes than a header has.
	ErrShort = errors.New("record is shorter than its header")
	// ErrLength is returned when the lengths in the header do not add up to the record's length.
	ErrLength = errors.New("lengths in the record's header do not add up to the record's length")
	// ErrAttribute is returned when an attribute reaches beyond the attributes.
	ErrAttribute = errors.New("attribute reaches beyond the record's attributes")
	// ErrKey is returned when an attribute's key is empty.
	ErrKey = errors.New("attribute with an empty key")
	// ErrOrder is returned when attribute keys are not sorted, or not unique.
	ErrOrder = errors.New("attribute keys are out of order, or twice the same")
)

// Flags says what a record's payload is and where the event entered. Other bits are ignored.
type Flags uint32

const (
	Text    Flags = 1 << 0 // the payload is UTF-8
	Inbound Flags = 1 << 1 // the event came from a client's socket, not by HTTP
	JSON    Flags = 1 << 2 // the payload is one JSON value; the host sets Text with it
)

// Header is the fixed part of a record: what it is, and the lengths of the parts that follow, in bytes. On a
// little-endian machine its memory is its encoding.
type Header struct {
	Flags                      Flags
	Topic, Attributes, Payload uint32
	Reserved                   uint64
	Time                       int64 // Unix nanoseconds
}

// AppendHeader appends the HeaderSize bytes of h.
func AppendHeader(dst []byte, h Header) []byte {
	dst = append32(dst, uint32(h.Flags))
	dst = append32(dst, h.Topic)
	dst = append32(dst, h.Attributes)
	dst = append32(dst, h.Payload)
	dst = append64(dst, h.Reserved)
	return append64(dst, uint64(h.Time))
}

// ParseHeader reads the header at the start of b. Its lengths are as found: check them, or use Decode.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderSize {
		return Header{}, ErrShort
	}
	return Header{
		Flags:      Flags(get32(b[0:])),
		Topic:      get32(b[4:]),
		Attributes: get32(b[8:]),
		Payload:    get32(b[12:]),
		Reserved:   get64(b[16:]),
		Time:       int64(get64(b[24:])),
	}, nil
}

// Size returns how many bytes a record with h's lengths takes.
func (h Header) Size() uint64 {
	return HeaderSize + uint64(h.Topic) + uint64(h.Attributes) + uint64(h.Payload)
}

// Record is an event, connection or subscription as it crosses the boundary. A decoded record's slices view the bytes
// it was decoded from.
type Record struct {
	Flags      Flags
	Time       int64 // Unix nanoseconds
	Topic      []byte
	Attributes Attributes
	Payload    []byte
}

// Header returns the header that r is encoded with. Each part must be shorter than 4 GiB.
func (r *Record) Header() Header {
	return Header{
		Flags:      r.Flags,
		Topic:      uint32(len(r.Topic)),
		Attributes: uint32(len(r.Attributes)),
		Payload:    uint32(len(r.Payload)),
		Time:       r.Time,
	}
}

// Size returns how many bytes r takes.
func (r *Record) Size() int { return HeaderSize + len(r.Topic) + len(r.Attributes) + len(r.Payload) }

// AppendRecord appends r. It does not allocate when dst has r.Size() bytes of room.
func AppendRecord(dst []byte, r *Record) []byte {
	dst = AppendHeader(dst, r.Header())
	dst = append(dst, r.Topic...)
	dst = append(dst, r.Attributes...)
	return append(dst, r.Payload...)
}

// Decode reads a record that fills b exactly. It copies nothing: the record's slices view b. The text of topic and
// attributes, and whether the payload is what the flags say, is not checked.
func Decode(b []byte) (Record, error) {
	h, err := ParseHeader(b)
	if err != nil {
		return Record{}, err
	}
	if h.Size() != uint64(len(b)) {
		return Record{}, ErrLength
	}
	topic, rest := cut(b[HeaderSize:], int(h.Topic))
	attrs, payload := cut(rest, int(h.Attributes))
	if err := Attributes(attrs).Check(); err != nil {
		return Record{}, err
	}
	return Record{Flags: h.Flags, Time: h.Time, Topic: topic, Attributes: attrs, Payload: payload[:len(payload):len(payload)]}, nil
}

// cut splits b at n and clips the first part, so that appending to it does not write into the second.
func cut(b []byte, n int) (first, rest []byte) { return b[:n:n], b[n:] }
