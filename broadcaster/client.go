package broadcaster

import (
	"errors"
	"os"
	"reflect"
	"sync/atomic"
	"time"

	"eventrelay/relay"
)

// Conn is what Connect needs of a socket: net.Conn and *tls.Conn have it. A Conn is also the client's identity, so its
// type must be comparable; pointers are.
type Conn interface {
	// Write blocks until all of p is written, the write deadline passes, or the connection fails. It does not keep p.
	Write(p []byte) (int, error)
	// SetWriteDeadline bounds present and future calls of Write, also from another goroutine.
	SetWriteDeadline(t time.Time) error
	Close() error
}

// ErrConn is returned when a Conn can't be told from others, because its type is not comparable.
var ErrConn = errors.New("broadcaster: connection type is not comparable; pass a pointer")

// closeGrace is how long a client that is being closed may take to read what it still gets.
const closeGrace = time.Second

// Client is a connection made by Connect. It implements relay.Client; all methods may be called by any goroutine.
type Client struct {
	// Set at construction.
	loop *loop
	conn Conn
	slot relay.Slot
	kick chan struct{} // of capacity 1, never closed: there is something to write, or the client has ended
	done chan struct{} // closed by write

	reason atomic.Uint32 // relay.CloseReason, once ended

	// Guarded by loop.mu.
	busy    bool          // out is write's
	ended   bool          // the shard has let go of the slot
	waiters chan struct{} // closed when the write in progress has ended; nil when nobody waits

	// Owned by write while busy, else guarded by loop.mu.
	out []byte
}

var _ relay.Client = (*Client)(nil)

// Connect makes conn a client that gets every event whose topic matches one of patterns, or every event at all if none
// are given, in plain frames. Events broadcast after Connect has returned are delivered, earlier ones are not. A conn
// that is a client already keeps its subscriptions and gets those that it lacks. The broadcaster writes to conn and
// closes it in the end; reading from it remains the caller's. The opening handshake must be over.
func (b *Broadcaster) Connect(conn Conn, patterns ...relay.Pattern) (*Client, error) {
	if len(patterns) == 0 {
		patterns = []relay.Pattern{">"}
	}
	for _, p := range patterns {
		if _, err := relay.ParsePattern(string(p)); err != nil {
			return nil, err
		}
	}
	c, _, err := b.attach(conn)
	if err != nil {
		return nil, err
	}
	for _, p := range patterns {
		if err := c.Subscribe(p, relay.Plain); err != nil && !errors.Is(err, relay.ErrSubscribed) {
			return nil, err
		}
	}
	return c, nil
}

// Attach makes conn a client without subscriptions.
func (b *Broadcaster) Attach(conn Conn) (*Client, error) {
	c, _, err := b.attach(conn)
	return c, err
}

func (b *Broadcaster) attach(conn Conn) (*Client, bool, error) {
	if conn == nil || !reflect.TypeOf(conn).Comparable() {
		return nil, false, ErrConn
	}
	return b.loops.attach(conn)
}

// Disconnect ends the client: its subscriptions end at once, what it is being sent is completed, and its socket is
// closed. A client that is nil, unknown or gone is no error.
func (b *Broadcaster) Disconnect(c *Client) {
	if c != nil && c.loop.b == b {
		c.Close(relay.ReasonDisconnected, CloseFrame(relay.ReasonDisconnected))
	}
}

// Subscribe implements relay.Client.
func (c *Client) Subscribe(p relay.Pattern, form relay.Form) error {
	return c.SubscribeAs(relay.Subscription{Name: p, Pattern: p}, form)
}

// SubscribeAs implements relay.Client.
func (c *Client) SubscribeAs(s relay.Subscription, form relay.Form) error {
	c.loop.mu.Lock()
	defer c.loop.mu.Unlock()
	if c.ended {
		return relay.ErrGone
	}
	return c.loop.shard.SubscribeAs(c.slot, s, form)
}

// Unsubscribe implements relay.Client.
func (c *Client) Unsubscribe(name relay.Pattern, form relay.Form) bool {
	c.loop.mu.Lock()
	defer c.loop.mu.Unlock()
	defer c.loop.kick()
	return !c.ended && c.loop.shard.Unsubscribe(c.slot, name, form)
}

// Patterns implements relay.Client.
func (c *Client) Patterns() []relay.Pattern {
	c.loop.mu.Lock()
	defer c.loop.mu.Unlock()
	if c.ended {
		return nil
	}
	return c.loop.shard.Patterns(c.slot)
}

// Send implements relay.Client.
func (c *Client) Send(frame []byte) error {
	c.loop.mu.Lock()
	defer c.loop.mu.Unlock()
	if c.ended {
		return relay.ErrGone
	}
	return c.loop.shard.Send(c.slot, frame)
}

// Close implements relay.Client.
func (c *Client) Close(reason relay.CloseReason, frame []byte) {
	c.loop.mu.Lock()
	defer c.loop.mu.Unlock()
	if c.ended {
		return
	}
	c.loop.shard.Close(c.slot, reason, frame)
	c.expire(closeGrace)
	c.loop.kick()
}

// Done implements relay.Client.
func (c *Client) Done() <-chan struct{} { return c.done }

// Reason returns why the client ended, or relay.ReasonNone while it has not.
func (c *Client) Reason() relay.CloseReason { return relay.CloseReason(c.reason.Load()) }

// The methods below need loop.mu.

// accept takes p to be written, if the client's goroutine is idle.
func (c *Client) accept(p []byte) (int, error) {
	if c.busy || c.ended {
		return 0, nil
	}
	c.out = append(c.out[:0], p...)
	c.busy = true
	c.signal()
	return len(p), nil
}

func (c *Client) signal() {
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

// end is what the shard's letting go does.
func (c *Client) end(reason relay.CloseReason) {
	c.ended = true
	c.reason.Store(uint32(reason))
	switch reason { // ends a blocked Write
	case relay.ReasonGone:
		c.expire(0)
	case relay.ReasonSlow: // the close frame may be what is being written
		c.expire(closeGrace)
	}
	c.signal()
}

// expire makes the socket's writes fail after d.
func (c *Client) expire(d time.Duration) { _ = c.conn.SetWriteDeadline(time.Now().Add(d)) }

// written returns a channel that is closed when the present write has ended.
func (c *Client) written() <-chan struct{} {
	if c.waiters == nil {
		c.waiters = make(chan struct{})
	}
	return c.waiters
}

// write is the client's goroutine: it writes what accept took, until the client has ended.
func (c *Client) write() {
	defer close(c.done)
	defer c.loop.ls.forget(c.conn)
	defer c.conn.Close()
	for {
		<-c.kick
		for c.take() {
			_, err := c.conn.Write(c.out)
			c.wrote(err)
		}
		if c.over() {
			return
		}
	}
}

// take begins a write, if there is one to do, and sets its deadline.
func (c *Client) take() bool {
	c.loop.mu.Lock()
	defer c.loop.mu.Unlock()
	if c.busy && !c.ended && !c.loop.shard.conn(c.slot).is(connClosing) {
		deadline := time.Time{}
		if d := c.loop.shard.patience(c.slot); d > 0 {
			deadline = time.Now().Add(d)
		}
		_ = c.conn.SetWriteDeadline(deadline)
	}
	return c.busy
}

// wrote ends a write and lets the shard serve what came in meanwhile.
func (c *Client) wrote(err error) {
	l := c.loop
	l.mu.Lock()
	defer l.mu.Unlock()
	c.busy = false
	if c.waiters != nil {
		close(c.waiters)
		c.waiters = nil
	}
	if c.ended {
		return
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		l.shard.Close(c.slot, relay.ReasonSlow, nil)
	case err != nil:
		l.shard.fail(c.slot, l.shard.conn(c.slot))
	default:
		l.shard.Writable(c.slot)
	}
	if l.shard.Pass(chunk) {
		l.kick()
	}
	if !c.busy && cap(c.out) > idleBuffer {
		c.out = nil
	}
}

// idleBuffer is the largest send buffer that a client at rest keeps.
const idleBuffer = 4 << 10

func (c *Client) over() bool {
	c.loop.mu.Lock()
	defer c.loop.mu.Unlock()
	return c.ended && !c.busy
}
