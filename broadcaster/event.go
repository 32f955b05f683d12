package broadcaster

import (
	"sync"
	"time"
	"unsafe"

	"eventrelay/relay"
)

// event is an appended event, shared by the entries of all feeds that it is in.
type event struct {
	// Set by append, under Broadcaster.mu, before anyone else sees the event.
	src  *relay.Event
	n    uint64    // position
	at   time.Time // monotonic, for lag
	size uint64    // bytes that it counts against lag limits

	// Guarded by Broadcaster.mu.
	refs int // entries that refer to it

	// Guarded by mu: made by the first shard that needs it.
	mu       sync.Mutex
	envelope []byte // the envelope form without its beginning, which names the subscription

	// Guarded by deflating, which is taken before mu: made by the first shard that needs it.
	deflating sync.Mutex
	deflated  [2]deflated // the plain and the envelope form, the latter without its beginning
}

// eventOverhead is what an event counts beside its payload against a lag limit, so that a flood of empty events counts too.
const eventOverhead = 128

// eventMemory is what an event takes beyond its size: itself, what the publisher made, its id, and what allocation rounds
// up, less what its size has of that.
const eventMemory = uint64(unsafe.Sizeof(event{})+unsafe.Sizeof(relay.Event{})+relay.EventIDLen+32) - eventOverhead

func eventSize(ev *relay.Event) uint64 {
	return uint64(len(ev.Payload) + len(ev.Topic) + eventOverhead)
}

// appendFrame appends ev's frame for f, which is the same whenever it is made. The payload is copied; the envelope form is
// serialized, and either form compressed, by the first caller.
func (ev *event) appendFrame(b []byte, f *feed, s *Shard) []byte {
	op, prefix := byte(opText), s.lead.prefix(f)
	if f.form.Inflated() == relay.Plain && ev.src.Kind == relay.KindBinary {
		op = opBinary
	}
	body := ev.deflatedBody(f, s)
	if body != nil {
		op, prefix = op|rsv1, s.lead.stored(f)
	} else {
		body = ev.body(f, s.b)
	}
	b = appendHeader(b, op, len(prefix)+len(body))
	return append(append(b, prefix...), body...)
}

// reset empties ev for use again, and reports whether it is small enough to be kept.
func (ev *event) reset() bool {
	if max(cap(ev.envelope), cap(ev.deflated[0].body), cap(ev.deflated[1].body)) > 4096 {
		return false
	}
	ev.envelope = ev.envelope[:0]
	for i := range ev.deflated {
		ev.deflated[i] = deflated{body: ev.deflated[i].body[:0]}
	}
	return true
}

// buffers returns the capacity of ev's buffers.
func (ev *event) buffers() int {
	return cap(ev.envelope) + cap(ev.deflated[0].body) + cap(ev.deflated[1].body)
}

// encoded returns how many bytes the forms take that were made of ev.
func (ev *event) encoded() int {
	return len(ev.envelope) + len(ev.deflated[0].body) + len(ev.deflated[1].body)
}

// body returns what ev's frames have in common in all feeds of f's form, compression aside.
func (ev *event) body(f *feed, b *Broadcaster) []byte {
	if f.form.Inflated() == relay.Plain {
		return ev.src.Payload
	}
	ev.mu.Lock()
	defer ev.mu.Unlock()
	if len(ev.envelope) == 0 {
		b.stats.encodes.Add(1)
		ev.envelope = appendEnvelope(ev.envelope, ev.src, relay.Position{Epoch: b.epoch, N: ev.n})
		b.stats.encoded.Add(int64(len(ev.envelope)))
	}
	return ev.envelope
}
