//go:build unix

package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// peersDir holds the scripts of the peers. The dialog that they all have with the relay is in dialog.mjs.
const peersDir = "../../testdata/peers"

// transcript is what each peer must see: the filter's work, its own events, every kind of message, both protocols, and
// a closing handshake that the relay completes.
const transcript = `open ""
got {"item":"tea","card":"[redacted]"}
got {"from":"peer","card":"[redacted]"}
got bytes 0 1 255
open "relay.v1.json"
reply {"id":1,"subscribe":{"topic":"orders.*"}}
reply {"id":2,"error":{"code":"bad_topic",…}}
push orders.eu orders.* [redacted] 50000 true
published transformed by redact
closed 1000 true
closed 4321 true`

// errorText is left out of the transcript: it is for people.
var errorText = regexp.MustCompile(`("code":"bad_topic"),.*\}\}`)

// peers are the WebSocket clients. run has the dialog with the relay at ws, whose page is served at page.
var peers = []struct {
	name  string
	needs []string // programs and files
	run   func(t *testing.T, ws string, page *pageServer) *logWatch
}{
	{"npm ws", []string{"node", peersDir + "/node/node_modules/ws/package.json"}, func(t *testing.T, ws string, _ *pageServer) *logWatch {
		return runPeer(t, "node", peersDir+"/node/peer.mjs", ws)
	}},
	{"python3-websockets", []string{"/usr/bin/python3", "/usr/lib/python3/dist-packages/websockets"}, func(t *testing.T, ws string, _ *pageServer) *logWatch {
		return runPeer(t, "/usr/bin/python3", peersDir+"/python/peer.py", ws)
	}},
	{"Chromium", []string{"chromium"}, func(t *testing.T, ws string, page *pageServer) *logWatch {
		runChromium(t, page.URL+"/?base="+url.QueryEscape(ws))
		return page.said
	}},
}

func TestPeers(t *testing.T) {
	need(t, "curl")
	for _, driver := range []string{"epoll", "portable"} {
		for _, peer := range peers {
			t.Run(driver+"/"+peer.name, func(t *testing.T) {
				need(t, peer.needs...)
				page := newPageServer(t)
				p := start(t, "-c", serveYAML(t, "auth: {allowed_origins: ["+page.URL+"]}\n"), "--websocket.driver", driver)
				said := peer.run(t, strings.Replace(p.base, "http", "ws", 1)+"/ws", page)
				said.wait(t, `^open ""`)
				body := curl(t, "-d", `{"item":"tea","card":"4111"}`, p.base+"/publish/orders.new")
				assert.Contains(t, body, `"verdict":"transformed"`)
				<-said.ended
				assert.Equal(t, transcript, errorText.ReplaceAllString(said.String(), `$1,…}}`))
			})
		}
	}
}

// All of them offer compression unasked. With it the dialog is the same, and what is large enough goes compressed, in
// both directions.
func TestPeers_compressed(t *testing.T) {
	need(t, "curl")
	for _, driver := range []string{"epoll", "portable"} {
		for _, peer := range peers {
			t.Run(driver+"/"+peer.name, func(t *testing.T) {
				need(t, peer.needs...)
				page := newPageServer(t)
				p := start(t, "-c", serveYAML(t, "auth: {allowed_origins: ["+page.URL+"]}\nwebsocket: {compression: {enabled: true, min_size: 10B}}\n"),
					"--websocket.driver", driver, "--admin.listen", "127.0.0.1:0")
				said := peer.run(t, strings.Replace(p.base, "http", "ws", 1)+"/ws", page)
				said.wait(t, `^open ""`)
				curl(t, "-d", `{"item":"tea","card":"4111"}`, p.base+"/publish/orders.new")
				<-said.ended
				assert.Equal(t, transcript, errorText.ReplaceAllString(said.String(), `$1,…}}`))
				metrics := curl(t, "http://"+p.log.wait(t, `admin=(127\.0\.0\.1:\d+)`)+"/metrics")
				assert.Regexp(t, `(?m)^relay_connections_compressed_total 2$`, metrics)
				assert.Regexp(t, `(?m)^relay_compressions_total [1-9]`, metrics)
			})
		}
	}
}

// A page of an origin that is not allowed gets no WebSocket, and can't publish.
func TestPeers_foreignPage(t *testing.T) {
	need(t, "chromium")
	page := newPageServer(t)
	p := start(t, "-c", serveYAML(t, ""))
	runChromium(t, page.URL+"/?base="+url.QueryEscape(strings.Replace(p.base, "http", "ws", 1)+"/ws"))
	<-page.said.ended
	assert.Equal(t, "error connect failed", page.said.String())
}

func TestPeers_curl(t *testing.T) {
	need(t, "curl")
	photo := file(t, "photo", "\x89PNG\x00")
	large := file(t, "large", `"`+strings.Repeat("x", 1<<20)+`"`)
	batch := file(t, "batch", "{\"card\":\"1\"}\n{\"card\":\"2\"}\n")
	tests := []struct {
		name string
		args []string
		path string
		want string // pattern of status and body
	}{
		{"-d without a type", []string{"-d", `{"card":"4111"}`}, "/publish/orders.new", `^200 \{.*"verdict":"transformed","filter":"redact"`},
		{"--json", []string{"--json", `{"a":1}`}, "/publish", `^200 \{.*"topic":"events","verdict":"accepted"`},
		{"text", []string{"-H", "Content-Type: text/plain", "-d", "hello"}, "/publish/a", `^200 .*"accepted"`},
		{"a file of bytes", []string{"-H", "Content-Type: image/png", "--data-binary", "@" + photo}, "/publish/a", `^200 .*"accepted"`},
		{"chunked", []string{"-H", "Transfer-Encoding: chunked", "-d", "1"}, "/publish/a", `^200 .*"accepted"`},
		{"NDJSON", []string{"-H", "Content-Type: application/x-ndjson", "--data-binary", "@" + batch}, "/publish/orders.new", `^200 .*"results":\[.*"items":2,"failed":0`},
		{"bad JSON", []string{"-d", `{"a":`}, "/publish/a", `^400 .*"line":1`},
		{"no topic", []string{"-d", "1"}, "/publish/a..b", `^400 `},
		{"elsewhere", []string{"-d", "1"}, "/other", `^404 `},
		{"GET", nil, "/publish/a", `^405 `},
		{"too large", []string{"--data-binary", "@" + large}, "/publish/a", `^413 `},
		{"a form", []string{"-F", "a=b"}, "/publish/a", `^415 `},
		{"a foreign page", []string{"-H", "Origin: https://evil.example", "-d", "1"}, "/publish/a", `^403 `},
		{"a rebound name", []string{"-H", "Host: evil.example", "-d", "1"}, "/publish/a", `^403 `},
	}
	for _, driver := range []string{"epoll", "portable"} {
		p := start(t, "-c", serveYAML(t, ""), "--websocket.driver", driver)
		for _, tt := range tests {
			t.Run(driver+"/"+tt.name, func(t *testing.T) {
				args := append([]string{"-o", "-", "-w", "\n%{http_code}"}, tt.args...)
				out := curl(t, append(args, p.base+tt.path)...)
				at := strings.LastIndex(out, "\n")
				assert.Regexp(t, tt.want, out[at+1:]+" "+out[:at])
			})
		}
	}
}

// need skips the test when a program or file is missing, or fails it when the peers are required.
func need(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		_, err := exec.LookPath(name)
		if _, statErr := os.Stat(name); err == nil || statErr == nil {
			continue
		}
		if os.Getenv("RELAY_PEERS") == "require" {
			t.Fatalf("%s is not installed, and RELAY_PEERS=require; `make peers` installs it", name)
		}
		t.Skipf("%s is not installed; `make peers` installs it", name)
	}
}

func curl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("curl", append([]string{"-sS", "--max-time", "20"}, args...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// runPeer runs a script and returns what it says on standard output.
func runPeer(t *testing.T, name string, args ...string) *logWatch {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // not t.Context, which ends before the cleanup
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, args...)
	errs := new(buffer)
	cmd.Stderr = errs
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	said := watchLog(out)
	t.Cleanup(func() {
		<-said.ended
		assert.NoError(t, cmd.Wait(), "%s", errs)
	})
	return said
}

// runChromium opens a page in a browser without windows, until the test ends.
func runChromium(t *testing.T, page string) {
	cmd := exec.Command("chromium",
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions", "--metrics-recording-only",
		"--remote-debugging-port=0", // or headless mode ends when the page has loaded
		"--user-data-dir="+t.TempDir(), page)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a browser is many processes
	errs := new(buffer)
	cmd.Stderr = errs
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
		if t.Failed() {
			t.Logf("chromium: %s", errs)
		}
	})
}

// pageServer serves the browser's page and takes what it says.
type pageServer struct {
	*httptest.Server
	said *logWatch
}

func newPageServer(t *testing.T) *pageServer {
	r, w := io.Pipe()
	p := &pageServer{said: watchLog(r)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(peersDir, "browser", "index.html"))
	})
	mux.HandleFunc("GET /dialog.mjs", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		http.ServeFile(w, r, filepath.Join(peersDir, "dialog.mjs"))
	})
	mux.HandleFunc("POST /say", func(_ http.ResponseWriter, r *http.Request) {
		line, _ := io.ReadAll(r.Body)
		if string(line) == "end" {
			w.Close()
			return
		}
		w.Write(append(line, '\n'))
	})
	p.Server = httptest.NewServer(mux)
	timeout := time.AfterFunc(time.Minute, func() { w.Close() })
	t.Cleanup(func() { timeout.Stop(); w.Close(); <-p.said.ended; p.CloseClientConnections(); p.Close() })
	return p
}
