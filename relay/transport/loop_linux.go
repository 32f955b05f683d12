package transport

import (
	"errors"
	"iter"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"eventrelay/relay"
	"eventrelay/relay/slab"
)

const (
	passChunk   = 64       // sends between two looks at the sockets
	acceptBatch = 64       // accepts between two looks at the other sockets
	eventBatch  = 512      // events per epoll_wait
	readWindow  = 64 << 10 // bytes per read

	// pressedWindow is the window while some connection is paused: what a client may have read but not yet taken is
	// kept for it, and many may be paused at once. It is also that of clients who compress: 70 bytes may inflate to the
	// largest message, and what one read brings must not keep all others waiting. And that of a handshake, when filters
	// may decide about it: what it brings along is kept meanwhile.
	pressedWindow = 4 << 10

	// busyTime is how long a loop may work without a wait before it says so: HTTP requests wait as long for its core.
	busyTime = time.Millisecond

	listenerID = -2
)

// socketState is where a connection of a loop stands.
type socketState uint8

const (
	socketFree      socketState = iota
	socketOpening               // its head is being read; the shard does not know it
	socketDeciding              // its head is read, and the filters decide; the shard does not know it
	socketOpen                  // the session is open
	socketClosing               // the shard completes what was begun; input is discarded
	socketLingering             // closed by the shard: our half is closed, the client's not yet
)

// socket is what a loop looks at for every connection, often: 16 bytes without a pointer, so that a sweep over 20,000
// is a walk over 320 KB, and idle connections cost the garbage collector nothing.
type socket struct {
	due   time.Duration // when expire must be called
	fd    int32
	state socketState
	full  bool // the last send was short: EPOLLOUT means something
	hup   bool // the client closed its half, or all: read to the end
	eof   bool // the end was read
}

// loop is one epoll loop: a listener, its connections, and its shard. All of it belongs to the goroutine of run, but
// for the mailbox, by which others reach it.
type loop struct {
	// Set at construction.
	*core
	srv   *Server
	poll  *poller
	shard relay.Shard
	mail  mailbox
	done  chan struct{} // closed when run has returned

	// Owned by run.
	listener  int  // -1 when closed
	deaf      bool // accepting failed; the next sweep tries again
	sockets   slab.Slab[socket]
	states    slab.Slab[state] // beside sockets: looked at only when something happens
	again     []relay.Slot     // have more to read, though no event will say so
	paused    int              // connections that wait for room before the filters
	buf       []byte
	newest    newcomer
	admitting upgrade // the handshake at hand
	events    []unix.EpollEvent
	more      bool // the last pass left something to do
	stopped   bool
	nextSweep time.Duration
	nextTick  time.Duration
	busy      time.Duration // when it began to work without a wait, or last said so; 0: not since the last wait
	owes      bool          // it worked for busyTime: those who publish are let run before the next pass
	leaving   *departure[relay.Slot]
}

var _ relay.Driver = (*loop)(nil)

// openLoop starts a loop that owns listener.
func openLoop(s *Server, listener int) (*loop, error) {
	poll, err := openPoller()
	if err != nil {
		return nil, err
	}
	if err := poll.add(listener, listenerID, unix.EPOLLIN); err != nil {
		poll.close()
		return nil, err
	}
	l := &loop{
		core:     s.newCore("epoll", 1),
		srv:      s,
		poll:     poll,
		done:     make(chan struct{}),
		listener: listener,
		buf:      make([]byte, readWindow),
		events:   make([]unix.EpollEvent, eventBatch),
	}
	l.mail.wake = poll.wake
	l.shard = s.deps.NewShard(l)
	go l.run()
	return l, nil
}

// run is the loop. Each round looks at the sockets, does what was posted, and passes once over the shard in a chunk, so
// that a pass over all clients keeps neither readers nor new connections waiting.
func (l *loop) run() {
	defer close(l.done)
	for !l.stopped {
		for _, ev := range l.wait() {
			l.dispatch(ev)
		}
		l.readAgain()
		l.mail.run()
		if now := l.now(); now >= l.nextSweep {
			l.sweep(now)
		}
		if l.owes && !l.more {
			l.owes = false
			yield()
		}
		l.more = l.shard.Pass(passChunk)
	}
	l.tearDown()
}

// wait returns the ready events. It blocks only when there is nothing to do, until the next sweep.
func (l *loop) wait() []unix.EpollEvent {
	if !l.idle() {
		l.tellBusy()
		return l.events[:l.poll.wait(l.events, 0)]
	}
	n := l.poll.wait(l.events, max(l.nextSweep-l.now(), time.Millisecond))
	l.busy = 0
	l.shard.Awake()
	l.mail.awake()
	return l.events[:n]
}

// tellBusy says so when the loop has not waited for busyTime.
func (l *loop) tellBusy() {
	switch now := l.now(); {
	case l.busy == 0:
		l.busy = now
	case now-l.busy >= busyTime:
		l.busy, l.owes = now, true
		if l.srv.deps.Busy != nil {
			l.srv.deps.Busy()
		}
	}
}

// idle reports whether the loop may block; then whoever has work for it wakes it.
func (l *loop) idle() bool {
	if l.more || len(l.again) > 0 || !l.shard.Sleep() {
		return false
	}
	if !l.mail.sleep() {
		l.shard.Awake()
		return false
	}
	return true
}

func (l *loop) dispatch(ev unix.EpollEvent) {
	switch ev.Fd {
	case wakeID:
	case listenerID:
		l.accept()
	default:
		slot := relay.Slot(ev.Fd)
		sock := l.socket(slot)
		if sock.state == socketFree {
			return
		}
		if ev.Events&unix.EPOLLOUT != 0 && sock.full {
			sock.full = false
			if sock.state == socketOpen || sock.state == socketClosing {
				l.shard.Writable(slot)
			}
		}
		if ev.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
			sock.hup = true
		}
		if ev.Events&^unix.EPOLLOUT != 0 {
			l.conn(slot).read()
		}
	}
}

// readAgain reads those that filled the buffer, or whose end is to be read.
func (l *loop) readAgain() {
	again := l.again
	l.again = nil
	for _, slot := range again {
		if l.socket(slot).state != socketFree {
			l.conn(slot).read()
		}
	}
	if l.again == nil {
		l.again = again[:0]
	}
}

// accept takes in what has come, up to a batch, and reports whether there may be more: the listener is level-triggered
// and reports again.
func (l *loop) accept() (more bool) {
	for range acceptBatch {
		if l.listener < 0 {
			return false
		}
		fd, remote, err := accept(l.listener)
		switch {
		case err == nil:
			l.add(fd, remote)
		case errors.Is(err, unix.EAGAIN):
			return false
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNABORTED):
		default:
			// Mostly EMFILE: the connection stays in the queue, and its event would come again at once, for ever.
			l.srv.acceptFailed(l.stats, err)
			l.deaf = true
			l.poll.modify(l.listener, listenerID, 0)
			return false
		}
	}
	return true
}

func (l *loop) socket(slot relay.Slot) *socket { return l.sockets.At(uint32(slot)) }

// slots yields every slot, in use or not.
func (l *loop) slots() iter.Seq[relay.Slot] {
	return func(yield func(relay.Slot) bool) {
		for i := 0; i < l.sockets.Len() && yield(relay.Slot(i)); i++ {
		}
	}
}

// standing yields the slots in use.
func (l *loop) standing() iter.Seq[relay.Slot] {
	return func(yield func(relay.Slot) bool) {
		for slot := range l.slots() {
			if l.socket(slot).state != socketFree && !yield(slot) {
				return
			}
		}
	}
}

// sweep looks at all deadlines: no connection has a timer of its own.
func (l *loop) sweep(now time.Duration) {
	l.nextSweep = now + l.options.sweepEvery()
	for slot := range l.slots() {
		if s := l.socket(slot); s.due <= now && s.state != socketFree {
			l.conn(slot).expire(now)
		}
	}
	if l.deaf && l.listener >= 0 {
		l.deaf = false
		l.poll.modify(l.listener, listenerID, unix.EPOLLIN)
	}
	if now >= l.nextTick {
		l.nextTick = now + time.Second
		l.shard.Tick()
	}
}

// Send implements relay.Driver.
func (l *loop) Send(slot relay.Slot, p []byte) (int, error) {
	s := l.socket(slot)
	n, err := send(int(s.fd), p)
	if n < len(p) {
		s.full = true
	}
	return n, err
}

// Wake implements relay.Driver.
func (l *loop) Wake() { l.poll.wake() }

// Closed implements relay.Driver.
func (l *loop) Closed(slot relay.Slot, reason relay.CloseReason) { l.conn(slot).closed(reason) }

// do has the loop call f and waits for it. It does nothing once the loop has ended.
func (l *loop) do(f func()) {
	ran := make(chan struct{})
	if l.mail.post(func() { f(); close(ran) }) {
		<-ran
	}
}

func (l *loop) stopAccepting() { l.do(l.closeListener) }

// closeListener takes in what the kernel has accepted for us, since closing resets it; no more than it can hold, however many
// come after.
func (l *loop) closeListener() {
	if l.listener < 0 {
		return
	}
	for n := 0; n <= backlog && l.accept(); n += acceptBatch {
	}
	l.poll.remove(l.listener)
	closeFD(l.listener, false)
	l.listener = -1
}

func (l *loop) retire(share float64) (left int) {
	l.do(func() {
		if l.leaving == nil {
			l.leaving = newDeparture(slices.Collect(l.standing())) // no slot goes to a newcomer: none are accepted
		}
		for _, slot := range l.leaving.next(share) {
			l.conn(slot).leave()
		}
		left = l.sockets.InUse()
	})
	return left
}

func (l *loop) close() {
	l.mail.post(func() { l.stopped = true })
	<-l.done
}

// tearDown ends every connection at once.
func (l *loop) tearDown() {
	l.closeListener()
	for slot := range l.standing() {
		l.conn(slot).abort()
	}
	for l.shard.Pass(passChunk) {
	}
	for slot := range l.standing() {
		l.drop(slot, true)
	}
	l.mail.close()
	l.shard.Free()
	l.poll.close()
}
