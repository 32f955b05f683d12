package ingest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// countingListener counts what a server reads from its connections.
type countingListener struct {
	net.Listener
	read atomic.Int64
}

type countingConn struct {
	net.Conn
	read *atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return countingConn{c, &l.read}, err
}

func (c countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// serve starts a real server for h.
func serve(t *testing.T, h http.Handler) *countingListener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	counting := &countingListener{Listener: l}
	s := &http.Server{Handler: h}
	done := make(chan error, 1)
	go func() { done <- s.Serve(counting) }()
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.ErrorIs(t, <-done, http.ErrServerClosed)
	})
	return counting
}

// raw is a client that sends what it is told to.
type raw struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

func dial(t *testing.T, l net.Listener) *raw {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	return &raw{c, t, bufio.NewReader(c)}
}

func (c *raw) send(text string) {
	c.t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(c.t, err)
}

// answer reads an answer, and reports whether the server ends the connection after it.
func (c *raw) answer() (status int, closed bool) {
	c.t.Helper()
	res, err := http.ReadResponse(c.r, nil)
	require.NoError(c.t, err)
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(c.t, err)
	require.NoError(c.t, res.Body.Close())
	return res.StatusCode, res.Close
}

const head = "POST /publish HTTP/1.1\r\nHost: h\r\n"

func TestHandler_bodiesOverSockets(t *testing.T) {
	tests := []struct {
		name, request string
		end           bool // the client closes its side
		status        int
		closed        bool
	}{
		{"whole", head + "Content-Length: 3\r\n\r\n[1]", false, 200, false},
		{"chunked", head + "Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n2;ext=1\r\n1]\r\n0\r\n\r\n", false, 200, false},
		{"exactly the limit", head + "Content-Length: 1024\r\n\r\n" + strings.Repeat(" ", 1023) + "1", false, 200, false},
		{"one more", head + "Content-Length: 1025\r\n\r\n" + strings.Repeat(" ", 1024) + "1", false, 413, true},
		{"promises 10^18", head + "Content-Length: 1000000000000000000\r\n\r\nx", false, 413, true},
		{"overflowing length", head + "Content-Length: 99999999999999999999\r\n\r\nx", false, 400, true},
		{"two lengths", head + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n[1]", false, 400, true},
		{"cut by the client", head + "Content-Length: 10\r\n\r\n[1,2]", true, 400, true},
		{"cut chunk", head + "Transfer-Encoding: chunked\r\n\r\na\r\n[1,2]", true, 400, true},
		{"bad chunk size", head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", false, 400, true},
		{"huge chunk", head + "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n" + strings.Repeat("[", 1025), false, 413, true},
		{"longer than its length", head + "Content-Length: 3\r\n\r\n[1]garbage\r\n\r\n", false, 200, false},
		{"slow", head + "Content-Length: 10\r\n\r\n[1", false, 408, true},
		{"slow chunks", head + "Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n", false, 408, true},
		{"refused, small body to come", "GET /publish HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n[1]", false, 405, false},
		{"refused, body that does not come", "GET /publish HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n", false, 405, true},
		{"refused, endless body", "PUT /publish HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n", false, 405, true},
		{"refused, body not asked for", "PUT /publish HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", false, 405, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(Options{MaxBody: 1024, BodyTimeout: 300 * time.Millisecond}, fakeGate{}, nil)
			l := serve(t, r)
			c := dial(t, l)
			c.send(tt.request)
			if tt.end {
				require.NoError(t, c.Conn.(*net.TCPConn).CloseWrite())
			}
			status, closed := c.answer()
			assert.Equal(t, tt.status, status)
			assert.Equal(t, tt.closed, closed)
			assert.Equal(t, tt.status == 200, r.fake.calls == 1)
		})
	}
}

// The time for the body is for all of it: a byte now and then does not extend it.
func TestHandler_tricklingBody(t *testing.T) {
	r := newRig(Options{BodyTimeout: 400 * time.Millisecond}, fakeGate{}, nil)
	c := dial(t, serve(t, r))
	c.send(head + "Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n")
	begun := time.Now()
	stop := make(chan struct{})
	trickled := make(chan int)
	go func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-stop:
				trickled <- n
				return
			case <-tick.C:
				_, _ = io.WriteString(c, "1\r\n \r\n")
			}
		}
	}()
	status, _ := c.answer()
	close(stop)
	assert.Equal(t, 408, status)
	assert.Positive(t, <-trickled)
	assert.Less(t, time.Since(begun), 5*time.Second)
}

// A refused body is not read on, whatever the client sends.
func TestHandler_readsNoMoreThanTheLimit(t *testing.T) {
	const limit = 64 << 10
	for name, framing := range map[string]string{
		"chunked":   "Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n",
		"by length": "Content-Length: 2147483647\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(Options{MaxBody: limit}, fakeGate{}, nil)
			l := serve(t, r)
			c := dial(t, l)
			c.send(head + framing)
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				for range 64 { // until the server closes
					if _, err := c.Write(make([]byte, 64<<10)); err != nil {
						return
					}
				}
			}()
			status, closed := c.answer()
			assert.Equal(t, 413, status)
			assert.True(t, closed)
			<-sent
			assert.LessOrEqual(t, l.read.Load(), int64(limit+4096+len(head)+len(framing)))
			assert.Zero(t, r.fake.calls)
		})
	}
}

// Memory is taken for bytes that came, not for those a client promises.
func TestHandler_promisesCostNothing(t *testing.T) {
	r := open(t)
	l := serve(t, r)
	c := dial(t, l)
	c.send(head + fmt.Sprintf("Content-Length: %d\r\n\r\n[", 1<<20))
	var x exchange
	x.r = &http.Request{ContentLength: 1 << 20}
	assert.Equal(t, 4096, x.room())
	x.body = make([]byte, 700<<10)
	assert.Equal(t, 324<<10, x.room(), "and never more than promised")
}

// A kept connection serves the next request though the body's deadline has passed meanwhile.
func TestHandler_keepsTheConnection(t *testing.T) {
	release := make(chan struct{})
	r := newRig(Options{BodyTimeout: 50 * time.Millisecond}, fakeGate{}, nil)
	slow := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.ServeHTTP(w, req)
		<-release
	})
	c := dial(t, serve(t, slow))
	c.send(head + "Content-Length: 1\r\n\r\n1")
	time.AfterFunc(150*time.Millisecond, func() { close(release) })
	status, closed := c.answer()
	assert.Equal(t, 200, status)
	assert.False(t, closed)
	c.send(head + "Content-Length: 1\r\n\r\n2")
	status, _ = c.answer()
	assert.Equal(t, 200, status)
	assert.Len(t, r.fake.events(), 2)
}
