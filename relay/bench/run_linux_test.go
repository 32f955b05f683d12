package bench

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"eventrelay/relay/config"
	"eventrelay/relay/server"
)

// startRelay starts a relay and returns its address.
func startRelay(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "relay.yaml")
	require.NoError(t, os.WriteFile(file, []byte("listen: 127.0.0.1:0\nadmin: {listen: 127.0.0.1:0}\n"+text), 0o600))
	c, err := config.Load(config.LoadOptions{Path: file})
	require.NoError(t, err)
	s, err := server.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s.Addr().String()
}

// bench runs o, without spinning and for a short time.
func bench(t *testing.T, o Options) (*Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	o.Sleep = true
	o.quiet = 300 * time.Millisecond
	if o.Duration == 0 {
		o.Duration = 150 * time.Millisecond
	}
	return Run(ctx, o)
}

// Every way to publish to a real relay: all events come to all, in order.
func TestRun_relay(t *testing.T) {
	addr := startRelay(t, "websocket: {compression: {enabled: true}}\n")
	url, post := "ws://"+addr+"/ws?topic=bench", "http://"+addr+"/publish"
	wrap := `{"topic":"{topic}","data":{payload}}`
	tests := []struct {
		name string
		o    Options
	}{
		{"one in flight", Options{Connections: 50}},
		{"saturated", Options{Connections: 50, Publishers: 4, InFlight: 64}},
		{"at a rate", Options{Connections: 20, Publishers: 3, Rate: 500, Warmup: 50 * time.Millisecond}},
		{"requests", Options{Connections: 20, Publishers: 2, PublishURL: post + "/{topic}", InFlight: 4}},
		{"requests at a rate", Options{Connections: 20, Publishers: 2, PublishURL: post + "?topic=bench", Rate: 300}},
		{"batches", Options{Connections: 20, Publishers: 2, PublishURL: post + "/{topic}", Batch: 10, InFlight: 40}},
		{"topics by the publisher", Options{Connections: 20, Topics: 4, Publishers: 8}},
		{"topics by the request", Options{Connections: 20, Topics: 7, Publishers: 2, PublishURL: post + "/{topic}"}},
		{"topics by the event", Options{Connections: 20, Topics: 20, PublishURL: post, PublishFrame: wrap, Batch: 7, InFlight: 14}},
		{"large events", Options{Connections: 3, Size: 60000, InFlight: 8}},
		{"smallest events", Options{Connections: 3, Size: MinSize, Binary: true}},
		{"deflated", Options{Connections: 20, Deflate: .5, Size: 1024, InFlight: 8}},
		{"envelopes", Options{Connections: 5, Subprotocol: "relay.v1.json", PublishURL: post + "/{topic}"}},
		{"commands", Options{
			URL: "ws://" + addr + "/ws?topic=other", Connections: 5, Topics: 5, Subprotocol: "relay.v1.json",
			Hello: []string{`{"id":1,"subscribe":{"topic":"{topic}"}}`}, PublishHello: []string{}, PublishFrame: `{"id":2,"publish":` + wrap + `}`,
		}},
		{"more topics than a publisher queues at once", Options{
			URL: "ws://" + addr + "/ws?topic=other", Connections: 100, Topics: 100, Size: 1024, Subprotocol: "relay.v1.json",
			Hello: []string{`{"id":1,"subscribe":{"topic":"{topic}"}}`}, PublishHello: []string{}, PublishFrame: `{"id":2,"publish":` + wrap + `}`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.o.URL == "" {
				tt.o.URL = url
			}
			res, err := bench(t, tt.o)
			require.NoError(t, err)
			assert.False(t, res.Faulty(), "%+v", res)
			assert.Equal(t, int(tt.o.Deflate*float64(tt.o.Connections)), res.Deflated)
			assert.Positive(t, res.Events)
			assert.Positive(t, res.Deliveries)
			require.NotNil(t, res.Latency)
			assert.Positive(t, res.Latency.Quantile(.5))
			assert.InDelta(t, .15, res.Duration, .1)
			assert.Equal(t, uint64(tt.o.Connections), res.Connect.Handshake.Count())
			assert.Equal(t, strings.HasPrefix(tt.o.PublishURL, "http"), res.Publish != nil)
			if tt.o.Rate > 0 {
				assert.InDelta(t, tt.o.Rate*.15, res.Events, tt.o.Rate*.08)
			}
		})
	}
}

func TestRun_idle(t *testing.T) {
	res, err := bench(t, Options{URL: "ws://" + startRelay(t, "") + "/ws", Connections: 200, Idle: true, PIDs: []int{os.Getpid()}})
	require.NoError(t, err)
	assert.Zero(t, res.Events)
	assert.Equal(t, uint64(200), res.Connect.Handshake.Count())
	assert.Positive(t, res.Connect.PerS)
	assert.Positive(t, res.Server.RSSBefore)
	assert.Positive(t, res.Server.RSSConnected)
	assert.NotNil(t, res.Kernel)
}

func TestRun_ingest(t *testing.T) {
	addr := startRelay(t, "")
	for name, o := range map[string]Options{
		"requests":           {PublishURL: "http://" + addr + "/publish", Publishers: 2},
		"batches":            {PublishURL: "http://" + addr + "/publish/{topic}", Batch: 100},
		"requests at a rate": {PublishURL: "http://" + addr + "/publish", Rate: 200},
	} {
		t.Run(name, func(t *testing.T) {
			o.URL, o.Ingest, o.PIDs = "ws://"+addr+"/ws", true, []int{os.Getpid()}
			res, err := bench(t, o)
			require.NoError(t, err)
			assert.Positive(t, res.Events)
			assert.Zero(t, res.Events%int64(max(o.Batch, 1)))
			assert.Zero(t, res.Deliveries)
			assert.Positive(t, res.Publish.Count())
			assert.Nil(t, res.Latency)
		})
	}
}

// Frames are sent as fast as a server reads, however much is owed at once.
func TestRun_ingestFrames(t *testing.T) {
	var got atomic.Int64
	f := startFake(t, func(*fake, int, []byte) { got.Add(1) })
	res, err := bench(t, Options{URL: f.url(), Ingest: true, Publishers: 3, Size: 4000})
	require.NoError(t, err)
	assert.Greater(t, res.Events, int64(500))
	assert.Positive(t, got.Load())

	res, err = bench(t, Options{URL: f.url(), Ingest: true, Size: 50_000, Rate: 5000})
	require.NoError(t, err)
	assert.Greater(t, res.Events, int64(100), "events that are due together don't fit into a publisher's queue")
}

// Laggards are cut off by the relay, and the others notice nothing.
func TestRun_laggards(t *testing.T) {
	addr := startRelay(t, "fanout: {max_lag: 64KiB}\n")
	res, err := bench(t, Options{
		URL: "ws://" + addr + "/ws", Connections: 40, Stuck: .1, Slow: .1, SlowRate: 1000, Size: 1024, InFlight: 16, Duration: 4 * time.Second, // the relay gives each a second to read why
	})
	require.NoError(t, err)
	assert.False(t, res.Faulty(), "%+v", res)
	assert.Equal(t, 4, res.Stuck.Connections)
	assert.Equal(t, 4, res.Slow.Connections)
	total := 0
	for _, n := range res.Stuck.Disconnected {
		total += n
	}
	assert.Equal(t, 4, total, "%v", res.Stuck.Disconnected)
}

// fake is a server that hands every message to deliver, which writes to the subscribers what it likes.
type fake struct {
	*httptest.Server
	mu      sync.Mutex
	conns   []net.Conn // guarded by mu
	deliver func(f *fake, n int, message []byte)
	n       int // messages so far, guarded by mu
	wg      sync.WaitGroup
}

func startFake(t *testing.T, deliver func(f *fake, n int, message []byte)) *fake {
	f := &fake{deliver: deliver}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(func() {
		f.mu.Lock()
		for _, c := range f.conns {
			c.Close()
		}
		f.mu.Unlock()
		f.wg.Wait()
		f.Close()
	})
	return f
}

func (f *fake) url() string { return strings.Replace(f.URL, "http", "ws", 1) + "/" }

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	conn, _, _, err := ws.UpgradeHTTP(r, w)
	if err != nil {
		return
	}
	f.mu.Lock()
	f.conns = append(f.conns, conn)
	f.mu.Unlock()
	f.wg.Go(func() {
		defer conn.Close()
		for {
			message, err := wsutil.ReadClientText(conn)
			if err != nil {
				return
			}
			f.mu.Lock()
			f.deliver(f, f.n, message)
			f.n++
			f.mu.Unlock()
		}
	})
}

func (f *fake) all(messages ...[]byte) {
	for _, c := range f.conns {
		for _, m := range messages {
			_ = wsutil.WriteServerText(c, m) // those who are gone get nothing
		}
	}
}

// A server that is not as good as its word is found out.
func TestRun_faultyServer(t *testing.T) {
	var held []byte
	tests := []struct {
		name    string
		deliver func(f *fake, n int, m []byte)
		fault   func(r *Result) int64
	}{
		{"loses every tenth", func(f *fake, n int, m []byte) {
			if n%10 != 9 {
				f.all(m)
			}
		}, func(r *Result) int64 { return r.Lost }},
		{"repeats every tenth", func(f *fake, n int, m []byte) {
			if f.all(m); n%10 == 9 {
				f.all(m)
			}
		}, func(r *Result) int64 { return r.Duplicated }},
		{"swaps every tenth with the next", func(f *fake, n int, m []byte) {
			if n%10 == 9 {
				held = m
				return
			}
			if f.all(m); n%10 == 0 && held != nil {
				f.all(held)
			}
		}, func(r *Result) int64 { return r.Reordered }},
		{"alters every tenth", func(f *fake, n int, m []byte) {
			if n%10 == 9 {
				m = append([]byte(nil), m...)
				m[len(payloadHead)+markerLen+8] = 'O'
				f.all(m)
				return
			}
			f.all(m)
		}, func(r *Result) int64 { return r.Corrupted }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := startFake(t, tt.deliver)
			res, err := bench(t, Options{URL: f.url(), Connections: 3, Rate: 400, Duration: 300 * time.Millisecond})
			require.NoError(t, err)
			assert.True(t, res.Faulty())
			want := float64(3 * res.Events / 10)
			assert.InDelta(t, want, tt.fault(res), 3, "%+v", res)
			if tt.name != "loses every tenth" && tt.name != "alters every tenth" {
				assert.LessOrEqual(t, res.Lost, int64(3), "what came late, or twice, is not lost")
			}
		})
	}
}

// In a closed loop, events that are lost are not waited for once a later one has come.
func TestRun_closedLoopOverLosses(t *testing.T) {
	f := startFake(t, func(f *fake, n int, m []byte) {
		if n%10 != 9 {
			f.all(m)
		}
	})
	res, err := bench(t, Options{URL: f.url(), Connections: 3, InFlight: 4, Duration: 300 * time.Millisecond})
	require.NoError(t, err)
	assert.Zero(t, res.Stalls)
	assert.Greater(t, res.Events, int64(100))
	assert.InDelta(t, float64(res.Events+1)/9, float64(res.Lost)/3, float64(res.Events)/30)
}

// A subscriber that is cut off is told of, and the run goes on; when all are gone, or a publisher is, it ends.
func TestRun_cutOff(t *testing.T) {
	f := startFake(t, func(f *fake, n int, m []byte) {
		f.all(m)
		if n == 20 {
			ws.WriteFrame(f.conns[0], ws.NewCloseFrame(ws.NewCloseFrameBody(4100, "slow")))
		}
	})
	res, err := bench(t, Options{URL: f.url(), Connections: 3})
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"the server closed the connection (4100): slow": 1}, res.Disconnected)
	assert.True(t, res.Faulty())
	assert.Zero(t, res.Stalls)

	f = startFake(t, func(f *fake, n int, m []byte) {
		f.all(m)
		if n == 20 {
			for _, c := range f.conns {
				c.Close()
			}
		}
	})
	_, err = bench(t, Options{URL: f.url(), Connections: 3})
	assert.ErrorContains(t, err, "without a close frame")
}

func TestRun_refusals(t *testing.T) {
	full := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no room", http.StatusServiceUnavailable)
	}))
	defer full.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := silent.Addr().String()
	silent.Close()
	mute := startFake(t, func(*fake, int, []byte) {})
	echo := startFake(t, func(f *fake, _ int, m []byte) { f.all(m) })

	tests := []struct {
		name string
		o    Options
		want string
	}{
		{"handshake", Options{URL: strings.Replace(full.URL, "http", "ws", 1), Connections: 3}, "of 3: the server refused the WebSocket handshake: 503 Service Unavailable: no room"},
		{"nobody there", Options{URL: "ws://" + closed + "/"}, "connection 1 of 1000: connect to " + closed + ": connection refused"},
		{"requests", Options{URL: echo.url(), PublishURL: full.URL + "/", Ingest: true, Duration: 50 * time.Millisecond}, ""},
		{"requests, not found", Options{URL: echo.url(), PublishURL: echo.URL + "/publish", Connections: 3}, "publisher 1 of 1: POST: 405 Method Not Allowed: handshake error"},
		{"nothing comes", Options{URL: mute.url(), Connections: 3}, "3 of 3 subscribers, such as the one of topic bench, got none of the 3 events"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, err := bench(t, tt.o)
			if tt.want == "" { // a busy server is asked again
				require.NoError(t, err)
				assert.Positive(t, res.Retries)
				assert.Zero(t, res.Events)
				return
			}
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

// A batch of which a part was refused, as the server is busy, is sent again from there: nothing is lost or twice.
func TestRun_partialBatch(t *testing.T) {
	var got atomic.Int64
	f := startFake(t, nil)
	post := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		lines := strings.Split(strings.TrimSpace(string(body)), "\n")
		take := len(lines)
		if got.Add(1)%3 == 0 {
			take = len(lines) / 2
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, l := range lines[:take] {
			f.all([]byte(l))
		}
		if take < len(lines) {
			io.WriteString(w, `{"results":[{"status":429}],"items":10,"failed":`+string(rune('0'+len(lines)-take))+"}\n")
		}
	}))
	defer post.Close()
	res, err := bench(t, Options{URL: f.url(), PublishURL: post.URL, Connections: 3, Batch: 10, InFlight: 10})
	require.NoError(t, err)
	assert.Positive(t, res.Retries)
	assert.False(t, res.Faulty(), "%+v", res)
}

func TestRun_options(t *testing.T) {
	tests := []struct {
		name string
		o    Options
		want string
	}{
		{"no URL", Options{}, "URL: "},
		{"TLS", Options{URL: "wss://h/"}, "no TLS"},
		{"too small", Options{URL: "ws://h/", Size: 10}, "--size 10"},
		{"too many topics", Options{URL: "ws://h/{topic}", Topics: 9, Connections: 3}, "--topics 9 are more"},
		{"topics nowhere", Options{URL: "ws://h/", Topics: 2}, "put topic=… or {topic} into the URL"},
		{"topics not published", Options{URL: "ws://h/{topic}", PublishURL: "http://h/", Topics: 2}, "{topic} into --publish"},
		{"too few publishers", Options{URL: "ws://h/{topic}", Topics: 2}, "--publishers must be a multiple of 2"},
		{"batches of frames", Options{URL: "ws://h/", Batch: 2}, "--batch is for"},
		{"no payload", Options{URL: "ws://h/", PublishFrame: "x"}, "--publish-frame"},
		{"nobody left", Options{URL: "ws://127.0.0.1/", Connections: 1, Stuck: .5}, "nobody is left"},
		{"no answer", Options{URL: "ws://h/", Answers: []string{"x"}}, "--answer"},
		{"both", Options{URL: "ws://h/", Idle: true, Ingest: true}, "exclude"},
		{"no such process", Options{URL: "ws://127.0.0.1/", PIDs: []int{1 << 30}}, "--pid 1073741824"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := bench(t, tt.o)
			var wrong *OptionsError
			require.ErrorAs(t, err, &wrong)
			assert.ErrorContains(t, err, tt.want)
		})
	}
	_, err := bench(t, Options{URL: "ws://127.0.0.1/", Connections: 1 << 20})
	assert.ErrorContains(t, err, "ulimit -n 1048609")
}

func TestRun_cancelled(t *testing.T) {
	addr := startRelay(t, "")
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	phases := map[string]bool{}
	_, err := Run(ctx, Options{
		URL: "ws://" + addr + "/ws", Connections: 5, Duration: time.Hour, Sleep: true,
		Progress: func(p Progress) {
			if phases[p.Phase] = true; p.Phase == "measure" {
				cancel(why)
			}
		},
	})
	assert.ErrorIs(t, err, why)
	assert.Contains(t, phases, "measure")
}

// Once it runs, the client allocates nothing per delivery.
func TestRun_allocations(t *testing.T) {
	addr := startRelay(t, "")
	r, err := prepare(t.Context(), Options{URL: "ws://" + addr + "/ws", Connections: 100, InFlight: 8, Duration: time.Second, Sleep: true})
	require.NoError(t, err)
	defer r.goodbye()
	require.NoError(t, r.connect(r.conns))
	require.NoError(t, r.prime())
	until := func(n int64) {
		for want := r.book.count.Deliveries + n; r.book.count.Deliveries < want; {
			require.NoError(t, r.step("measure", r.now+1e6))
		}
	}
	until(5000)
	allocs := testing.AllocsPerRun(1, func() { until(50_000) })
	assert.Less(t, allocs/50_000, 0.05, "the server allocates in this process too")
}

func TestProcesses(t *testing.T) {
	self := processes{os.Getpid()}
	assert.Positive(t, self.rss())
	assert.GreaterOrEqual(t, Cores(), 1)
	for _, pid := range []int{-1, 0, maxPID, 1 << 30} {
		_, err := processes{pid}.cpu()
		assert.ErrorContains(t, err, "no such process")
	}
}

// The clock of a process goes on by what its threads spend, in user and kernel mode, to a part of a microsecond.
func TestProcesses_cpu(t *testing.T) {
	self := processes{os.Getpid()}
	cpu := func() time.Duration {
		d, err := self.cpu()
		require.NoError(t, err)
		return d
	}
	var before, after unix.Timespec
	require.NoError(t, unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &before))
	read := cpu()
	require.NoError(t, unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &after))
	assert.Greater(t, read, time.Duration(before.Nano()))
	assert.Less(t, read, time.Duration(after.Nano()))
}
