package server

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLoad: 5,000 clients each get 1,000 events, in order and with none missing, while 500 others join, stall and vanish.
func TestLoad(t *testing.T) {
	clients, events, churners := 5000, 1000, 500
	if testing.Short() {
		clients, events, churners = 500, 300, 50
	}
	eachDriver(t, func(t *testing.T, driver string) {
		// A client in this busy process may be slow to answer pings; that is not what is tested here.
		r := start(t, strings.Replace(base(driver), "driver:", "ping_interval: 10m, driver:", 1))
		l := load{t: t, server: r, addr: r.Addr().String(), topic: "load.a", patience: 1000}
		l.step.Store("joins")
		l.join(clients)
		l.churn(churners)
		l.publish(r, events)
		l.step.Store("the clients' reading")
		l.readers.Wait()
		l.stop.Store(true)
		l.churners.Wait()
		assert.EqualValues(t, clients*events, l.got.Load())
	})
}

// load is one run of clients against one server.
type load struct {
	t           *testing.T
	server      *running
	addr, topic string
	step        atomic.Value // what the test is at, for explain
	explained   sync.Once
	readers     sync.WaitGroup
	churners    sync.WaitGroup
	stop        atomic.Bool
	got         atomic.Int64
	patience    int // of churners, in milliseconds
}

// dial connects a plain client, without any library: 5,000 of them should be cheap.
func (l *load) dial() (net.Conn, *bufio.Reader, error) {
	conn, err := net.Dial("tcp", l.addr)
	if err != nil {
		return nil, nil, err
	}
	_, err = fmt.Fprintf(conn, "GET /ws?topic=%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", l.topic, l.addr)
	if err != nil {
		return conn, nil, err
	}
	r := bufio.NewReaderSize(conn, 1024)
	resp, err := http.ReadResponse(r, nil)
	if err == nil && resp.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("handshake: %s", resp.Status)
	}
	return conn, r, err
}

// join connects n clients, 64 at a time, and lets each read to the end.
func (l *load) join(n int) {
	slots := make(chan struct{}, 64)
	var joined sync.WaitGroup
	for range n {
		joined.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			conn, r, err := l.dial()
			if !assert.NoError(l.t, err) {
				return
			}
			l.readers.Go(func() { l.read(conn, r) })
		})
	}
	joined.Wait()
}

// read checks that the events come as 0, 1, 2 …, to the last.
func (l *load) read(conn net.Conn, r *bufio.Reader) {
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(3 * time.Minute))
	var head [2]byte
	payload := make([]byte, 125)
	for want := 0; ; {
		if _, err := io.ReadFull(r, head[:]); !assert.NoError(l.t, err, "at event %d", want) {
			l.explained.Do(l.explain)
			return
		}
		p := payload[:head[1]&0x7f]
		if _, err := io.ReadFull(r, p); !assert.NoError(l.t, err) {
			return
		}
		switch ws.OpCode(head[0] & 0x0f) {
		case ws.OpPing:
			if _, err := conn.Write([]byte{0x8a, 0x80, 0, 0, 0, 0}); !assert.NoError(l.t, err) {
				return
			}
		case ws.OpText:
			if bytes.Equal(p, []byte(`"end"`)) {
				return
			}
			n, err := strconv.Atoi(string(p))
			if !assert.NoError(l.t, err) || !assert.Equal(l.t, want, n, "next event") {
				return
			}
			want++
			l.got.Add(1)
		default:
			assert.Fail(l.t, "unexpected frame", "% x %q", head, p)
			return
		}
	}
}

// explain logs what is known when the first client fails: what the test waits for, the server's figures, all goroutines.
func (l *load) explain() {
	var stacks strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1)
	res, err := (&http.Client{Timeout: 10 * time.Second}).Get("http://" + l.server.AdminAddr().String() + "/metrics")
	if err != nil {
		l.t.Logf("during %v; no metrics: %v\n%s", l.step.Load(), err, &stacks)
		return
	}
	defer res.Body.Close()
	metrics, _ := io.ReadAll(res.Body)
	l.t.Logf("during %v\n%s\n%s", l.step.Load(), metrics, &stacks)
}

// churn keeps n clients that join, read a little or nothing, and vanish.
func (l *load) churn(n int) {
	for i := range n {
		l.churners.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 0))
			for !l.stop.Load() {
				conn, _, err := l.dial()
				if !assert.NoError(l.t, err) {
					return
				}
				_ = conn.SetReadDeadline(time.Now().Add(time.Duration(rng.IntN(l.patience)) * time.Millisecond))
				_, _ = io.CopyN(io.Discard, conn, int64(rng.IntN(3))*1000)
				if rng.IntN(2) == 0 {
					_ = conn.(*net.TCPConn).SetLinger(0) // vanish with a reset
				}
				conn.Close()
			}
		})
	}
}

// publish sends the events 0 … n-1 and then "end", ten a request.
func (l *load) publish(r *running, n int) {
	const batch = 10
	for i := 0; i < n; i += batch {
		l.step.Store(fmt.Sprintf("the publishing of event %d", i))
		var lines strings.Builder
		for k := i; k < min(i+batch, n); k++ {
			fmt.Fprintln(&lines, k)
		}
		res := r.publish(l.topic, lines.String(), "Content-Type", "application/x-ndjson")
		require.Equal(l.t, http.StatusOK, res.status)
	}
	l.step.Store("the publishing of the end")
	require.Equal(l.t, http.StatusOK, r.publish(l.topic, `"end"`).status)
}

// Each event reaches every client though no other event follows, while others come and go.
func TestLoad_eachEventAlone(t *testing.T) {
	clients, events, churners := 8*64-50, 400, 100 // about as many as a round number of chunks of a pass
	if testing.Short() || raceEnabled {
		events = 100
	}
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, strings.Replace(base(driver), "driver:", "loops: 1, ping_interval: 10m, driver:", 1))
		l := load{t: t, server: r, addr: r.Addr().String(), topic: "load.a", patience: 20}
		l.join(clients)
		l.churn(churners)
		defer l.churners.Wait()
		defer l.stop.Store(true)
		for i := range events {
			l.step.Store(fmt.Sprintf("event %d", i))
			require.Equal(t, http.StatusOK, r.publish(l.topic, strconv.Itoa(i)).status)
			want := int64(clients * (i + 1))
			if !assert.Eventually(t, func() bool { return l.got.Load() == want }, 20*time.Second, time.Millisecond) {
				t.Logf("%d clients lack event %d", want-l.got.Load(), i)
				l.explain()
				break
			}
		}
		require.Equal(t, http.StatusOK, r.publish(l.topic, `"end"`).status)
		l.readers.Wait()
	})
}
