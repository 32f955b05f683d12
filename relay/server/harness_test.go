package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"eventrelay/relay/config"
	"eventrelay/relay/transport/wsclient"
)

// drivers are those that this system has; what a relay does must not depend on which.
var drivers = func() []string {
	if runtime.GOOS == "linux" {
		return []string{"epoll", "portable"}
	}
	return []string{"portable"}
}()

// eachDriver runs a test over every driver.
func eachDriver(t *testing.T, test func(t *testing.T, driver string)) {
	for _, d := range drivers {
		t.Run(d, func(t *testing.T) { test(t, d) })
	}
}

// logs collects a server's log.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// running is a server under test.
type running struct {
	*Server
	t    *testing.T
	logs *logs
	file string
	http *http.Client
}

// base is a configuration on free ports.
func base(driver string) string {
	return "listen: 127.0.0.1:0\nadmin: {listen: 127.0.0.1:0}\nwebsocket: {driver: " + driver + "}\nshutdown: {drain: 10s}\n"
}

// configure writes text as a relay.yaml of its own and loads it.
func configure(t *testing.T, text string) *config.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "relay.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	c, err := config.Load(config.LoadOptions{Path: file})
	require.NoError(t, err)
	return c
}

// start opens a server with the given relay.yaml and closes it after the test.
func start(t *testing.T, text string, opts ...Option) *running {
	t.Helper()
	c := configure(t, text)
	r := &running{t: t, logs: &logs{}, file: c.File(), http: &http.Client{Transport: &http.Transport{}}}
	s, err := Open(t.Context(), c, slog.New(slog.NewTextHandler(r.logs, nil)), opts...)
	require.NoError(t, err)
	r.Server = s
	t.Cleanup(func() {
		r.http.CloseIdleConnections()
		require.NoError(t, s.Close())
	})
	return r
}

// result is the publish API's answer.
type result struct {
	status  int
	ID      string `json:"id"`
	Verdict string `json:"verdict"`
	Filter  string `json:"filter"`
	Reason  string `json:"reason"`
	Detail  string `json:"detail"`
}

func (r *running) publish(topic, body string, headers ...string) result {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, "http://"+r.Addr().String()+"/publish/"+topic, strings.NewReader(body))
	require.NoError(r.t, err)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := r.http.Do(req)
	require.NoError(r.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(r.t, err)
	out := result{status: res.StatusCode}
	require.NoError(r.t, json.Unmarshal(text, &out), "%s", text)
	return out
}

func (r *running) get(url string) (status int, body string) {
	r.t.Helper()
	res, err := r.http.Get(url)
	require.NoError(r.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(r.t, err)
	return res.StatusCode, string(text)
}

func (r *running) subscribe(query string) *wsclient.Conn {
	r.t.Helper()
	c, err := wsclient.Dial(r.t.Context(), "ws://"+r.Addr().String()+"/ws?"+query, wsclient.Options{})
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

func read(t *testing.T, c *wsclient.Conn) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, p, err := c.ReadMessage(ctx)
	require.NoError(t, err)
	return string(p)
}

// inGo are the sample filters that have to be built, each once.
var inGo = map[string]func() ([]byte, error){
	"redactgo": sync.OnceValues(func() ([]byte, error) { return build("redactgo") }), // which relay.yaml has
	"tenants":  sync.OnceValues(func() ([]byte, error) { return build("tenants") }),
}

// sample returns the path of a sample filter.
func sample(t *testing.T, name string) string {
	t.Helper()
	built, ok := inGo[name]
	if !ok {
		dir, err := filepath.Abs(filepath.Join("..", "..", "testdata", "plugins", name))
		require.NoError(t, err)
		return filepath.Join(dir, name+".wasm")
	}
	wasm, err := built()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), name+".wasm")
	require.NoError(t, os.WriteFile(file, wasm, 0o600))
	return file
}

// build compiles a sample filter in Go.
func build(name string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "filter.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-o", file, "eventrelay/testdata/plugins/"+name)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w: %s", err, out)
	}
	return os.ReadFile(file)
}
