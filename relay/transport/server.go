// Package transport owns the public port: it accepts connections, speaks HTTP's upgrade and RFC 6455 with clients, and
// hands their events to the filters. It owns sockets, handshakes, frames, commands, deadlines and close frames. It does
// not own who may come in (relay.Gate), what becomes of an event (relay.Publisher), or which bytes go to whom and how
// far behind a client may be (relay.Shard, relay.Client).
//
// The flow of one connection:
//
//	accept → head (limits, 5 s in all) → not the WebSocket path? net/http serves it
//	  → admit (RFC 6455 §4.2.1, Gate, topics, room) or an HTTP refusal and close
//	  → if some filter has hooks: the filters decide, and nobody else waits (arrival.go, asking.go)
//	  → subscribe → 101 → session: frames → messages → events and commands
//	  → close frame, half-close, short linger → closed, with exactly one CloseReason
//
// Two drivers carry sessions: epoll loops that own raw sockets (Linux), and the portable one, a goroutine per
// connection over net.Conn. A session does not know which.
package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"eventrelay/relay"
	"eventrelay/relay/transport/deflate"
)

// Deps are what a Server needs of the other parts. Those without a default are required.
type Deps struct {
	// NewShard makes the fan-out side of one epoll loop.
	NewShard func(relay.Driver) relay.Shard
	// Connect makes the fan-out side of a connection of the portable driver, without subscriptions. It owns writing to
	// and closing of c; transport reads from it.
	Connect   func(c net.Conn) (relay.Client, error)
	Publisher relay.Publisher
	Hooks     relay.Hooks // asked about connections and subscriptions; default: nobody
	Gate      relay.Gate
	HTTP      http.Handler // serves what does not ask for Options.Path; default: 404
	Busy      func()       // called by epoll loops that work without a wait, each at most once a millisecond; default: nothing
	Log       *slog.Logger // default: none
}

// drainStep is how often Drain closes the next connections.
const drainStep = 20 * time.Millisecond

// errStopping refuses handshakes of a relay that stops.
var errStopping = &relay.Refusal{Status: http.StatusServiceUnavailable, Reason: "the relay is stopping"}

// driver carries connections.
type driver interface {
	// stopAccepting takes in what the kernel has accepted and closes the listener. Idempotent.
	stopAccepting()
	// retire closes connections with 1001 until share (0 to 1) of those that stood at the first call are closed, and
	// returns how many stand.
	retire(share float64) int
	// close ends everything at once and returns when no goroutine and no socket is left. Idempotent.
	close()
}

// Server is the running transport. It is safe for concurrent use. Without Close, its goroutines, sockets and port stay.
type Server struct {
	// Set at construction.
	options  Options
	deps     Deps
	start    time.Time
	addr     net.Addr
	http     *httpSide
	portable *portable
	drivers  []driver // loops, if any, and portable
	stats    []*stats // one per driver

	connections atomic.Int64 // admitted and not yet ended
	stopping    atomic.Bool
	refusals    refusals
	unaccepted  sparse
	unadmitted  sparse

	stopOnce, closeOnce sync.Once
}

// Open listens on addr and serves. The error says so when another program, or another relay, has the port.
func Open(addr string, o Options, d Deps) (*Server, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("websocket options: %w", err)
	}
	if d.NewShard == nil || d.Connect == nil || d.Publisher == nil || d.Gate == nil {
		return nil, errors.New("BUG: transport.Open without NewShard, Connect, Publisher or Gate")
	}
	if d.HTTP == nil {
		d.HTTP = http.NotFoundHandler()
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{options: o.withDefaults(), deps: d, start: time.Now()}
	s.portable = newPortable(s)
	s.http = newHTTPSide(s)
	s.drivers = append(s.drivers, s.portable)
	if err := s.listen(addr); err != nil {
		for _, d := range s.drivers {
			d.close()
		}
		return nil, err
	}
	s.http.serve(s.addr)
	return s, nil
}

// newCore makes what the sessions of one driver share, of which at most so many goroutines run at a time.
func (s *Server) newCore(driver string, goroutines int) *core {
	st := &stats{driver: driver}
	s.stats = append(s.stats, st)
	return &core{
		options: &s.options, publisher: s.deps.Publisher, hooks: s.deps.Hooks, log: s.deps.Log, stats: st, start: s.start,
		inflate: deflate.NewPool(goroutines),
	}
}

// Addr returns the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.addr }

// StopAccepting closes the listeners: no new connection, no new WebSocket on those that are open, and HTTP connections
// close once their request in flight is answered. It does not wait for that. Idempotent.
func (s *Server) StopAccepting() {
	s.stopOnce.Do(func() {
		s.stopping.Store(true)
		for _, d := range s.drivers {
			d.stopAccepting()
		}
		s.http.stop()
	})
}

// Drain stops accepting and closes the connections with 1001, evenly over the given time, so that the clients' return
// does not come as one wave. It returns when all connections are gone, HTTP's too, or with ctx's error when it ends.
func (s *Server) Drain(ctx context.Context, over time.Duration) error {
	s.StopAccepting()
	begun := time.Now()
	step := time.NewTicker(drainStep)
	defer step.Stop()
	for {
		share := 1.0
		if gone := time.Since(begun); gone < over {
			share = float64(gone) / float64(over)
		}
		if s.retire(share) == 0 && s.http.idle() {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("drain connections: %w", context.Cause(ctx))
		case <-step.C:
		}
	}
}

func (s *Server) retire(share float64) (left int) {
	for _, d := range s.drivers {
		left += d.retire(share)
	}
	return left
}

// Close ends everything at once: no close frames, no waiting for requests in flight. It returns when no goroutine and
// no socket is left. Idempotent.
func (s *Server) Close() error {
	s.StopAccepting()
	s.closeOnce.Do(func() {
		s.http.close()
		for _, d := range s.drivers {
			d.close()
		}
	})
	return nil
}

// reserve takes room for one connection, or says why there is none.
func (s *Server) reserve() *relay.Refusal {
	switch {
	case s.stopping.Load():
		return errStopping
	case s.connections.Add(1) > int64(s.options.MaxConnections):
		s.connections.Add(-1)
		return &relay.Refusal{Status: http.StatusServiceUnavailable, Reason: "the relay has as many connections as it may (max_connections)"}
	}
	return nil
}

// release gives the room of a connection back.
func (s *Server) release() { s.connections.Add(-1) }

// ended accounts for the end of a session.
func (s *Server) ended(st *stats, id ConnID, reason relay.CloseReason) {
	st.disconnects[reason].Add(1)
	s.release()
	if s.deps.Log.Enabled(context.Background(), slog.LevelDebug) { // else its arguments would be made for nothing
		s.deps.Log.Debug("connection ended", "connection", uint64(id), "reason", reason.String())
	}
}

// sweepEvery is how often deadlines are looked at: often enough for the shortest.
func (o *Options) sweepEvery() time.Duration {
	shortest := min(o.HandshakeTimeout, o.PingInterval, o.PongTimeout, closeTimeout)
	return min(max(shortest/4, 5*time.Millisecond), time.Second)
}
