package broadcaster

import (
	"sync"
	"time"

	"eventrelay/relay"
)

// event is an appended event, shared by the entries of all feeds that it is in.
type event struct {
	// Set by append, under Broadcaster.mu, before anyone else sees the event.
	src  *relay.Event
	n    uint64    // position
	at   time.Time // monotonic, for lag
	size uint64    // bytes it is charged with

	// Guarded by Broadcaster.mu.
	refs int // entries that refer to it

	// Guarded by mu: made by the first shard that needs it.
	mu       sync.Mutex
	envelope []byte // the envelope form without its beginning, which names the subscription
}

// eventOverhead is what an event is charged with beside its payload, so that a flood of empty events counts too.
const eventOverhead = 128

func eventSize(ev *relay.Event) uint64 {
	return uint64(len(ev.Payload) + len(ev.Topic) + eventOverhead)
}

// appendFrame appends ev's frame for f. The payload is copied; the envelope form is serialized by the first caller.
func (ev *event) appendFrame(b []byte, f *feed, st *stats) []byte {
	if f.form == relay.Plain {
		op := byte(opText)
		if ev.src.Kind == relay.KindBinary {
			op = opBinary
		}
		return append(appendHeader(b, op, len(ev.src.Payload)), ev.src.Payload...)
	}
	body := ev.envelopeBody(f.epoch, st)
	b = appendHeader(b, opText, len(f.prefix)+len(body))
	return append(append(b, f.prefix...), body...)
}

func (ev *event) envelopeBody(epoch string, st *stats) []byte {
	ev.mu.Lock()
	defer ev.mu.Unlock()
	if len(ev.envelope) == 0 {
		st.encodes.Add(1)
		ev.envelope = appendEnvelope(ev.envelope, ev.src, relay.Position{Epoch: epoch, N: ev.n})
	}
	return ev.envelope
}
