//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// built holds what the tests with real processes run: the binary and the sample filter, built once.
var built = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "relay-test-"); err != nil {
		return "", err
	}
	builtDir = dir
	for _, args := range [][]string{
		{"CGO_ENABLED=0", "-o", filepath.Join(dir, "relay"), "."},
		{"GOOS=wasip1 GOARCH=wasm", "-buildmode=c-shared", "-o", filepath.Join(dir, "redact.wasm"), "../../testdata/plugins/redactgo"},
	} {
		cmd := exec.Command("go", append([]string{"build"}, args[1:]...)...)
		cmd.Env = append(os.Environ(), strings.Fields(args[0])...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return dir, fmt.Errorf("%s: %w\n%s", cmd, err, out)
		}
	}
	return dir, nil
})

func buildDir(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs the binary; not with -short")
	}
	dir, err := built()
	require.NoError(t, err)
	return dir
}

// command returns the binary with these arguments, in an environment without settings of relay.
func command(t *testing.T, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, filepath.Join(buildDir(t), "relay"), args...)
	cmd.Env = cleanEnv()
	return cmd
}

func cleanEnv() (env []string) {
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "RELAY_") {
			env = append(env, e)
		}
	}
	return env
}

// execute runs the binary to its end.
func execute(t *testing.T, args ...string) outcome {
	t.Helper()
	cmd := command(t, args...)
	var out, errs buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		require.NoError(t, err)
	}
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// process is a running `relay serve`.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	base string // http://127.0.0.1:PORT
	log  *logWatch
	done chan error
}

// serveYAML is a configuration on free ports, with the sample filter.
func serveYAML(t *testing.T, more string) string {
	return file(t, "relay.yaml", fmt.Sprintf(`
listen: 127.0.0.1:0
admin: {listen: "off"}
filters:
  - name: redact
    path: %s
    topics: ["orders.>"]
    config: {fields: [card]}
%s`, filepath.Join(buildDir(t), "redact.wasm"), more))
}

// start runs `relay serve` and waits until it is ready.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: command(t, append([]string{"serve"}, args...)...), done: make(chan error, 1)}
	stderr, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	p.log = watchLog(stderr)
	go func() { <-p.log.ended; p.done <- p.cmd.Wait() }()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.log.ended
		if t.Failed() {
			t.Logf("log of relay serve:\n%s", p.log)
		}
	})
	p.base = p.log.wait(t, `(http://127\.0\.0\.1:\d+)/publish`)
	return p
}

func (p *process) signal(s os.Signal) { require.NoError(p.t, p.cmd.Process.Signal(s)) }

// exit waits for the end and returns the exit code.
func (p *process) exit() int {
	p.t.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(30 * time.Second):
		p.t.Fatalf("relay serve does not end; its log:\n%s", p.log)
		return -1
	}
}

// logWatch collects what a process writes, and finds lines in it.
type logWatch struct {
	mu    sync.Mutex
	lines []string
	more  chan struct{} // closed and replaced at each line
	ended chan struct{} // closed at the end of the stream
}

func watchLog(r io.Reader) *logWatch {
	w := &logWatch{more: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		for s := bufio.NewScanner(r); s.Scan(); {
			w.mu.Lock()
			w.lines = append(w.lines, s.Text())
			close(w.more)
			w.more = make(chan struct{})
			w.mu.Unlock()
		}
	}()
	return w
}

func (w *logWatch) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.lines, "\n")
}

// wait returns the first group of the first match, waiting for it.
func (w *logWatch) wait(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	timeout := time.After(30 * time.Second)
	for {
		w.mu.Lock()
		text, more := strings.Join(w.lines, "\n"), w.more
		w.mu.Unlock()
		if m := re.FindStringSubmatch(text); m != nil {
			return m[len(m)-1]
		}
		select {
		case <-more:
		case <-w.ended:
			if re.MatchString(w.String()) {
				continue
			}
			t.Fatalf("%q is not in the log:\n%s", pattern, w)
		case <-timeout:
			t.Fatalf("%q does not come in the log:\n%s", pattern, w)
		}
	}
}

func TestBinary_publishAndSubscribe(t *testing.T) {
	p := start(t, "-c", serveYAML(t, ""))
	sub := command(t, "subscribe", "orders.>", "--envelope", "--count", "2", "--timeout", "20s", "--url", p.base)
	out, err := sub.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, sub.Start())
	got := watchLog(out)

	publish := func() outcome {
		return execute(t, "publish", "orders.new", `{"item":"tea","card":"4111"}`, "--url", p.base)
	}
	// Until the subscription is there, events pass by; so publish until one has come.
	for got.String() == "" {
		res := publish()
		require.Equal(t, 0, res.code, res.err)
		assert.Regexp(t, `^transformed by redact \(id .+\)\n$`, res.out)
	}
	publish()
	<-got.ended
	require.NoError(t, sub.Wait())
	lines := strings.Split(got.String(), "\n")
	require.Len(t, lines, 2)
	for _, l := range lines {
		assert.Contains(t, l, `"data":{"item":"tea","card":"[redacted]"}`)
		assert.Contains(t, l, `"topic":"orders.new"`)
	}
}

func TestBinary_publishFile(t *testing.T) {
	p := start(t, "-c", serveYAML(t, ""))
	var lines strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&lines, `{"topic":"orders.%d","data":{"card":"4111"}}`+"\n", i%7)
	}
	got := execute(t, "publish", "--file", file(t, "events.ndjson", lines.String()), "--url", p.base)
	assert.Equal(t, 0, got.code)
	assert.Regexp(t, `2000 events in .*: 2000 transformed\n$`, got.err)

	got = execute(t, "publish", "--file", file(t, "events.ndjson", `{"topic":"a","data":1}`+"\n"+`{"topic":"a b","data":1}`+"\nnot json\n"), "--url", p.base)
	assert.Equal(t, exitNotAccepted, got.code)
	assert.Contains(t, got.err, "1 accepted, 2 refused")
	assert.Contains(t, got.err, "relay: line 2: refused: ")
	assert.Contains(t, got.err, "relay: line 3: refused: ")
}

func TestBinary_signals(t *testing.T) {
	t.Run("SIGTERM drains", func(t *testing.T) {
		p := start(t, "-c", serveYAML(t, ""))
		sub := command(t, "subscribe", "orders.>", "--no-reconnect", "--url", p.base)
		errs := new(buffer)
		out, err := sub.StdoutPipe()
		require.NoError(t, err)
		sub.Stderr = errs
		require.NoError(t, sub.Start())
		got := watchLog(out)
		for got.String() == "" {
			execute(t, "publish", "orders.new", "1", "--url", p.base, "-q")
		}
		p.signal(syscall.SIGTERM)
		assert.Equal(t, 0, p.exit())
		<-got.ended
		sub.Wait()
		assert.Equal(t, exitFailed, sub.ProcessState.ExitCode())
		assert.Contains(t, errs.String(), "(1001)", "the client was told")
	})
	t.Run("SIGHUP reloads", func(t *testing.T) {
		path := serveYAML(t, "")
		p := start(t, "-c", path)
		good, err := os.ReadFile(path)
		require.NoError(t, err)

		require.NoError(t, os.WriteFile(path, append(good, "nonsense: 1\n"...), 0o600))
		p.signal(syscall.SIGHUP)
		p.log.wait(t, `nothing was reloaded.*nonsense`)
		res := execute(t, "publish", "orders.new", `{"card":"4111"}`, "--url", p.base)
		assert.Contains(t, res.out, "transformed by redact", "the running filters stay")

		require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(good), "fields: [card]", "fields: [item]", 1)), 0o600))
		p.signal(syscall.SIGHUP)
		p.log.wait(t, `configuration reloaded`)
		res = execute(t, "publish", "orders.new", `{"card":"4111"}`, "--url", p.base)
		assert.Contains(t, res.out, "accepted", "the new filters hold")
		p.signal(syscall.SIGINT)
		assert.Equal(t, 0, p.exit())
	})
	t.Run("a second SIGTERM leaves at once", func(t *testing.T) {
		p := start(t, "-c", serveYAML(t, "shutdown: {drain: 1h}\n"))
		// A request that does not come in keeps the drain from ending, for publish.body_timeout.
		holdOpen(t, p.base)
		p.signal(syscall.SIGTERM)
		p.log.wait(t, "stopping; a second signal")
		time.Sleep(2 * sameSignal) // of a real process: sent earlier, it would count as the first
		p.signal(syscall.SIGTERM)
		assert.Equal(t, 143, p.exit())
	})
}

// holdOpen begins to publish and does not end.
func holdOpen(t *testing.T, base string) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	_, err = io.WriteString(conn, "POST /publish/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n")
	require.NoError(t, err)
	// The relay asks for the body: the request is under way.
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "100 Continue")
}

func TestBinary_portInUse(t *testing.T) {
	for _, driver := range []string{"auto", "portable"} {
		p := start(t, "-c", serveYAML(t, ""), "--websocket.driver", driver)
		got := execute(t, "serve", "-c", serveYAML(t, ""), "--listen", strings.TrimPrefix(p.base, "http://"))
		assert.Equal(t, exitFailed, got.code)
		assert.Contains(t, got.err, "the port is taken, perhaps by another relay; stop that, or set another address")
		assert.Equal(t, 1, strings.Count(got.err, "perhaps"), "it is said once")
		assert.Contains(t, got.err, strings.TrimPrefix(p.base, "http://"))
	}
}

func TestBinary_check(t *testing.T) {
	broken := file(t, "broken.wasm", "not wasm")
	tests := []struct {
		name, yaml string
		code       int
		out, err   string // patterns
	}{
		{"good", "", 0, `relay.yaml: ok, 1 filter\n$`, `^$`},
		{"unknown key", "websockt: {}\n", 2, `^$`, `relay\.yaml:9: websockt: unknown key .*websocket`},
		{"bad value", "log: {level: loud}\n", 2, `^$`, `relay\.yaml:9: log\.level: .*debug, info, warn or error`},
		{"open to all", "insecure_public: false\nauth: {}\nlisten: 0.0.0.0:80\n", 2, `^$`, `relay\.yaml`},
		{"nobody to decide", "auth: {by_filter: true}\n", 2, `^$`, `auth\.by_filter: no filter has the hook on_connect`},
		{
			"broken modules", "  - {name: bad, path: " + broken + "}\n  - name: worse\n    path: none.wasm\n", 2, `^$`,
			`relay\.yaml:9: filters\[1\]: .*broken\.wasm: not a WebAssembly.*\n.*relay\.yaml:11: filters\[2\]: .*none\.wasm: .*no such file.*\nrelay: 2 filters of .*relay\.yaml can't be loaded\n$`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := execute(t, "check", "-c", serveYAML(t, tt.yaml))
			assert.Equal(t, tt.code, got.code, got.err)
			assert.Regexp(t, tt.out, got.out)
			assert.Regexp(t, tt.err, got.err)
		})
	}
	t.Run("print", func(t *testing.T) {
		got := execute(t, "check", "--print", "-c", serveYAML(t, "auth: {publish_keys: [hunter2hunter2hunter2]}\n"))
		assert.Equal(t, 0, got.code, got.err)
		assert.Contains(t, got.out, "listen: 127.0.0.1:0")
		assert.NotContains(t, got.out, "hunter2")
	})
	t.Run("the printed configuration is one", func(t *testing.T) {
		first := execute(t, "check", "--print", "-c", serveYAML(t, ""))
		second := execute(t, "check", "--print", "-c", file(t, "relay.yaml", first.out))
		assert.Equal(t, 0, second.code, second.err)
	})
}

func TestBinary_serveWrongly(t *testing.T) {
	got := execute(t, "serve", "-c", "/does/not/exist.yaml")
	assert.Equal(t, exitUsage, got.code)
	assert.Contains(t, got.err, "relay: ")
	assert.Contains(t, got.err, "/does/not/exist.yaml")

	got = execute(t, "serve", "-c", file(t, "relay.yaml", "filters:\n- {name: a, path: none.wasm}\n"))
	assert.Equal(t, exitUsage, got.code)
	assert.Contains(t, got.err, "none.wasm")

	got = execute(t, "serve", "--listen", "0.0.0.0:0", "-c", serveYAML(t, ""))
	assert.Equal(t, exitUsage, got.code)
	assert.Contains(t, got.err, "--listen: listen: 0.0.0.0:0 is reachable from other machines")
}
