package transport_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"eventrelay/relay"
	"eventrelay/relay/transport"
)

// When the filters are busy, a connection is not read, and nothing it sent is lost or reordered.
func TestBackPressure(t *testing.T) {
	const n = 5000
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver, func(o *transport.Options, _ *transport.Deps) {
			o.PingInterval, o.PongTimeout = 100*time.Millisecond, 400*time.Millisecond // suspended while paused
		})
		r.pub.setBusy(true)
		p := r.connect("?topic=a.b")
		sent := make(chan error, 1)
		var writing sync.Mutex
		write := func(f ws.Frame) error {
			writing.Lock()
			defer writing.Unlock()
			return ws.WriteFrame(p.Conn, ws.MaskFrame(f))
		}
		go func() {
			for i := range n {
				if err := write(ws.NewTextFrame(fmt.Appendf(nil, "%d %s", i, strings.Repeat("x", 100)))); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		r.eventually("held", func() bool { return r.metric("relay_receive_pauses_total") > 0 })
		bystander := r.connect("?topic=other")
		bystander.frame(ws.NewPingFrame(nil))
		require.Equal(t, ws.OpPong, bystander.next().Header.OpCode)
		_ = bystander.Close()
		time.Sleep(700 * time.Millisecond) // real sockets: longer than it may be silent, were it not paused
		assert.EqualValues(t, 1, r.metric("relay_received_messages_total"), "nothing more is read")
		r.pub.setBusy(false)
		stop := make(chan struct{})
		var flapping sync.WaitGroup
		flapping.Go(func() { // busy again and again
			for {
				select {
				case <-stop:
					r.pub.setBusy(false)
					return
				default:
					r.pub.setBusy(true)
					runtime.Gosched()
					r.pub.setBusy(false)
				}
			}
		})
		for i := 0; i < n; {
			f := p.next()
			if f.Header.OpCode == ws.OpPing {
				require.NoError(t, write(ws.NewPongFrame(nil)))
				continue
			}
			require.True(t, strings.HasPrefix(string(f.Payload), fmt.Sprintf("%d ", i)), "%d: %.20q", i, f.Payload)
			i++
		}
		close(stop)
		flapping.Wait()
		require.NoError(t, <-sent)
		require.Len(t, r.pub.taken(), n)
	})
}

// A client that goes while its event is held leaves nothing behind.
func TestBackPressure_goneMeanwhile(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		r.pub.setBusy(true)
		p := r.connect("")
		p.text("held")
		r.eventually("held", func() bool { return r.metric("relay_receive_pauses_total") == 1 })
		_ = p.Close()
		r.pub.setBusy(false)
		r.eventually("gone", func() bool { return r.metric("relay_connections") == 0 })
		assert.Len(t, r.pub.taken(), 1, "what came before the end counts")
	})
}

func TestDrain(t *testing.T) {
	const n = 40
	drivers(t, func(t *testing.T, driver string) {
		// Short, as the kernel would keep who says nothing otherwise.
		r := serve(t, driver, func(o *transport.Options, _ *transport.Deps) { o.HandshakeTimeout = 2 * time.Second })
		var clients []*peer
		for range n {
			clients = append(clients, r.connect(""))
		}
		opening := r.dial()
		times := make([]time.Duration, n)
		begun := time.Now()
		var done sync.WaitGroup
		for i, p := range clients {
			done.Go(func() {
				p.wantClose(1001)
				times[i] = time.Since(begun)
				_ = p.Close()
			})
		}
		require.NoError(t, r.Drain(t.Context(), 400*time.Millisecond))
		assert.GreaterOrEqual(t, time.Since(begun), 300*time.Millisecond)
		done.Wait()
		early := 0
		for _, at := range times {
			if at < 200*time.Millisecond {
				early++
			}
		}
		assert.InDelta(t, n/2, early, n/4, "half of them in half of the time")
		opening.wantEnd()
		_, err := net.DialTimeout("tcp", r.addr, time.Second)
		require.Error(t, err, "nobody listens")
		assert.EqualValues(t, n, r.metric("relay_disconnects_total", "shutdown"))
	})
}

// A connection that was admitted just before the drain, and opens after the others were counted, is told to go too.
func TestDrain_lateOpening(t *testing.T) {
	r := serve(t, "portable")
	adopt, first := r.Admit(), r.connect("")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	drained := make(chan error, 1)
	go func() { drained <- r.Drain(ctx, 0) }()
	first.wantClose(1001)
	mine, theirs := net.Pipe()
	defer mine.Close()
	adopt(theirs)
	late := &peer{mine, t, bufio.NewReader(mine)}
	require.NoError(t, mine.SetReadDeadline(time.Now().Add(patience)))
	require.Equal(t, http.StatusSwitchingProtocols, late.response().StatusCode)
	late.wantClose(1001)
	require.NoError(t, first.Close())
	require.NoError(t, <-drained)
}

func TestDrain_contextEnds(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		p := r.connect("")
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, r.Drain(ctx, time.Hour), context.DeadlineExceeded)
		require.NoError(t, r.Drain(t.Context(), 0), "and again, at once")
		p.wantClose(1001)
	})
}

// After StopAccepting, requests in flight are answered and open WebSockets go on.
func TestStopAccepting(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		entered := make(chan struct{})
		r := serve(t, driver, func(_ *transport.Options, d *transport.Deps) {
			d.HTTP = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				close(entered)
				hello(w, req)
			})
		})
		socket := r.connect("")
		request := r.dial()
		request.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo")
		<-entered
		queued := r.dial() // accepted by the kernel at least
		r.StopAccepting()
		r.StopAccepting()
		socket.text("on")
		socket.wantText("on")
		request.send("dy")
		res := request.response()
		assert.Equal(t, 200, res.StatusCode)
		_, _ = queued.Write([]byte(handshake("")))
		if res, err := http.ReadResponse(queued.r, nil); err == nil { // else it was not yet the kernel's to give
			assert.Equal(t, 503, res.StatusCode)
		}
	})
}

// Nothing is left after Close, whatever the connections were doing.
func TestClose_leavesNothing(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		before, fds := goleak.IgnoreCurrent(), openFiles(t)
		t.Run("serve", func(t *testing.T) {
			r := serve(t, driver)
			for range 5 {
				r.connect("")
				r.connect("?topic=a.>", envelopes)
				r.dial()
				r.dial().send("GET /ws HTTP/1.1\r\n")
				r.dial().send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo")
				r.dial().send("GET /idle HTTP/1.1\r\nHost: a\r\n\r\n")
				half := r.connect("")
				half.send("\x81\xfe\x01")
				closed := r.connect("")
				closed.frame(ws.NewCloseFrame(nil)) // lingers
			}
			r.pub.setBusy(true)
			held := r.connect("")
			held.text("x")
			r.eventually("held", func() bool { return r.metric("relay_receive_pauses_total") == 1 })
		})
		goleak.VerifyNone(t, before)
		require.Equal(t, fds, openFiles(t))
	})
}

// A client that leaves no room for the handshake's answer is cut in time, and meanwhile keeps nobody waiting who looks
// at all connections.
func TestUpgrade_unreadAnswer(t *testing.T) {
	adopt := func(t *testing.T, timeout time.Duration) *rig {
		r := serve(t, "portable", func(o *transport.Options, _ *transport.Deps) { o.HandshakeTimeout = timeout })
		mute, end := net.Pipe() // a write waits for a read
		t.Cleanup(func() { _ = mute.Close() })
		r.Adopt(end)
		r.eventually("open", func() bool { return r.metric("relay_connections_total") == 1 })
		return r
	}
	t.Run("cut", func(t *testing.T) {
		r := adopt(t, 50*time.Millisecond)
		r.eventually("cut", func() bool { return r.metric("relay_disconnects_total", "gone") == 1 })
	})
	t.Run("drained", func(t *testing.T) {
		r := adopt(t, time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		require.NoError(t, r.Drain(ctx, 0))
	})
}

func openFiles(t *testing.T) int {
	if runtime.GOOS != "linux" {
		return 0
	}
	names, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(names)
}

// Replies and wake-ups that come after the end find nobody, and harm nobody.
func TestClose_lateCallbacks(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		late := &latePublisher{done: make(chan func(relay.Result), 1)}
		r := serve(t, driver, func(_ *transport.Options, d *transport.Deps) { d.Publisher = late })
		p := r.connect("", envelopes)
		p.text(`{"id":1,"publish":{"topic":"a","data":1}}`)
		done := <-late.done
		require.NoError(t, r.Close())
		done(relay.Result{})
	})
}

type latePublisher struct {
	publisher
	done chan func(relay.Result)
}

func (l *latePublisher) Submit(_ *relay.Event, done func(relay.Result), _ func()) error {
	l.done <- done
	return nil
}

// A client that does not read is cut with its own reason, and nobody waits for it. One that reads on is told.
func TestSlowConsumer(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		stuck, late, reader := r.connect(""), r.connect(""), r.connect("")
		for _, p := range []*peer{stuck, late} { // else the kernel reads for them, for megabytes
			require.NoError(t, p.Conn.(*net.TCPConn).SetReadBuffer(64<<10))
		}
		payload := make([]byte, 32<<10)
		for sent := 0; r.fan.Stats().Subscriptions > 1; sent++ { // until both are found to be slow
			require.Less(t, sent, 2000, "not found")
			_, err := r.fan.Broadcast("events", payload)
			require.NoError(t, err)
			require.Len(t, reader.next().Payload, len(payload))
		}
		for f := late.next(); ; f = late.next() {
			if f.Header.OpCode == ws.OpClose {
				code, _ := closeData(f.Payload)
				assert.EqualValues(t, 4100, code)
				break
			}
		}
		r.eventually("both cut", func() bool { return r.metric("relay_disconnects_total", "slow") == 2 })
		r.eventually("one left", func() bool { return r.metric("relay_connections") == 1 })
	})
}

// Order is kept, and nothing is lost, for many clients on all loops while others come and go.
func TestFanOut(t *testing.T) {
	const clients, events = 60, 300
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		var all sync.WaitGroup
		for range clients {
			p := r.connect("?topic=n.>")
			all.Go(func() {
				for i := range events {
					h, err := ws.ReadHeader(p.r)
					if !assert.NoError(t, err) {
						return
					}
					payload := make([]byte, h.Length)
					if _, err := io.ReadFull(p.r, payload); !assert.NoError(t, err) || !assert.Equal(t, fmt.Sprint(i), string(payload)) {
						return
					}
				}
			})
		}
		for i := range events {
			_, err := r.fan.Broadcast("n.x", i)
			require.NoError(t, err)
			if i%10 == 0 {
				_ = r.connect("?topic=n.>").Close()
			}
		}
		all.Wait()
	})
}

// What is published after a client has seen 101 reaches it.
func TestSubscribedBeforeTheAnswer(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver)
		stop := make(chan struct{})
		var noise sync.WaitGroup
		noise.Go(func() { // events at the very moment of the handshake must not overtake the answer
			for {
				select {
				case <-stop:
					return
				default:
					_, _ = r.fan.Broadcast("n", "noise")
					time.Sleep(50 * time.Microsecond) // a pace, not a wait
				}
			}
		})
		for i := range 100 {
			p := r.connect("?topic=n")
			want := fmt.Sprintf("%q", fmt.Sprint("mine ", i))
			_, err := r.fan.Broadcast("n", fmt.Sprint("mine ", i))
			require.NoError(t, err)
			for string(p.next().Payload) != want {
			}
			_ = p.Close()
		}
		close(stop)
		noise.Wait()
	})
}

// What a connection asked for is its own, though the next handshake is read into the same bytes.
func TestHandshake_keepsNothing(t *testing.T) {
	drivers(t, func(t *testing.T, driver string) {
		r := serve(t, driver, func(o *transport.Options, _ *transport.Deps) { o.Loops = 1 })
		first := r.connect("?topic=aaaa.>&publish=aaaa.x")
		only := r.connect("?topic=aaaa.o")
		second := r.connect("?topic=bbbb.>&publish=bbbb.x")
		r.connect("?topic=cccc.>&publish=cccc.x")
		first.text("from first")
		first.wantText("from first")
		second.text("from second")
		second.wantText("from second")
		only.text("from only")
		only.wantText("from only")
		first.wantText("from only")
	})
}
