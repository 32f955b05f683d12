package broadcaster

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"eventrelay/relay"
)

// Broadcaster delivers each event to every client whose subscription matches its topic. All methods may be called by
// any goroutine at any time. Forgetting Close leaks the goroutines of clients that are still connected.
type Broadcaster struct {
	// Set at construction.
	opts  Options
	epoch string
	loops *loops

	stats stats
	full  atomic.Bool           // written under mu: publishers are held back
	rules atomic.Pointer[rules] // written under mu

	// shards is replaced, never changed, under mu.
	shards atomic.Pointer[[]*Shard]

	// Guarded by mu, the publish lock: it orders appends, joins, leaves and releases. Nothing blocks under it.
	mu        sync.Mutex
	n         uint64 // position of the newest event
	index     index
	rings     ringPool
	spare     spare // events for use again
	feeds     int
	held      int // events that some entry refers to
	heldBytes uint64
	kept      map[*feed]*kept // of feeds with members that lag, where the policy is Latest
	flushes   []*flush

	keptEntries int // live ones of all kept
	budget      budget
	waiting     []func() // for room, while full
	closed      bool
}

// New returns a Broadcaster without clients. It starts nothing; the first Connect does. Settings that are out of range
// are replaced by their defaults; Options.Validate reports them.
func New(o Options) *Broadcaster {
	b := &Broadcaster{opts: o.withDefaults(), epoch: relay.NewEpoch(), index: newIndex()}
	b.shards.Store(&[]*Shard{})
	b.rules.Store(newRules(b.opts))
	b.loops = newLoops(b)
	return b
}

// Epoch returns the epoch of all positions of this Broadcaster.
func (b *Broadcaster) Epoch() string { return b.epoch }

// Broadcast sends v to every client subscribed to topic: those connected before the call get it, those that connect
// after it do not. A []byte is sent as it is, in a binary message; a json.RawMessage likewise, in a text message;
// anything else is encoded as JSON, once, into a text message. It returns when the event has its place in every feed,
// without waiting for a client; see Flush. The bytes of v may not be changed afterwards.
func (b *Broadcaster) Broadcast(topic relay.Topic, v any) (relay.Position, error) {
	if _, err := relay.ParseTopic(string(topic)); err != nil {
		return relay.Position{}, err
	}
	ev := &relay.Event{Topic: topic, ID: relay.NewEventID(), Time: time.Now(), Kind: relay.KindJSON}
	switch v := v.(type) {
	case []byte:
		ev.Payload, ev.Kind = v, relay.KindBinary
	case json.RawMessage:
		if !json.Valid(v) {
			return relay.Position{}, fmt.Errorf("broadcast to %s: the json.RawMessage is not JSON", topic)
		}
		ev.Payload = v
	default:
		p, err := json.Marshal(v)
		if err != nil {
			return relay.Position{}, fmt.Errorf("broadcast to %s: %w", topic, err)
		}
		b.stats.encodes.Add(1)
		ev.Payload = p
	}
	at := b.Append(ev)
	if at.IsZero() {
		return at, relay.ErrClosed
	}
	return at, nil
}

// Append implements relay.Sink. After Close it returns no position.
func (b *Broadcaster) Append(ev *relay.Event) relay.Position {
	b.mu.Lock()
	at := b.append(ev, b.clock())
	b.mu.Unlock()
	b.wake()
	return at
}

// AppendBatch implements relay.Sink.
func (b *Broadcaster) AppendBatch(evs []*relay.Event, at []relay.Position) {
	b.mu.Lock()
	now := b.clock()
	for i, ev := range evs {
		at[i] = b.append(ev, now)
	}
	b.mu.Unlock()
	b.wake()
}

// clock returns the time of an append, if there is a feed that might keep it. It needs mu.
func (b *Broadcaster) clock() (now time.Time) {
	if b.feeds > 0 {
		now = time.Now()
	}
	return now
}

// append needs mu.
func (b *Broadcaster) append(src *relay.Event, now time.Time) relay.Position {
	if b.closed {
		return relay.Position{}
	}
	b.n++
	b.stats.appended.Add(1)
	at := relay.Position{Epoch: b.epoch, N: b.n}
	if b.feeds == 0 {
		return at
	}
	var ev *event
	b.index.match(src.Topic, func(f *feed) {
		if ev == nil {
			ev = b.spare.get()
			ev.src, ev.n, ev.at, ev.size = src, b.n, now, eventSize(src)
			b.held++
			b.heldBytes += ev.size
		}
		f.append(ev, &b.rings)
		for _, p := range f.parts {
			p.mark()
		}
	})
	if ev != nil {
		b.charge(ev)
	}
	return at
}

// mark puts p on its shard's list of work. It needs Broadcaster.mu.
func (p *part) mark() {
	if !p.dirty {
		p.dirty = true
		p.shard.dirty = append(p.shard.dirty, p)
	}
}

// unref gives up one entry's reference. When it was the last, nobody reads the event any more: every shard that did has
// reported a higher low since. It needs mu.
func (b *Broadcaster) unref(ev *event) {
	if ev.refs--; ev.refs > 0 {
		return
	}
	b.held--
	b.heldBytes -= ev.size
	ev.src = nil
	if n := ev.encoded(); n > 0 {
		b.stats.encoded.Add(int64(-n))
	}
	b.spare.put(ev)
}

// wake wakes the loops that sleep though there is work for them. It must be called without mu.
func (b *Broadcaster) wake() {
	for _, s := range *b.shards.Load() {
		if s.sleeping.Load() && s.marked() && s.sleeping.CompareAndSwap(true, false) {
			s.driver.Wake()
		}
	}
}

// NewShard returns a shard for a loop that drives non-blocking sockets; see relay.Shard for what the loop owes it.
func (b *Broadcaster) NewShard(d relay.Driver) relay.Shard { return b.newShard(d) }

func (b *Broadcaster) newShard(d relay.Driver) *Shard {
	s := &Shard{b: b, driver: d}
	b.mu.Lock()
	defer b.mu.Unlock()
	all := append(slices.Clone(*b.shards.Load()), s)
	b.shards.Store(&all)
	return s
}

// maxNames bounds the feeds of one pattern, as they are a list: filters that rewrite patterns may leave their names to clients.
const maxNames = 256

// feedFor returns the feed (s, form), made if there is none, or nil if there are too many for this pattern. It needs mu.
func (b *Broadcaster) feedFor(s relay.Subscription, form relay.Form) *feed {
	f, others := b.index.find(s, form)
	switch {
	case f != nil:
		return f
	case others >= maxNames && s.Name != s.Pattern:
		return nil
	}
	f = newFeed(relay.Pattern(strings.Clone(string(s.Pattern))), form) // NOTE: it may be a piece of a request
	if s.Name != s.Pattern {
		name := relay.Pattern(strings.Clone(string(s.Name)))
		f.name = &name
	}
	f.rule = b.rules.Load().find(s.Pattern)
	b.index.add(f)
	b.feeds++
	return f
}

// leave takes p, which has no members left, out of its feed, and the feed out of the index if p was its last part. It
// needs mu.
func (b *Broadcaster) leave(p *part) {
	f := p.feed
	f.parts = slices.DeleteFunc(f.parts, func(q *part) bool { return q == p })
	b.park(p, p.low)
	f.release(b)
	if len(f.parts) == 0 {
		b.index.remove(f)
		b.feeds--
	}
}

// Close ends every client that Connect made, with a close frame, and returns when their goroutines have ended. Shards
// belong to their loops. Events appended later go nowhere. Idempotent.
func (b *Broadcaster) Close() error {
	b.mu.Lock()
	b.closed = true
	b.full.Store(false)
	waiting := b.waiting
	b.waiting = nil
	b.mu.Unlock()
	for _, ready := range waiting {
		ready()
	}
	b.loops.close()
	return nil
}
