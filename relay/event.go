package relay

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Kind says what an event's payload is. It decides the WebSocket opcode (text for KindJSON and KindText) and how the
// envelope form carries the payload.
type Kind uint8

const (
	KindBinary Kind = iota // any bytes
	KindText               // UTF-8
	KindJSON               // one JSON value (RFC 8259)
)

func (k Kind) String() string { return [...]string{"binary", "text", "json"}[k] }

// Source says where an event entered the relay.
type Source uint8

const (
	Published Source = iota // by HTTP
	Inbound                 // from a client's socket
)

func (s Source) String() string { return [...]string{"published", "inbound"}[s] }

// Attribute is one named string that travels with an event through the filters.
type Attribute struct{ Key, Value string }

// Attributes are sorted by key; keys are unique. Filters see them; clients do not.
type Attributes []Attribute

// Get returns the value of key, or "".
func (a Attributes) Get(key string) string {
	if i, ok := a.find(key); ok {
		return a[i].Value
	}
	return ""
}

// With returns a copy of a in which key has value. a itself is not changed, as events share attributes.
func (a Attributes) With(key, value string) Attributes {
	i, ok := a.find(key)
	c := slices.Clone(a)
	if ok {
		c[i].Value = value
		return c
	}
	return slices.Insert(c, i, Attribute{key, value})
}

func (a Attributes) find(key string) (int, bool) {
	return slices.BinarySearchFunc(a, key, func(x Attribute, k string) int { return cmp.Compare(x.Key, k) })
}

// Event is one message on its way through the relay. Once handed to a Publisher or a Sink, neither it nor the bytes of
// Payload may be changed by anyone: every subscriber's frame is made from them.
type Event struct {
	Topic      Topic
	ID         string // event_id: the publisher's, or minted by NewEventID
	Payload    []byte
	Attributes Attributes
	Time       time.Time // when the relay took it
	Kind       Kind
	Source     Source
}

// Verdict says what became of an event in the filters.
type Verdict uint8

const (
	Accepted    Verdict = iota // passed unchanged
	Transformed                // passed, changed by at least one filter
	Dropped                    // a filter dropped it
	Rejected                   // a filter refused it, and the publisher should know that it is at fault
	Failed                     // a filter failed, and its on_error says drop
)

func (v Verdict) String() string {
	return [...]string{"accepted", "transformed", "dropped", "rejected", "failed"}[v]
}

// Passed reports whether an event with this verdict reached the broadcaster.
func (v Verdict) Passed() bool { return v <= Transformed }

// Result is what a publisher learns of one event. Err is nil when the filters decided; otherwise the event was not
// handed on and Err says why (ErrBusy, ErrClosed, ErrTooLarge, a context's error), and the other fields but EventID
// are zero.
type Result struct {
	EventID  string
	Position Position // zero when the event was not appended
	Filter   string   // the filter that decided: that dropped, rejected or failed it, or was the last to change it
	Reason   string   // the filter's own words, or what failed
	Emitted  int      // further events that filters emitted from this one and that were appended
	Verdict  Verdict
	Err      error
}

// Position is the resume position of an appended event, `<epoch>.<n>`: n counts all appends of the node, and the epoch
// changes when the count starts anew. Clients treat it as opaque.
type Position struct {
	Epoch string
	N     uint64 // from 1; 0 means no position
}

// IsZero reports whether p is no position.
func (p Position) IsZero() bool { return p.N == 0 }

// String returns `<epoch>.<n>`, or "" for no position.
func (p Position) String() string {
	if p.IsZero() {
		return ""
	}
	return string(p.AppendTo(nil))
}

// AppendTo appends `<epoch>.<n>` to b.
func (p Position) AppendTo(b []byte) []byte {
	b = append(b, p.Epoch...)
	b = append(b, '.')
	return strconv.AppendUint(b, p.N, 10)
}
