package broadcaster

import (
	"sync/atomic"

	"eventrelay/relay"
)

// stats counts what the broadcaster does. Counters of the hot path are added to once per visit, not per send.
type stats struct {
	appended   atomic.Uint64
	encodes    atomic.Uint64 // serializations: Broadcast values, and envelopes made
	deflates   atomic.Uint64 // compressions of events
	deflateIn  atomic.Uint64 // bytes that went into them
	deflateOut atomic.Uint64 // and that came out
	deliveries atomic.Uint64 // events completely handed to a socket
	bytes      atomic.Uint64
	sends      atomic.Uint64 // writes that carried deliveries
	full       atomic.Uint64 // sends cut short by a full socket
	holdbacks  atomic.Uint64 // times that publishers were held back
	encoded    atomic.Int64  // bytes of encoded forms of events that are held
	outbox     atomic.Int64  // bytes in outboxes
	opened     atomic.Int64
	members    atomic.Int64
	closed     [relay.Reasons]atomic.Uint64
	missed     [modeLatest + 1]atomic.Uint64 // events left out for clients, by mode
	lag        relay.Histogram               // age of the oldest event in a send buffer when it is gathered
}

// Stats is a reading of the broadcaster's counters and of what it holds.
type Stats struct {
	Clients       int64
	Subscriptions int64
	Feeds         int    // distinct (pattern, wire form) subscribed to
	Events        int    // events that wait for some client
	Bytes         uint64 // bytes of those events
	Memory        uint64 // bytes of all that waits for clients, which Options.Memory limits
	Appended      uint64
	Deliveries    uint64
	Sent          uint64 // bytes of frames
	Encodes       uint64 // serializations: of Broadcast values, and of envelopes
	Deflates      uint64 // compressions: of events, once per wire form
}

// Stats reads the counters.
func (b *Broadcaster) Stats() Stats {
	s, _ := b.read()
	return s
}

// read returns the counters, and how many feeds were relieved.
func (b *Broadcaster) read() (s Stats, reliefs uint64) {
	b.mu.Lock()
	s = Stats{Feeds: b.feeds, Events: b.held, Bytes: b.heldBytes, Memory: b.used()}
	reliefs = b.budget.reliefs
	b.mu.Unlock()
	s.Clients = b.stats.opened.Load()
	s.Subscriptions = b.stats.members.Load()
	s.Appended = b.stats.appended.Load()
	s.Deliveries = b.stats.deliveries.Load()
	s.Sent = b.stats.bytes.Load()
	s.Encodes = b.stats.encodes.Load()
	s.Deflates = b.stats.deflates.Load()
	return s, reliefs
}

// Metrics implements relay.Meter.
func (b *Broadcaster) Metrics(yield func(relay.Metric)) {
	s, reliefs := b.read()
	counter := func(name, help string, v uint64) {
		yield(relay.Metric{Name: name, Help: help, Kind: relay.Counter, Value: float64(v)})
	}
	gauge := func(name, help string, v float64) {
		yield(relay.Metric{Name: name, Help: help, Kind: relay.Gauge, Value: v})
	}
	gauge("relay_subscribers", "Clients that are connected to the fan-out.", float64(s.Clients))
	gauge("relay_subscriptions", "Subscriptions of all clients.", float64(s.Subscriptions))
	gauge("relay_feeds", "Distinct pairs of topic pattern and wire form subscribed to.", float64(s.Feeds))
	gauge("relay_waiting_events", "Events that wait for at least one client.", float64(s.Events))
	gauge("relay_waiting_bytes", "Bytes of the events that wait for at least one client.", float64(s.Bytes))
	gauge("relay_fanout_memory_bytes", "Bytes that all that waits for clients takes, in all forms.", float64(s.Memory))
	gauge("relay_fanout_memory_limit_bytes", "What it may take: fanout.memory.", float64(b.rules.Load().memory))
	counter("relay_fanout_reliefs_total", "Times that a feed's slowest clients were not waited for because of that limit.", reliefs)
	counter("relay_fanout_holdbacks_total", "Times that publishers had to wait because of that limit: events came faster than they went out.", b.stats.holdbacks.Load())
	counter("relay_appended_events_total", "Events handed to the fan-out.", s.Appended)
	counter("relay_deliveries_total", "Events written to clients, counted per client.", s.Deliveries)
	counter("relay_delivered_bytes_total", "Bytes of event frames written to clients.", s.Sent)
	counter("relay_sends_total", "Writes to sockets that carried events.", b.stats.sends.Load())
	counter("relay_sends_short_total", "Writes that a full socket cut short.", b.stats.full.Load())
	counter("relay_encodes_total", "Serializations of events; not per client.", s.Encodes)
	counter("relay_compressions_total", "Compressions of events; not per client.", s.Deflates)
	counter("relay_compression_in_bytes_total", "Bytes that went into compressions.", b.stats.deflateIn.Load())
	counter("relay_compression_out_bytes_total", "Bytes that came out of them. What did not shrink was sent as it was.", b.stats.deflateOut.Load())
	yield(relay.Metric{
		Name: "relay_delivery_lag_seconds", Kind: relay.HistogramKind, Histogram: &b.stats.lag,
		Help: "Age of the oldest event of a write when the write is put together.",
	})
	for _, p := range []Policy{Skip, Latest} {
		yield(relay.Metric{
			Name: "relay_missed_events_total", Help: "Events left out for slow clients, counted per client, by policy.", Kind: relay.Counter,
			Labels: []string{"policy", string(p)}, Value: float64(b.stats.missed[p.mode()].Load()),
		})
	}
	for r := range b.stats.closed {
		yield(relay.Metric{
			Name: "relay_reaped_total", Help: "Clients that left the fan-out, by reason.", Kind: relay.Counter,
			Labels: []string{"reason", relay.CloseReason(r).String()}, Value: float64(b.stats.closed[r].Load()),
		})
	}
}
