package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay/transport/wsclient"
)

// TestServer_Shutdown: everything that was accepted reaches every client, in order, then 1001.
func TestServer_Shutdown(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, base(driver)+dropping(t, "debug"))
		const clients, publishers = 20, 4
		conns := make([]*wsclient.Conn, clients)
		for i := range conns {
			conns[i] = r.subscribe("topic=a.>")
		}
		got := make([]map[string]int, clients) // topic → events seen
		var readers, writers sync.WaitGroup
		for i, c := range conns {
			got[i] = map[string]int{}
			readers.Go(func() { readToTheEnd(t, c, got[i]) })
		}
		accepted := make([]int, publishers)
		enough := make(chan struct{}, publishers)
		for p := range publishers {
			writers.Go(func() {
				client := &http.Client{Transport: &http.Transport{}}
				defer client.CloseIdleConnections()
				for n := 0; ; n++ {
					if !post(client, r.Addr().String(), p, n) {
						return
					}
					if accepted[p]++; accepted[p] == 50 {
						enough <- struct{}{}
					}
				}
			})
		}
		for range publishers {
			<-enough
		}
		require.NoError(t, r.Shutdown(t.Context()))
		writers.Wait()
		readers.Wait()
		for i := range got {
			for p := range publishers {
				// An event whose answer was cut off may have been delivered all the same; none that was accepted is missing.
				assert.GreaterOrEqual(t, got[i][fmt.Sprint(p)], accepted[p], "client %d, publisher %d", i, p)
			}
		}
		require.ErrorIs(t, r.Ready(), ErrDraining)
	})
}

// post publishes {"p":p,"n":n} and reports whether it was accepted.
func post(client *http.Client, addr string, p, n int) bool {
	res, err := client.Post(fmt.Sprintf("http://%s/publish/a.%d", addr, p), "application/json", strings.NewReader(fmt.Sprintf(`{"p":%d,"n":%d}`, p, n)))
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// readToTheEnd counts the events of each publisher, which must come in order, until the close frame, which must be 1001.
func readToTheEnd(t *testing.T, c *wsclient.Conn, seen map[string]int) {
	for {
		_, msg, err := c.ReadMessage(context.Background())
		if err != nil {
			closed, ok := errors.AsType[*wsclient.CloseError](err)
			if assert.True(t, ok, "%v", err) {
				assert.Equal(t, 1001, closed.Code)
			}
			return
		}
		var p, n int
		if _, err := fmt.Sscanf(string(msg), `{"p":%d,"n":%d}`, &p, &n); !assert.NoError(t, err) {
			return
		}
		if !assert.Equal(t, seen[fmt.Sprint(p)], n, "order of publisher %d", p) {
			return
		}
		seen[fmt.Sprint(p)]++
	}
}

func TestServer_Run(t *testing.T) {
	r := start(t, base("auto"))
	c := r.subscribe("topic=a")
	require.NoError(t, r.Ready())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	cancel()
	require.NoError(t, <-done)
	_, _, err := c.ReadMessage(t.Context())
	closed, ok := errors.AsType[*wsclient.CloseError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, 1001, closed.Code)
	assert.Contains(t, r.logs.String(), "stopped")
}

// TestServer_ShutdownIsBounded: a client that does not answer the close frame does not keep the relay up.
func TestServer_ShutdownIsBounded(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, "listen: 127.0.0.1:0\nadmin: {listen: \"off\"}\nwebsocket: {driver: "+driver+"}\nshutdown: {drain: 500ms}")
		r.subscribe("topic=a") // never reads
		begin := time.Now()
		require.NoError(t, r.Shutdown(t.Context()))
		assert.Less(t, time.Since(begin), 5*time.Second)
	})
}

func TestServer_ShutdownEndsWithItsContext(t *testing.T) {
	r := start(t, base("auto"))
	r.subscribe("topic=a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, r.Shutdown(ctx), context.Canceled)
	require.NoError(t, r.Shutdown(t.Context()), "again")
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc here")
	}
	return len(entries)
}
