package transport

import (
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lazyListener makes lazyConns of what it accepts.
type lazyListener struct{ net.Listener }

func (l lazyListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return newLazyConn(c.(*net.TCPConn))
}

// net/http reads in the background while a handler runs, and calls that read back by a deadline in the past, after every
// request: none may hang, and no deadline of an earlier request may end a later one.
func TestLazyConn_noRequestHangs(t *testing.T) {
	requests := 5000
	if testing.Short() {
		requests = 500
	}
	was := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(was)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	const brief = 30 * time.Millisecond // passes in the middle of later requests
	server := &http.Server{
		ReadHeaderTimeout: time.Minute,
		WriteTimeout:      time.Minute,
		IdleTimeout:       time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			control := http.NewResponseController(w)
			_ = control.SetReadDeadline(time.Now().Add(brief))
			body, err := io.ReadAll(r.Body)
			_ = control.SetReadDeadline(time.Time{})
			if err != nil {
				w.WriteHeader(http.StatusRequestTimeout)
			}
			_, _ = w.Write(body)
		}),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(lazyListener{l}) }()

	client := &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
	var clients sync.WaitGroup
	for k := range 8 {
		clients.Go(func() {
			body := strings.Repeat("x", 1+k*3000)
			for i := range requests {
				res, err := client.Post("http://"+l.Addr().String(), "text/plain", strings.NewReader(body))
				if !assert.NoError(t, err, "request %d", i) {
					return
				}
				got, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if !assert.NoError(t, err) || res.StatusCode != http.StatusRequestTimeout && !assert.Len(t, got, len(body)) {
					return
				}
				if k == 0 && i%100 == 0 {
					runtime.GOMAXPROCS(1 + i/100%4)
				}
			}
		})
	}
	clients.Wait()
	client.CloseIdleConnections()
	require.NoError(t, server.Close())
	require.ErrorIs(t, <-served, http.ErrServerClosed)
}
