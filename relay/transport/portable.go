package transport

import (
	"errors"
	"maps"
	"net"
	"runtime"
	"slices"
	"sync"
	"time"
)

// acceptPause is the pause after an accept that failed, mostly for want of file descriptors.
const acceptPause = 50 * time.Millisecond

// portable drives connections with the runtime's poller: one goroutine reads, and the relay.Client's writes. It builds
// everywhere, takes any net.Conn, and carries the WebSockets that begin on a kept-alive HTTP connection.
type portable struct {
	*core
	srv      *Server
	listener net.Listener  // nil when loops accept
	quit     chan struct{} // closed by close
	wg       sync.WaitGroup
	quitOnce sync.Once

	mu      sync.Mutex
	conns   map[*portConn]struct{} // guarded by mu; those that were accepted or adopted, and not yet closed
	leaving *departure[*portConn]  // guarded by mu; nil until retire
}

func newPortable(s *Server) *portable {
	p := &portable{core: s.newCore("portable", runtime.GOMAXPROCS(0)), srv: s, quit: make(chan struct{}), conns: make(map[*portConn]struct{})}
	p.wg.Go(p.sweep)
	return p
}

// accept begins accepting from ln, which it then owns.
func (p *portable) accept(ln net.Listener) {
	p.listener = ln
	p.wg.Go(func() {
		for {
			c, err := ln.Accept()
			switch {
			case err == nil:
				p.tune(c)
				p.start(&portConn{raw: c})
			case errors.Is(err, net.ErrClosed):
				return
			default:
				p.srv.acceptFailed(p.stats, err)
				select {
				case <-time.After(acceptPause):
				case <-p.quit:
				}
			}
		}
	})
}

// tune bounds the kernel's send buffer, as the loops do. TCP_NODELAY is Go's default.
func (p *portable) tune(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(int(p.options.SendBuffer)) // a socket that is gone shows itself at the first read
	}
}

// adopt takes over a connection whose handshake net/http has read. read is copied.
func (p *portable) adopt(raw net.Conn, u *upgrade, read []byte) {
	_ = raw.SetDeadline(time.Time{}) // net/http's; a dead socket shows itself at the first read
	p.start(&portConn{raw: raw, admitted: u, early: slices.Clone(read)})
}

func (p *portable) start(c *portConn) {
	c.driver = p
	p.mu.Lock()
	select {
	case <-p.quit:
		p.mu.Unlock()
		c.abandon()
		return
	default:
	}
	p.conns[c] = struct{}{}
	p.wg.Add(1) // under mu, so that close cannot be waiting yet
	p.mu.Unlock()
	go func() {
		defer p.wg.Done()
		c.run()
		p.mu.Lock()
		delete(p.conns, c)
		p.mu.Unlock()
	}()
}

// sweep looks at all deadlines, now and then: no connection has a timer of its own.
func (p *portable) sweep() {
	tick := time.NewTicker(p.options.sweepEvery())
	defer tick.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-tick.C:
			now := p.now()
			for _, c := range p.snapshot() {
				c.expire(now)
			}
		}
	}
}

func (p *portable) snapshot() []*portConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.conns))
}

func (p *portable) stopAccepting() {
	if p.listener != nil {
		_ = p.listener.Close() // a second close fails, harmlessly
	}
}

func (p *portable) retire(share float64) int {
	all := p.snapshot()
	p.mu.Lock()
	if p.leaving == nil {
		p.leaving = newDeparture(all)
	}
	now := p.leaving.next(share)
	p.mu.Unlock()
	for _, c := range now {
		c.leave()
	}
	return len(all)
}

func (p *portable) close() {
	p.quitOnce.Do(func() {
		p.mu.Lock()
		close(p.quit)
		p.mu.Unlock()
		for _, c := range p.snapshot() {
			c.abort()
		}
	})
	p.wg.Wait()
}
