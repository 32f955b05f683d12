package transport

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"eventrelay/relay"
)

// stats counts what one driver does. Safe for concurrent use.
type stats struct {
	driver      string // label: "epoll" or "portable"
	connections atomic.Uint64
	disconnects [relay.Reasons]atomic.Uint64
	messages    atomic.Uint64
	bytes       atomic.Uint64
	paused      atomic.Uint64
	acceptFails atomic.Uint64
	timeouts    atomic.Uint64 // handshakes that did not come in time
}

// unaccepted is what the log has yet to say of connections that could not be accepted. Safe for concurrent use.
type unaccepted struct {
	count  atomic.Uint64
	second atomic.Int64 // of the last line, counted from 1 since the start; 0: there was none
}

// acceptFailed accounts for a connection that could not be accepted. All drivers together log it once a second at most,
// since out of descriptors they try again many times.
func (s *Server) acceptFailed(st *stats, err error) {
	st.acceptFails.Add(1)
	u := &s.unaccepted
	u.count.Add(1)
	last, now := u.second.Load(), int64(time.Since(s.start)/time.Second)+1
	if now != last && u.second.CompareAndSwap(last, now) {
		s.deps.Log.Warn("connections could not be accepted, mostly for want of file descriptors", "count", u.count.Swap(0), "err", err)
	}
}

// refusals counts refused handshakes by HTTP status.
type refusals struct {
	mu     sync.Mutex
	counts map[int]uint64 // bounded: the statuses that we and the gate know
}

func (r *refusals) add(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = make(map[int]uint64)
	}
	r.counts[status]++
}

func (r *refusals) each(yield func(status string, n uint64)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for status, n := range r.counts {
		yield(strconv.Itoa(status), n)
	}
}

// Metrics implements relay.Meter.
func (s *Server) Metrics(yield func(relay.Metric)) {
	counter := func(name, help string, n uint64, labels ...string) {
		yield(relay.Metric{Name: name, Help: help, Kind: relay.Counter, Labels: labels, Value: float64(n)})
	}
	yield(relay.Metric{Name: "relay_connections", Help: "Open WebSocket connections.", Kind: relay.Gauge, Value: float64(s.connections.Load())})
	byDriver := make(map[string]uint64)
	var disconnects [relay.Reasons]uint64
	var messages, bytes, paused, acceptFails, timeouts uint64
	for _, st := range s.stats {
		byDriver[st.driver] += st.connections.Load()
		for i := range disconnects {
			disconnects[i] += st.disconnects[i].Load()
		}
		messages += st.messages.Load()
		bytes += st.bytes.Load()
		paused += st.paused.Load()
		acceptFails += st.acceptFails.Load()
		timeouts += st.timeouts.Load()
	}
	for driver, n := range byDriver {
		counter("relay_connections_total", "WebSocket connections opened.", n, "driver", driver)
	}
	for i, n := range disconnects[relay.ReasonClient:] {
		reason := relay.ReasonClient + relay.CloseReason(i)
		counter("relay_disconnects_total", "WebSocket connections ended, by reason.", n, "reason", reason.String())
	}
	s.refusals.each(func(status string, n uint64) {
		counter("relay_handshakes_refused_total", "WebSocket handshakes refused, by HTTP status.", n, "status", status)
	})
	counter("relay_handshake_timeouts_total", "Connections cut because their request did not come in time.", timeouts)
	counter("relay_received_messages_total", "Messages received from WebSocket clients.", messages)
	counter("relay_received_bytes_total", "Payload bytes received from WebSocket clients.", bytes)
	counter("relay_receive_pauses_total", "Times a connection was not read because the queue before the filters was full.", paused)
	counter("relay_accept_errors_total", "Connections that could not be accepted, mostly for want of file descriptors.", acceptFails)
}
