package relay

import "sync/atomic"

// HookSet is a set of hooks that filters have beside the one for events.
type HookSet uint8

const (
	HookConnect HookSet = 1 << iota
	HookSubscribe
	HookDisconnect
)

// Has reports whether s holds any of h.
func (s HookSet) Has(h HookSet) bool { return s&h != 0 }

// Hooks ask the filters about connections and subscriptions, and tell them of connections that ended. They are safe for
// concurrent use. No method blocks or runs a guest on the calling goroutine, so that event loops may call them; done
// functions are called exactly once, from any other goroutine, and must not block. When a method returns an error, done is
// not called.
type Hooks interface {
	// Hooks returns which hooks some filter has now. It costs next to nothing.
	Hooks() HookSet
	// Connect asks whether a connection may come in, and then about each of its topics. It returns ErrBusy when too many
	// wait, or ErrClosed. Who gets an Admission without a Refusal owes a Leave of its Visit.
	Connect(a *Arrival, done func(Admission)) error
	// Subscribe asks about one subscription more. Of v, all but Accepted must be set. It returns ErrBusy or ErrClosed.
	Subscribe(v *Visit, p Pattern, done func(Subscription, *Refusal)) error
	// Leave says that a connection ended. What a filter is told of it is bounded, not certain: nobody waits for it.
	Leave(v *Visit)
}

// Arrival is a client that wants to come in. It must not be changed once it was given to Hooks.
type Arrival struct {
	Visit   Visit      // without Accepted
	Request Attributes // what the client sent: path, query, remote, header.NAME
	Topics  []Pattern  // that it asks for

	// Gone says that nobody waits for the answer any more: what was not begun is not.
	Gone atomic.Bool
}

// Visit is a connection as hooks know it. It does not change once it was admitted.
type Visit struct {
	ID         uint64
	Attributes Attributes // that its events carry
	Accepted   []string   // filters that are to be told of its end
	// ByFilter is Grant.ByFilter: a filter that fails refuses, whatever its on_error says, as nobody else keeps watch.
	ByFilter bool
}

// Subscription is what a client subscribes to, and what it calls it.
type Subscription struct {
	Name    Pattern // as the client named it
	Pattern Pattern // as the filters have it
}

// Admission is what hooks made of an Arrival.
type Admission struct {
	Refusal *Refusal // nil when it may come in
	Visit   *Visit
	Topics  []Subscription
	// Judged says that a filter with HookConnect has accepted it: not only that none refused, as none had an answer.
	Judged bool
}
