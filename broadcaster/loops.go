package broadcaster

import (
	"context"
	"runtime"
	"sync"
	"time"

	"eventrelay/relay"
)

// loops are the package's own loops, which serve the clients of Connect. They start with the first client.
type loops struct {
	b *Broadcaster

	closing sync.Once

	// Guarded by mu.
	mu     sync.Mutex
	all    []*loop
	next   int
	conns  map[Conn]*Client
	closed bool
}

func newLoops(b *Broadcaster) *loops { return &loops{b: b, conns: map[Conn]*Client{}} }

// attach makes conn a client of some loop, or returns the one that it is.
func (ls *loops) attach(conn Conn) (c *Client, fresh bool, err error) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.closed {
		return nil, false, relay.ErrClosed
	}
	if c := ls.conns[conn]; c != nil {
		return c, false, nil
	}
	if len(ls.all) == 0 {
		for range runtime.GOMAXPROCS(0) {
			ls.all = append(ls.all, startLoop(ls.b, ls))
		}
	}
	ls.next = (ls.next + 1) % len(ls.all)
	c = ls.all[ls.next].add(conn)
	ls.conns[conn] = c
	return c, true, nil
}

func (ls *loops) forget(conn Conn) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.conns, conn)
}

func (ls *loops) snapshot() []*loop {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return ls.all
}

// flush waits until no client is in the middle of a write that began before the call.
func (ls *loops) flush(ctx context.Context) error {
	for _, l := range ls.snapshot() {
		for _, c := range l.busy() {
			select {
			case <-c:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

// close closes every loop. Called again, it waits for the first call.
func (ls *loops) close() { ls.closing.Do(ls.closeAll) }

func (ls *loops) closeAll() {
	ls.mu.Lock()
	ls.closed = true
	ls.mu.Unlock()
	for _, l := range ls.snapshot() {
		l.close()
	}
}

// loop is one shard and the goroutine that passes over it. Its driver hands frames to the clients' own goroutines, which
// block in Write, so the shard can also be worked on by whoever holds mu.
type loop struct {
	// Set at construction.
	b    *Broadcaster
	ls   *loops
	wake chan struct{} // of capacity 1; never closed
	stop chan struct{} // closed by close
	wg   sync.WaitGroup

	// mu makes its holder the owner of the shard. It is taken before Broadcaster.mu and never while a socket is used.
	mu      sync.Mutex
	shard   *Shard
	clients []*Client // by slot
	free    []relay.Slot
}

func startLoop(b *Broadcaster, ls *loops) *loop {
	l := &loop{b: b, ls: ls, wake: make(chan struct{}, 1), stop: make(chan struct{})}
	l.shard = b.newShard((*loopDriver)(l))
	l.wg.Go(l.run)
	return l
}

// run passes over the shard whenever there is work, until close.
func (l *loop) run() {
	tick := time.NewTicker(l.b.rules.Load().tick())
	defer tick.Stop()
	for {
		l.mu.Lock()
		for more := true; more; more = l.shard.Pass(chunk) || !l.shard.Sleep() {
			l.mu.Unlock() // NOTE: lets clients join and leave, and their goroutines report, between chunks.
			l.mu.Lock()
		}
		l.mu.Unlock()
		select {
		case <-l.wake:
		case <-tick.C:
			l.mu.Lock()
			l.shard.Tick()
			l.mu.Unlock()
			tick.Reset(l.b.rules.Load().tick())
		case <-l.stop:
			return
		}
		l.shard.Awake()
	}
}

// kick makes run pass soon.
func (l *loop) kick() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *loop) add(conn Conn) *Client {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &Client{loop: l, conn: conn, kick: make(chan struct{}, 1), done: make(chan struct{})}
	if last := len(l.free) - 1; last >= 0 {
		c.slot, l.free = l.free[last], l.free[:last]
	} else {
		c.slot = relay.Slot(len(l.clients))
		l.clients = append(l.clients, nil)
	}
	l.clients[c.slot] = c
	l.shard.Open(c.slot)
	l.wg.Go(c.write)
	return c
}

// busy returns, for each client in the middle of a write, a channel that is closed when that write has ended.
func (l *loop) busy() []<-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []<-chan struct{}
	for _, c := range l.clients {
		if c != nil && c.busy {
			all = append(all, c.written())
		}
	}
	return all
}

// close ends all clients and waits for their goroutines.
func (l *loop) close() {
	l.mu.Lock()
	frame := CloseFrame(relay.ReasonShutdown)
	for _, c := range l.clients {
		if c != nil {
			l.shard.Close(c.slot, relay.ReasonShutdown, frame)
			c.expire(closeGrace)
		}
	}
	l.mu.Unlock()
	l.kick()
	for _, c := range l.leftovers() {
		<-c.done
	}
	close(l.stop)
	l.wg.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shard.Free()
}

func (l *loop) leftovers() (all []*Client) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.clients {
		if c != nil {
			all = append(all, c)
		}
	}
	return all
}

// loopDriver is the loop as its shard's driver. Its methods run with loop.mu held.
type loopDriver loop

// Send hands p to the client's goroutine if that is idle, and takes nothing if it is not.
func (d *loopDriver) Send(slot relay.Slot, p []byte) (int, error) { return d.clients[slot].accept(p) }

// Wake makes run pass.
func (d *loopDriver) Wake() { (*loop)(d).kick() }

// Closed lets go of the client, whose goroutine then closes the socket.
func (d *loopDriver) Closed(slot relay.Slot, reason relay.CloseReason) {
	d.clients[slot].end(reason)
	d.clients[slot] = nil
	d.free = append(d.free, slot)
}
