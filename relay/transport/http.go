package transport

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"eventrelay/relay"
)

const (
	// httpIdle is how long a kept-alive HTTP connection may be silent.
	httpIdle = 2 * time.Minute
	// httpAnswer is how long a peer may take to take what one write answers: one that does not read must not hold a
	// connection.
	httpAnswer = 10 * time.Second
	// leastHTTP is how many HTTP connections are served however few WebSockets may be. Beyond it, an eighth of
	// max_connections: who keeps HTTP connections open must not take the descriptors that WebSockets need.
	leastHTTP = 64
)

// httpSide serves, with net/http, the connections of the public port that did not begin as WebSockets.
type httpSide struct {
	srv      *Server
	server   *http.Server
	listener *handed

	most    int64          // connections at a time
	open    atomic.Int64   // connections that net/http serves
	serving sync.WaitGroup // Serve, Shutdown and the connections' goroutines
	stopped atomic.Bool    // set when Shutdown returned
	cancel  context.CancelFunc
}

func newHTTPSide(s *Server) *httpSide {
	h := &httpSide{srv: s, listener: newHanded(), most: int64(max(leastHTTP, s.options.MaxConnections/8))}
	h.server = &http.Server{
		Handler:           h,
		ReadHeaderTimeout: s.options.HandshakeTimeout,
		IdleTimeout:       httpIdle,
		MaxHeaderBytes:    maxHead,
		ErrorLog:          slog.NewLogLogger(s.deps.Log.Handler(), slog.LevelDebug),
		ConnState:         h.track,
	}
	return h
}

func (h *httpSide) serve(addr net.Addr) {
	h.listener.addr = addr
	h.serving.Go(func() { _ = h.server.Serve(h.listener) }) // always ErrServerClosed or net.ErrClosed
}

// track counts the connections' goroutines. net/http calls it once with StateNew, before the goroutine, and once with
// one of the last two at its end.
func (h *httpSide) track(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		h.serving.Add(1)
		h.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		h.open.Add(-1)
		h.serving.Done()
	}
}

// hand takes over a connection, and whatever was read from it. It does not block; false means that it was not taken.
func (h *httpSide) hand(c net.Conn, read []byte) bool {
	if h.open.Load()+int64(len(h.listener.conns)) >= h.most {
		return false
	}
	return h.listener.put(&prefixed{Conn: withPatience(c, httpAnswer), read: read})
}

// ServeHTTP serves a request, or upgrades it: a WebSocket may also begin on a kept-alive connection.
func (h *httpSide) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor != 1 { // net/http passes HTTP/2's preface on, for those who want it
		writeRefusal(w, errHTTP2)
		return
	}
	if r.URL.EscapedPath() != h.srv.options.Path { // as sent, like targetPath: what a proxy sees as another path is one
		h.srv.deps.HTTP.ServeHTTP(w, r)
		return
	}
	remote, _ := netip.ParseAddrPort(r.RemoteAddr)
	u := new(upgrade)
	head, refusal := headOf(r)
	if refusal == nil {
		refusal = u.admit(h.srv, head, unmap(remote))
	}
	if refusal != nil {
		h.srv.refused(refusal, unmap(remote))
		writeRefusal(w, refusal)
		return
	}
	c, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		h.srv.release()
		writeRefusal(w, asRefusal(err))
		return
	}
	read, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	h.srv.portable.adopt(c, u, read)
}

// stop closes the listener and has idle connections close, and the others after their request. It does not wait.
func (h *httpSide) stop() {
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	h.serving.Go(func() {
		h.stopped.Store(h.server.Shutdown(ctx) == nil)
		h.listener.discard()
	})
}

// idle reports whether no connection is left after stop.
func (h *httpSide) idle() bool { return h.stopped.Load() }

// close cuts what is left. It must follow stop.
func (h *httpSide) close() {
	h.cancel()
	_ = h.server.Close() // closes sockets; their errors help nobody
	h.serving.Wait()
}

// headOf writes r's head again as it came, so that upgrades over net/http pass the same checks; those of its size, too, which
// filters rely on.
func headOf(r *http.Request) ([]byte, *relay.Refusal) {
	var b bytes.Buffer
	b.WriteString(r.Method + " " + r.URL.RequestURI() + " " + r.Proto + "\r\nHost: " + r.Host + "\r\n")
	if r.ContentLength != 0 {
		b.WriteString("Transfer-Encoding: chunked\r\n") // some body, which net/http took out of the headers
	}
	_ = r.Header.Write(&b) // a bytes.Buffer does not fail
	b.WriteString("\r\n")
	var o opening
	head, _, refusal := o.take(b.Bytes())
	return head, refusal
}

// handed is a net.Listener whose connections were accepted elsewhere.
type handed struct {
	addr  net.Addr
	conns chan net.Conn // never closed
	done  chan struct{} // closed by Close

	mu     sync.Mutex
	closed bool // guarded by mu: after it nothing is put into conns
}

func newHanded() *handed {
	return &handed{conns: make(chan net.Conn, 1024), done: make(chan struct{})}
}

func (h *handed) put(c net.Conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	select {
	case h.conns <- c:
		return true
	default:
		return false
	}
}

func (h *handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

func (h *handed) Addr() net.Addr { return h.addr }

func (h *handed) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		close(h.done)
	}
	return nil
}

// discard closes what was put and not accepted.
func (h *handed) discard() {
	for {
		select {
		case c := <-h.conns:
			_ = c.Close()
		default:
			return
		}
	}
}

// prefixed is a net.Conn of which some bytes have been read already.
type prefixed struct {
	net.Conn
	read []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.read) > 0 {
		n := copy(b, p.read)
		if p.read = p.read[n:]; len(p.read) == 0 {
			p.read = nil
		}
		return n, nil
	}
	return p.Conn.Read(b)
}

// CloseWrite implements what net.TCPConn has beyond net.Conn, and lingering needs.
func (p *prefixed) CloseWrite() error { return closeWrite(p.Conn) }

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

var (
	// errUnavailable refuses a connection that net/http cannot take now.
	errUnavailable = &relay.Refusal{Status: http.StatusServiceUnavailable, Reason: "the relay cannot take more HTTP connections now"}
	// errHTTP2 refuses HTTP/2 without TLS.
	errHTTP2 = &relay.Refusal{Status: http.StatusHTTPVersionNotSupported, Reason: "this port speaks HTTP/1.1"}
	// errTimeout ends a connection whose request began and did not come.
	errTimeout = &relay.Refusal{Status: http.StatusRequestTimeout, Reason: "the request did not come in time"}
)
