package bench

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// window is how many handshakes are under way at once: enough to keep a server busy, and fewer than listen queues hold.
	window = 64
	// answerTime is how long a server may answer nothing at all.
	answerTime = 10 * time.Second
	// laggardBuffer is the receive buffer of those who read slowly: a large one would hide it for long.
	laggardBuffer = 8 << 10
	// sources is how many loopback addresses connections come from.
	sources = 8
)

// door is where connections of one kind go.
type door struct {
	target
	addr netip.AddrPort
	from []netip.Addr
}

func openDoor(ctx context.Context, t target) (door, error) {
	addr, err := t.resolve(ctx)
	if err != nil {
		return door{}, err
	}
	d := door{target: t, addr: addr}
	if addr.Addr().Is4() && addr.Addr().IsLoopback() {
		// One address has 28,000 ports, and those of the last run may still be in TIME_WAIT.
		first := os.Getpid() * sources % 240
		for i := range sources {
			d.from = append(d.from, netip.AddrFrom4([4]byte{127, 0, 0, byte(2 + first + i)}))
		}
	}
	return d, nil
}

// connect opens the given connections, a window at a time.
func (r *runner) connect(conns []conn) error {
	begun, heard := 0, r.clock()
	r.opened = 0
	for last := 0; r.opened < len(conns); {
		for begun < len(conns) && begun-r.opened < window {
			if err := r.begin(&conns[begun]); err != nil {
				return fmt.Errorf("%s: %w", r.name(&conns[begun]), err)
			}
			begun++
		}
		if err := r.step("connect", r.now+int64(answerTime)); err != nil {
			return err
		}
		if r.opened > last {
			last, heard = r.opened, r.now
		}
		if r.now-heard > int64(answerTime) {
			return fmt.Errorf("%d of %d are connected, and for %s the server has answered none of the others", r.opened, len(conns), answerTime)
		}
	}
	return nil
}

// begin starts to connect.
func (r *runner) begin(c *conn) error {
	d := r.door(c)
	from := netip.Addr{}
	if len(d.from) > 0 {
		from = d.from[c.id%len(d.from)]
	}
	buffer := 0
	if c.role != reader {
		buffer = laggardBuffer
	}
	fd, err := dial(d.addr, from, buffer)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", d.host, err)
	}
	c.fd, c.state, c.begun = fd, connecting, r.clock()
	r.held++
	return r.poller.add(fd, c.id, wantConnected)
}

func (r *runner) door(c *conn) *door {
	if c.pub != nil {
		return &r.publishDoor
	}
	return &r.subscribeDoor
}

// connected asks for the WebSocket.
func (r *runner) connected(c *conn) {
	d := r.door(c)
	if err := socketError(c.fd); err != nil {
		r.lost(c, fmt.Errorf("connect to %s: %w", d.host, err))
		return
	}
	r.poller.modify(c.fd, c.id, wantInput)
	if c.pub != nil && c.pub.posts {
		c.state = open
		r.opened++
		return
	}
	c.state = shaking
	header := r.o.SubscribeHeader
	if c.pub != nil {
		header = r.o.PublishHeader
	}
	uri := d.uri(r.plan.topics[c.topic], len(r.plan.topics) > 1)
	c.out = append(c.out, r.hands.request(d.host, uri, header, c.pub == nil && r.plan.deflate[c.id])...)
	r.flush(c) // a fresh socket takes it all
}

// shake reads the answer to the handshake.
func (r *runner) shake(c *conn) {
	n, err := recv(c.fd, r.buf)
	if n < 0 {
		return
	}
	if err != nil {
		r.lost(c, err)
		return
	}
	c.in = append(c.in, r.buf[:n]...)
	used, deflate, err := r.hands.answer(c.in, c.pub == nil && r.plan.deflate[c.id], n == 0)
	switch {
	case err != nil:
		r.lost(c, err)
		return
	case used == 0 && n == 0:
		r.lost(c, io.ErrUnexpectedEOF)
		return
	case used == 0:
		return
	}
	if c.pub == nil {
		r.handshakes.record(r.clock() - c.begun)
	}
	c.deflate = deflate
	c.in = c.in[:copy(c.in, c.in[used:])]
	r.opened++
	r.employ(c)
}

// employ puts a connection to work.
func (r *runner) employ(c *conn) {
	c.state = open
	if c.deflate {
		r.deflated++
	}
	if c.role != reader {
		r.poller.modify(c.fd, c.id, wantEnd)
	}
	if c.role == slow {
		r.slow = append(r.slow, c)
	}
	hello := r.o.Hello
	if c.pub != nil {
		hello = r.o.PublishHello
	}
	for _, text := range hello {
		c.out = appendFrame(c.out, opText, r.scan.mask, []byte(replaceTopic(text, r.plan.topics[c.topic])))
	}
	if !r.flush(c) || len(c.in) == 0 || c.role != reader {
		return
	}
	r.scan.now = r.clock()
	used, err := r.scan.scan(&c.stream, c.in) // frames that came with the answer
	c.in = c.in[:copy(c.in, c.in[used:])]
	if err != nil {
		r.lost(c, err)
	}
}

// goodbye closes all connections and waits a moment for the server to do so too.
func (r *runner) goodbye() {
	r.leaving = true
	for i := range r.conns {
		c := &r.conns[i]
		if c.state != open || c.role != reader || c.pub != nil && c.pub.posts || len(c.out) > 0 {
			r.hangUp(c, nil)
			continue
		}
		c.out = appendClose(c.out, r.scan.mask, 1000)
		r.flush(c)
	}
	for end := r.clock() + int64(2*time.Second); r.held > 0 && r.clock() < end; {
		n := r.poller.wait(r.ready, 10*time.Millisecond)
		for _, ev := range r.ready[:n] {
			r.handle(&r.conns[ev.Fd], ev.Events)
		}
	}
	for i := range r.conns {
		r.hangUp(&r.conns[i], nil)
	}
	_ = unix.Close(r.poller.fd)
}
