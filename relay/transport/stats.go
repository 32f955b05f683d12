package transport

import (
	"net/netip"
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
	deflated    atomic.Uint64 // of those, with permessage-deflate
	disconnects [relay.Reasons]atomic.Uint64
	messages    atomic.Uint64
	bytes       atomic.Uint64
	paused      atomic.Uint64
	acceptFails atomic.Uint64
	timeouts    atomic.Uint64 // handshakes that did not come in time
}

// sparse counts what happens and says when to log it: at once, but not twice in a second, however many drivers see it.
// The zero value is ready; safe for concurrent use.
type sparse struct {
	count  atomic.Uint64
	second atomic.Int64 // of the last line, counted from 1; 0: there was none
}

// due counts one, at now since the server started. If a line is due, it returns how many it stands for.
func (p *sparse) due(now time.Duration) (count uint64, ok bool) {
	p.count.Add(1)
	last, this := p.second.Load(), int64(now/time.Second)+1
	if this == last || !p.second.CompareAndSwap(last, this) {
		return 0, false
	}
	return p.count.Swap(0), true
}

// acceptFailed accounts for a connection that could not be accepted. Out of descriptors that comes many times a second.
func (s *Server) acceptFailed(st *stats, err error) {
	st.acceptFails.Add(1)
	if n, ok := s.unaccepted.due(time.Since(s.start)); ok {
		s.deps.Log.Warn("connections could not be accepted, mostly for want of file descriptors", "count", n, "err", err)
	}
}

// refused accounts for a request that was refused. The log says so once a second: a browser's page learns nothing of a
// refusal, so it is the place to look. Neither target nor headers are logged: they may hold a token.
func (s *Server) refused(r *relay.Refusal, remote netip.AddrPort) {
	s.refusals.add(r.Status)
	if n, ok := s.unadmitted.due(time.Since(s.start)); ok {
		args := []any{"status", r.Status, "remote", remote.String(), "reason", r.Reason, "count", n}
		if r.Filter != "" {
			args = append(args, "filter", r.Filter)
		}
		s.deps.Log.Info("request refused", args...)
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
	var deflated, messages, bytes, paused, acceptFails, timeouts uint64
	for _, st := range s.stats {
		byDriver[st.driver] += st.connections.Load()
		for i := range disconnects {
			disconnects[i] += st.disconnects[i].Load()
		}
		deflated += st.deflated.Load()
		messages += st.messages.Load()
		bytes += st.bytes.Load()
		paused += st.paused.Load()
		acceptFails += st.acceptFails.Load()
		timeouts += st.timeouts.Load()
	}
	for driver, n := range byDriver {
		counter("relay_connections_total", "WebSocket connections opened.", n, "driver", driver)
	}
	counter("relay_connections_compressed_total", "WebSocket connections opened with permessage-deflate.", deflated)
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
	counter("relay_receive_pauses_total", "Times a connection was not read because there was no room for what it published.", paused)
	counter("relay_accept_errors_total", "Connections that could not be accepted, mostly for want of file descriptors.", acceptFails)
}
