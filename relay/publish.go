package relay

import (
	"context"
	"errors"
)

// Errors of a Publisher, by event.
var (
	// ErrBusy is returned when the queue before the filters is full, or the sink. The event was not taken; try again later.
	ErrBusy = errors.New("too many events are waiting")
	// ErrClosed is returned when the relay is stopping.
	ErrClosed = errors.New("the relay is stopping")
	// ErrTooLarge is returned when an event does not fit a limit of the relay.
	ErrTooLarge = errors.New("event too large")
)

// Publisher takes events through the filters to the broadcaster. It is safe for concurrent use.
type Publisher interface {
	// Publish takes evs in order (order is kept per topic) and sets results[i] for each evs[i]; len(results) must
	// equal len(evs). It blocks until every event is decided, runs guests on the calling goroutine where it can, and
	// keeps the events. When ctx ends, events not yet begun get its error; those begun are completed.
	Publish(ctx context.Context, evs []*Event, results []Result)

	// Submit takes one event without blocking and never runs a guest on the calling goroutine, so that event loops
	// may call it. done, which may be nil, is called exactly once, from any goroutine, perhaps before Submit returns;
	// it must not block. When the queue or the sink is full, Submit returns ErrBusy and has not taken the event: done is not
	// called, and ready is called once, from any goroutine, when there is room again. After ErrClosed neither is called.
	Submit(ev *Event, done func(Result), ready func()) error
}

// Sink is where events go that the filters let pass.
type Sink interface {
	// Append makes ev the newest event of its topic and returns its position. It never blocks on a client.
	// Safe for concurrent use; ev must not change any more.
	Append(ev *Event) Position
	// AppendBatch appends evs in order under one lock and sets at[i] to the position of evs[i]. len(at) == len(evs).
	AppendBatch(evs []*Event, at []Position)
	// Full reports whether so much waits for clients that publishers should wait, though Append still takes events. Then
	// ready, which may be nil, is called once, from any goroutine, when there is room again; it must not block.
	Full(ready func()) bool
}
