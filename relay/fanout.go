package relay

import "errors"

// Form is how an event is framed for clients: the wire form.
type Form uint8

const (
	// Plain frames hold the payload as published, in a text or binary message.
	Plain Form = iota
	// Envelope frames are text messages of subprotocol relay.v1.json:
	// {"subscription":…,"topic":…,"id":…,"event_id":…,"data":…}.
	Envelope
	// PlainDeflated and EnvelopeDeflated are the same messages for clients that negotiated permessage-deflate (RFC 7692):
	// compressed, but for small ones and those that would not shrink.
	PlainDeflated
	EnvelopeDeflated
	// Forms counts the wire forms.
	Forms = int(EnvelopeDeflated) + 1
)

// Deflated returns the form of the same messages with compression.
func (f Form) Deflated() Form { return f.Inflated() + PlainDeflated }

// Inflated returns the form of the same messages without compression.
func (f Form) Inflated() Form { return f % PlainDeflated }

// IsDeflated reports whether the form has compression.
func (f Form) IsDeflated() bool { return f >= PlainDeflated }

// Slot numbers a connection within its shard. The driver chooses it, densely from 0, and may use it again after
// Driver.Closed.
type Slot uint32

// Errors of subscriptions and private messages.
var (
	// ErrOutbox is returned when a client's private messages pass the outbox limit. Close the client (ReasonOutbox).
	ErrOutbox = errors.New("private messages are not read fast enough")
	// ErrSubscribed is returned when a connection already has the very subscription.
	ErrSubscribed = errors.New("already subscribed")
	// ErrNames is returned when clients call a pattern by too many different names.
	ErrNames = errors.New("this is subscribed to under too many names")
	// ErrGone is returned when the connection is closed or closing.
	ErrGone = errors.New("connection is closed")
)

// Driver is what a shard needs of the loop that owns it.
type Driver interface {
	// Send writes p, or as much as goes without blocking, to slot's socket and returns the number of bytes written.
	// It does not keep p. Fewer than len(p) with a nil error means the socket is full: the loop calls Shard.Writable
	// when it drains. An error means the connection is dead; the shard reaps it. Called by the loop's own goroutine,
	// from within Shard methods. It must not call back into the Shard.
	Send(slot Slot, p []byte) (int, error)
	// Wake makes the loop call Shard.Pass soon. Called from any goroutine, without a lock held, only when the loop
	// said it would sleep (Shard.Sleep).
	Wake()
	// Closed says that the shard has let go of slot, for the given reason: the loop closes the socket and may use the
	// slot again. Called exactly once for each Shard.Open, by the loop's own goroutine, at the end of a Pass.
	Closed(slot Slot, reason CloseReason)
}

// Shard is the part of the broadcaster that one loop owns: its connections' cursors, and the passes over them.
// Unless a method says otherwise, only the loop's goroutine may call it.
type Shard interface {
	// Open begins a connection without subscriptions.
	Open(slot Slot)
	// Subscribe makes slot a member of the feed (p, f), in effect when it returns: events appended later are
	// delivered, earlier ones are not. It keeps no bytes of p. It returns ErrSubscribed or ErrGone.
	Subscribe(slot Slot, p Pattern, f Form) error
	// SubscribeAs is Subscribe for a client that calls the pattern by another name: its envelopes have that, and so must
	// Unsubscribe. In plain form nobody sees the name, so it is the pattern. It also returns ErrNames.
	SubscribeAs(slot Slot, s Subscription, f Form) error
	// Unsubscribe ends the subscription of that name, its pattern mostly, and reports whether there was one. A partly
	// written frame is completed.
	Unsubscribe(slot Slot, name Pattern, f Form) bool
	// Patterns returns what slot subscribes to, the newest first.
	Patterns(slot Slot) []Pattern
	// Send queues a private frame (reply, pong), which is copied and goes out at the next frame boundary, ahead of the
	// feeds. It may write at once. It returns ErrOutbox or ErrGone.
	Send(slot Slot, frame []byte) error
	// Writable says that slot's socket has drained after a short Send.
	Writable(slot Slot)
	// Close ends slot's subscriptions. With a frame (a close frame), what was begun and the outbox are completed, then
	// frame is sent and Closed follows; with none, Closed follows at the next Pass. A loop that won't wait longer for
	// a full socket calls Close again with no frame. The first reason counts.
	Close(slot Slot, reason CloseReason, frame []byte)
	// Pass delivers what waits, at most about budget sends, reaps the dead when nothing is left to deliver, and
	// reports whether more waits. Call it after each wake and each batch of socket events, until it reports false.
	Pass(budget int) (more bool)
	// Sleep reports whether the loop may block: true arms Wake, and is followed by a blocking wait; false means that
	// something came in meanwhile and Pass should be called first.
	Sleep() bool
	// Awake disarms Wake after a wait. Spurious wakes are harmless.
	Awake()
	// Tick applies the lag limits that depend on time. Call it about once a second.
	Tick()
	// Free closes the shard. Every slot must have been closed.
	Free()
}

// Client is one connection of the goroutine driver, for sockets that only block (TLS, other systems, standalone use).
// It is safe for concurrent use.
type Client interface {
	// Subscribe, SubscribeAs, Unsubscribe, Patterns and Send do what Shard's methods of that name do.
	Subscribe(p Pattern, f Form) error
	SubscribeAs(s Subscription, f Form) error
	Unsubscribe(name Pattern, f Form) bool
	Patterns() []Pattern
	Send(frame []byte) error
	// Close ends the client: completes the frame in the middle of which it may be, sends the outbox and then frame
	// (if any), and closes the socket. It does not wait; Done tells. The first reason counts. Idempotent.
	Close(reason CloseReason, frame []byte)
	// Done is closed when the client's socket is closed and its goroutine has ended.
	Done() <-chan struct{}
	// Reason returns why the client ended, or ReasonNone while Done is open.
	Reason() CloseReason
}
