//go:build linux

package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestClientCommand(t *testing.T) {
	srv := &server{addr: "127.0.0.1:1234", cmd: &exec.Cmd{Process: &os.Process{Pid: 42}}}
	s := &settings{root: "/r", duration: 2 * time.Second}
	begin := func(url string) string {
		return "/r/bin/relay bench ws://127.0.0.1:1234" + url + " --json --pid 42 --duration "
	}
	for _, test := range []struct{ peer, workload, want string }{
		{"c", "1a", begin("/ws?topic={topic}") + "2s --connections 5000 --publish ws://127.0.0.1:1234/publish " +
			"--publish-frame {topic} {payload} --warmup 1s --in-flight 1 --publishers 1"},
		{"relay", "1a", begin("/ws?topic={topic}") + "2s --connections 5000 --publish ws://127.0.0.1:1234/ws?topic=nobody&publish={topic} " +
			"--publish-frame {payload} --warmup 1s --in-flight 1 --publishers 1"},
		{"relay", "3a", begin("/ws?topic={topic}") + "2s --connections 9000 --publish http://127.0.0.1:1234/publish " +
			`--publish-frame {"topic":"{topic}","data":{payload}} --batch 100 --warmup 1s --in-flight 400 --publishers 4 --topics 9000`},
		{"bun", "3a", begin("/ws?topic={topic}") + "2s --connections 9000 --publish ws://127.0.0.1:1234/publish " +
			"--publish-frame {topic} {payload} --warmup 1s --in-flight 400 --publishers 4 --topics 9000"},
		{"nethttp", "7a", begin("") + "2s --publish http://127.0.0.1:1234/publish/bench --warmup 1s --ingest --publishers 16 --batch 1"},
		{"centrifuge", "4", begin("/ws") + `2s --connections 18000 --hello {"id":1,"connect":{}} --hello {"id":2,"subscribe":{"channel":"{topic}"}} --idle`},
		{"c", "6a", begin("/ws?topic={topic}") + "10s --connections 2000 --publish ws://127.0.0.1:1234/publish " +
			"--publish-frame {topic} {payload} --warmup 1s --rate 20 --size 4096"},
	} {
		p := find(peers, func(p *peer) bool { return p.name == test.peer })
		w := find(workloads, func(w *workload) bool { return w.id == test.workload })
		if got := strings.Join(s.clientCommand(p, w, srv), " "); got != test.want {
			t.Errorf("%s %s:\n%s, want\n%s", test.peer, test.workload, got, test.want)
		}
	}
}

func TestServer(t *testing.T) {
	for _, test := range []struct {
		name, script, want string
	}{
		{"ends", "echo no such option; exit 2", "it ended before it listened: no such option"},
		{"never listens", "exec sleep 60", "it does not listen"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			_, err := startServer(ctx, "0", []string{"sh", "-c", test.script}, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// TestServer_stop ends a server that takes no notice of SIGTERM, and its child.
func TestServer_stop(t *testing.T) {
	stubborn := `trap "" TERM; sleep 60 & echo $!; exec "$0" -test.run=^TestListener$`
	s, err := startServer(t.Context(), "0", []string{"sh", "-c", stubborn, os.Args[0]}, []string{"BENCH_TEST_LISTEN=1"})
	if err != nil {
		t.Fatal(err)
	}
	child, _, _ := strings.Cut(s.stop(), "\n")
	if _, err := strconv.Atoi(child); err != nil {
		t.Fatal(err)
	}
	state := "unknown"
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) { // nothing tells when init took it
		if state = field("/proc/"+child+"/status", "State"); state == "" || strings.HasPrefix(state, "Z") {
			return
		}
	}
	t.Errorf("its child is left: %s", state)
}

// TestListener is no test but the server of TestServer_stop.
func TestListener(t *testing.T) {
	if os.Getenv("BENCH_TEST_LISTEN") == "" {
		t.Skip("it is run by TestServer_stop")
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(time.Minute, func() { l.Close() })
	for err == nil {
		_, err = l.Accept()
	}
}
