package admin

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"eventrelay/relay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var silent = slog.New(slog.DiscardHandler)

// start opens a Server for the test.
func start(t *testing.T, d Deps) *Server {
	t.Helper()
	if d.Log == nil {
		d.Log = silent
	}
	s, err := Open(Options{Listen: "127.0.0.1:0"}, d)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close(context.Background())) })
	return s
}

type answer struct {
	status int
	body   string
	header http.Header
}

// ask sends one request; headers come as "Name: value".
func ask(t *testing.T, s *Server, method, path string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Addr().String()+path, nil)
	require.NoError(t, err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return answer{res.StatusCode, string(body), res.Header}
}

func TestServer_routes(t *testing.T) {
	s := start(t, Deps{})
	tests := []struct {
		method, path string
		status       int
		contains     string
	}{
		{"GET", "/healthz", 200, "ok"},
		{"HEAD", "/healthz", 200, ""},
		{"POST", "/healthz", 405, "use GET, HEAD"},
		{"GET", "/readyz", 200, "ready"},
		{"GET", "/metrics", 200, "go_goroutines"},
		{"GET", "/metrics", 200, "process_cpu_seconds_total"},
		{"GET", "/metrics", 200, "go_build_info"},
		{"DELETE", "/metrics", 405, ""},
		{"GET", "/", 200, "<title>relay</title>"},
		{"GET", "/page.js", 200, "use strict"},
		{"GET", "/page.css", 200, "color-scheme"},
		{"GET", "/stats.json", 200, `"ready":true`},
		{"GET", "/debug/pprof/", 200, "goroutine"},
		{"GET", "/debug/pprof/heap?debug=1", 200, "heap profile"},
		{"GET", "/debug/pprof/goroutine?debug=1", 200, "goroutine profile"},
		{"GET", "/debug/pprof/symbol", 200, "num_symbols"},
		{"GET", "/debug/pprof/trace?seconds=0.01", 200, ""},
		{"POST", "/debug/pprof/heap", 405, ""},
		{"GET", "/debug/pprof/nosuch", 404, ""},
		{"GET", "/debug/pprof/cmdline", 404, ""},
		{"GET", "/nowhere", 404, ""},
		{"GET", "//healthz", 404, ""},
		{"GET", "/debug/../healthz", 404, ""},
		{"GET", "/%2e%2e/healthz", 404, ""},
		{"GET", "/assets/", 404, ""},
		{"POST", "/reload", 404, ""},
		{"GET", "/control/x", 404, ""},
	}
	for _, tt := range tests {
		got := ask(t, s, tt.method, tt.path)
		assert.Equal(t, tt.status, got.status, "%s %s", tt.method, tt.path)
		assert.Contains(t, got.body, tt.contains, "%s %s", tt.method, tt.path)
		assert.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"))
		if tt.status == 405 {
			assert.Equal(t, "GET, HEAD", got.header.Get("Allow"))
		}
	}
}

func TestServer_ready(t *testing.T) {
	var draining atomic.Bool
	s := start(t, Deps{Ready: func() error {
		if draining.Load() {
			return errors.New("the relay is draining")
		}
		return nil
	}})
	assert.Equal(t, 200, ask(t, s, "GET", "/readyz").status)
	draining.Store(true)
	got := ask(t, s, "GET", "/readyz")
	assert.Equal(t, 503, got.status)
	assert.Equal(t, "not ready: the relay is draining\n", got.body)
	assert.Equal(t, 200, ask(t, s, "GET", "/healthz").status, "draining is no reason to be restarted")
	assert.Contains(t, ask(t, s, "GET", "/stats.json").body, `"ready":false,"reason":"the relay is draining"`)
}

func TestServer_reload(t *testing.T) {
	var fault error
	calls := 0
	s := start(t, Deps{Reload: func() error { calls++; return fault }})
	got := ask(t, s, "POST", "/reload")
	assert.Equal(t, 200, got.status)
	fault = errors.New("relay.yaml:3: no such filter")
	got = ask(t, s, "POST", "/reload")
	assert.Equal(t, 422, got.status)
	assert.Contains(t, got.body, "stays: relay.yaml:3: no such filter")
	assert.Equal(t, 2, calls)

	assert.Equal(t, 405, ask(t, s, "GET", "/reload").status)
	for _, header := range []string{"Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"} {
		assert.Equal(t, 403, ask(t, s, "POST", "/reload", header).status, header)
	}
	assert.Equal(t, 2, calls)
}

func TestServer_control(t *testing.T) {
	s := start(t, Deps{Control: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path)
	})})
	assert.Equal(t, "DELETE /control/x/y", ask(t, s, "DELETE", "/control/x/y").body)
	assert.Equal(t, 404, ask(t, s, "GET", "/control").status)
	assert.Equal(t, 403, ask(t, s, "POST", "/control/x", "Host: evil.example").status)
	assert.Equal(t, 403, ask(t, s, "POST", "/control/x", "Sec-Fetch-Site: cross-site").status)
}

func TestServer_refusesForeignHosts(t *testing.T) {
	s := start(t, Deps{})
	for _, path := range []string{"/", "/metrics", "/debug/pprof/heap", "/stats.json", "/healthz"} {
		assert.Equal(t, 403, ask(t, s, "GET", path, "Host: evil.example").status, path)
	}
	assert.Equal(t, 200, ask(t, s, "GET", "/metrics", "Host: localhost:9090").status)
}

func TestHosts(t *testing.T) {
	tests := []struct {
		listen, host string
		want         bool
	}{
		{"127.0.0.1:9090", "127.0.0.1:9090", true},
		{"127.0.0.1:9090", "localhost.:9090", true},
		{"127.0.0.1:9090", "evil.example.:9090", false},
		{"127.0.0.1:9090", "localhost", true},
		{"127.0.0.1:9090", "LOCALHOST:1", true},
		{"127.0.0.1:9090", "relay.localhost", true},
		{"127.0.0.1:9090", "[::1]:9090", true},
		{"127.0.0.1:9090", "::1", true},
		{"127.0.0.1:9090", "", true},
		{"127.0.0.1:9090", ":9090", false},
		{"127.0.0.1:9090", "evil.example:9090", false},
		{"127.0.0.1:9090", "localhost.evil.example", false},
		{"127.0.0.1:9090", "127.0.0.1.evil.example", false},
		{"127.0.0.1:9090", "evillocalhost", false},
		{"localhost:9090", "relay", false},
		{"[::1]:9090", "relay", false},
		{"0.0.0.0:9090", "10.1.2.3:9090", true},
		{":9090", "relay:9090", true},
		{":9090", "relay.example:9090", false},
		{"relay.example:9090", "Relay.Example", true},
		{"relay.example:9090", "other.example", false},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, newHosts(tt.listen).allow(tt.host), "%s on %s", tt.host, tt.listen)
	}
}

func TestOpen_portTaken(t *testing.T) {
	s := start(t, Deps{})
	_, err := Open(Options{Listen: s.Addr().String()}, Deps{Log: silent})
	require.Error(t, err)
	assert.Contains(t, err.Error(), s.Addr().String())
	assert.Contains(t, err.Error(), "set admin.listen to another one or to off")
}

func TestOpen_off(t *testing.T) {
	s, err := Open(Options{Listen: "off"}, Deps{})
	require.NoError(t, err)
	assert.Nil(t, s)
	assert.Nil(t, s.Addr())
	require.NoError(t, s.Close(context.Background()))
}

func TestOpen_badAddress(t *testing.T) {
	_, err := Open(Options{Listen: "9090"}, Deps{Log: silent})
	assert.ErrorContains(t, err, "write host and port")
}

// Close ends a profile that would take a minute, and may be called twice.
func TestServer_Close(t *testing.T) {
	asked := make(chan struct{})
	s, err := Open(Options{Listen: "127.0.0.1:0"}, Deps{Log: silent, Control: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	})})
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() { ask(t, s, "GET", "/control/wait") })
	<-asked
	begun := time.Now()
	require.NoError(t, s.Close(context.Background()))
	require.NoError(t, s.Close(context.Background()))
	assert.Less(t, time.Since(begun), 900*time.Millisecond)
	wg.Wait()
	_, err = net.Dial("tcp", s.Addr().String())
	assert.Error(t, err)
}

// A request that does not end is cut.
func TestServer_Close_cuts(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	s, err := Open(Options{Listen: "127.0.0.1:0"}, Deps{Log: silent, Control: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-release
	})})
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(must(http.NewRequest("GET", "http://"+s.Addr().String()+"/control/x", nil)))
		if err == nil {
			_ = res.Body.Close()
		}
		assert.Error(t, err)
	})
	<-asked
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.NoError(t, s.Close(ctx))
	wg.Wait()
	close(release)
}

func must(r *http.Request, err error) *http.Request {
	if err != nil {
		panic(err)
	}
	return r
}

func TestServer_page(t *testing.T) {
	s := start(t, Deps{Meters: []relay.Meter{meter{{Name: "relay_connections", Kind: relay.Gauge, Value: 3}}}})
	got := ask(t, s, "GET", "/")
	assert.Contains(t, got.header.Get("Content-Security-Policy"), "default-src 'none'")
	for _, foreign := range []string{"http://", "https://", "//cdn", "<script>", " style=", " onclick"} {
		assert.NotContains(t, got.body, foreign)
	}
	script := ask(t, s, "GET", "/page.js")
	assert.Equal(t, "text/javascript; charset=utf-8", script.header.Get("Content-Type"))
	assert.NotContains(t, script.body, "innerHTML")
}
