package broadcaster_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/broadcaster"
	"eventrelay/relay"
)

// pair returns the two ends of a loopback TCP connection.
func pair(t testing.TB) (server, client net.Conn) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	client, err = net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	server, err = ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { client.Close(); server.Close() })
	return server, client
}

func open(t testing.TB, o broadcaster.Options) *broadcaster.Broadcaster {
	b := broadcaster.New(o)
	t.Cleanup(func() {
		require.NoError(t, b.Close())
		st := b.Stats()
		assert.Zero(t, st.Clients, "a closed broadcaster has no client")
		assert.Zero(t, st.Subscriptions, "… and no subscription")
		assert.Zero(t, st.Feeds, "… and no feed")
		assert.Zero(t, st.Bytes, "… and holds no event")
		assert.Zero(t, st.Memory, "… nor anything else")
	})
	return b
}

func readFrame(t testing.TB, r io.Reader) frame {
	f, err := nextFrame(r)
	require.NoError(t, err)
	return f
}

func nextFrame(r io.Reader) (frame, error) {
	h, err := ws.ReadHeader(r)
	if err != nil {
		return frame{}, err
	}
	payload := make([]byte, h.Length)
	_, err = io.ReadFull(r, payload)
	return frame{byte(h.OpCode), string(payload)}, err
}

func TestConnect_GetsWhatComesAfter(t *testing.T) {
	b := open(t, broadcaster.Options{})
	_, err := b.Broadcast("events", "before")
	require.NoError(t, err)
	server, client := pair(t)
	c, err := b.Connect(server)
	require.NoError(t, err)
	_, err = b.Broadcast("events", "after")
	require.NoError(t, err)
	assert.Equal(t, frame{1, `"after"`}, readFrame(t, client))

	again, err := b.Connect(server, "events")
	require.NoError(t, err)
	assert.Same(t, c, again, "clients are a set")
	assert.EqualValues(t, 1, b.Stats().Clients)

	b.Disconnect(c)
	b.Disconnect(c)
	b.Disconnect(nil)
	broadcaster.New(broadcaster.Options{}).Disconnect(c)
	assert.Equal(t, byte(8), readFrame(t, client).op)
	_, err = client.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	<-c.Done()
	assert.Equal(t, relay.ReasonDisconnected, c.Reason())
	_, err = b.Broadcast("events", "later")
	require.NoError(t, err)
	require.NoError(t, b.Flush(t.Context()))
	require.ErrorIs(t, c.Subscribe("x", relay.Plain), relay.ErrGone)
	require.ErrorIs(t, c.Send(nil), relay.ErrGone)
	assert.False(t, c.Unsubscribe("x", relay.Plain))
}

func TestConnect_Refuses(t *testing.T) {
	b := open(t, broadcaster.Options{})
	server, _ := pair(t)
	_, err := b.Connect(server, "a..b")
	require.ErrorIs(t, err, relay.ErrPattern)
	_, err = b.Connect(struct {
		net.Conn
		_ []int
	}{})
	require.ErrorIs(t, err, broadcaster.ErrConn)
	_, err = b.Connect(nil)
	require.ErrorIs(t, err, broadcaster.ErrConn)
	require.NoError(t, b.Close())
	_, err = b.Connect(server)
	require.ErrorIs(t, err, relay.ErrClosed)
}

func TestConnect_DeadClientIsReaped(t *testing.T) {
	b := open(t, broadcaster.Options{})
	server, client := pair(t)
	c, err := b.Connect(server)
	require.NoError(t, err)
	live, peer := pair(t)
	_, err = b.Connect(live)
	require.NoError(t, err)
	client.Close()
	for n := 0; ; n++ {
		_, err := b.Broadcast("t", n)
		require.NoError(t, err)
		assert.Equal(t, strconv.Itoa(n), readFrame(t, peer).payload)
		select {
		case <-c.Done():
			assert.Equal(t, relay.ReasonGone, c.Reason())
			assert.EqualValues(t, 1, b.Stats().Clients)
			return
		default:
		}
	}
}

// TestConnect_StuckClient: one client never reads. The others get everything, and it is cut off with its reason.
func TestConnect_StuckClient(t *testing.T) {
	b := open(t, broadcaster.Options{MaxLag: 256 * relay.KiB, MaxLagTime: time.Hour})
	server, client := net.Pipe() // has no buffer: a write blocks until it is read
	defer client.Close()
	stuck, err := b.Connect(server)
	require.NoError(t, err)
	live, peer := pair(t)
	_, err = b.Connect(live)
	require.NoError(t, err)
	r := bufio.NewReader(peer)
	payload := make([]byte, 32<<10)
	for range 64 {
		_, err := b.Broadcast("t", payload)
		require.NoError(t, err)
		require.Len(t, readFrame(t, r).payload, len(payload))
	}
	<-stuck.Done()
	assert.Equal(t, relay.ReasonSlow, stuck.Reason())
}

// Who does not read does not hold up the end.
func TestClose_StuckClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := broadcaster.New(broadcaster.Options{MaxLagTime: time.Hour})
		server, client := net.Pipe()
		defer client.Close()
		c, err := b.Connect(server)
		require.NoError(t, err)
		_, err = b.Broadcast("t", "x")
		require.NoError(t, err)
		synctest.Wait()
		begun := time.Now()
		require.NoError(t, b.Close())
		assert.LessOrEqual(t, time.Since(begun), 2*time.Second)
		assert.Equal(t, relay.ReasonShutdown, c.Reason())
	})
}

func TestConnect_WriteDeadline(t *testing.T) {
	b := open(t, broadcaster.Options{MaxLagTime: 50 * time.Millisecond})
	server, client := net.Pipe() // has no buffer: a write blocks until it is read
	defer client.Close()
	c, err := b.Connect(server)
	require.NoError(t, err)
	_, err = b.Broadcast("t", 1)
	require.NoError(t, err)
	require.NoError(t, b.Flush(t.Context()), "it is given up for")
	<-c.Done()
	assert.Equal(t, relay.ReasonSlow, c.Reason())
}

func TestClose_AtOnce(t *testing.T) {
	for range 20 {
		b := broadcaster.New(broadcaster.Options{})
		for range 4 {
			server, client := pair(t)
			_, err := b.Connect(server)
			require.NoError(t, err)
			require.NoError(t, client.Close())
		}
		var closing sync.WaitGroup
		for range 8 {
			closing.Go(func() { assert.NoError(t, b.Close()) })
		}
		closing.Wait()
		require.Zero(t, b.Stats().Clients)
	}
}

func TestFlush_WaitsForWrites(t *testing.T) {
	b := open(t, broadcaster.Options{})
	server, client := net.Pipe()
	_, err := b.Connect(server)
	require.NoError(t, err)
	_, err = b.Broadcast("t", "x")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, b.Flush(ctx), context.Canceled)
	done := make(chan error, 1)
	go func() { done <- b.Flush(t.Context()) }()
	assert.Equal(t, frame{1, `"x"`}, readFrame(t, client))
	require.NoError(t, <-done)
	client.Close()
}

// TestHammer: publishers broadcast to all topics while clients join, leave, stall and die. Clients that stay get every
// event of their topics exactly once and in order.
func TestHammer(t *testing.T) {
	const publishers, events, stayers, churners = 4, 400, 12, 6
	b := open(t, broadcaster.Options{MaxLag: relay.GiB, MaxLagTime: time.Minute})
	var clients, wg sync.WaitGroup
	for i := range stayers {
		server, client := pair(t)
		topic := relay.Pattern([]string{">", "p.*", "p.1"}[i%3])
		_, err := b.Connect(server, topic)
		require.NoError(t, err)
		clients.Go(func() { stay(t, client, topic, publishers, events) })
	}
	var stop atomic.Bool
	for i := range churners {
		wg.Go(func() { churn(t, b, &stop, uint64(i)) })
	}
	var pubs sync.WaitGroup
	for p := range publishers {
		pubs.Go(func() {
			for n := range events {
				_, err := b.Broadcast(relay.Topic(fmt.Sprintf("p.%d", p)), n)
				assert.NoError(t, err)
			}
		})
	}
	pubs.Wait()
	clients.Wait()
	stop.Store(true)
	wg.Wait()
	require.NoError(t, b.Flush(t.Context()))
}

// stay reads all events of its topics. Those of one publisher come in order, so each sequence is checked by counting.
func stay(t *testing.T, conn net.Conn, topic relay.Pattern, publishers, events int) {
	want := publishers * events
	if topic == "p.1" {
		want = events
	}
	seen := make([]int, events) // how many publishers' event n came
	r := bufio.NewReader(conn)
	for range want {
		f, err := nextFrame(r)
		if !assert.NoError(t, err) {
			return
		}
		n, err := strconv.Atoi(f.payload)
		assert.NoError(t, err)
		if n > 0 {
			assert.Less(t, seen[n], seen[n-1], "order of %d", n)
		}
		seen[n]++
	}
}

// churn joins, reads a little or nothing, and leaves in one way or another.
func churn(t *testing.T, b *broadcaster.Broadcaster, stop *atomic.Bool, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 7))
	for !stop.Load() {
		server, client := net.Pipe()
		c, err := b.Connect(server, "p.>")
		if !assert.NoError(t, err) {
			return
		}
		_ = client.SetReadDeadline(time.Now().Add(time.Duration(rng.IntN(3)) * time.Millisecond))
		_, _ = io.Copy(io.Discard, client)
		_ = c.Subscribe("p.2", relay.Envelope)
		c.Unsubscribe("p.>", relay.Plain)
		if rng.IntN(2) == 0 {
			client.Close()
		}
		b.Disconnect(c)
		client.Close()
		<-c.Done()
	}
}

func BenchmarkFanout(b *testing.B) {
	for _, clients := range []int{1, 1000, 10_000} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			bc, d := broadcaster.New(broadcaster.Options{}), newSim()
			s := bc.NewShard(discard{d})
			for i := range relay.Slot(clients) {
				s.Open(i)
				_ = s.Subscribe(i, "t", relay.Plain)
			}
			ev := event("t", string(make([]byte, 128)))
			b.ReportAllocs()
			for b.Loop() {
				bc.Append(ev)
				passAll(s)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(clients), "ns/delivery")
		})
	}
}

// discard takes everything at no cost, so that what is measured is the broadcaster alone.
type discard struct{ relay.Driver }

func (discard) Send(_ relay.Slot, p []byte) (int, error) { return len(p), nil }
