//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// result is what a run leaves in its file.
type result struct {
	Peer, Workload string
	Run            int
	Duration       string // as asked for; a workload may take longer
	When           time.Time
	Machine        string
	Version        string          // of the peer
	Command        []string        // of the client
	Error          string          `json:",omitempty"` // why the client said nothing
	Dropped        int64           // packets, by the kernel
	Server         string          `json:",omitempty"`       // the last that the server said
	Raw            json.RawMessage `json:"Client,omitempty"` // what `relay bench --json` said
	Client         *report         `json:"-"`                // the same, read; nil if there is none
}

// runOne does the run that settings.one names, and writes its file. A server that can't do it is a result too.
func runOne(ctx context.Context, s *settings) error {
	runtime.LockOSThread() // see startServer
	parts := strings.Split(s.one, "/")
	if len(parts) != 3 {
		return fmt.Errorf("-one %q: write PEER/WORKLOAD/RUN", s.one)
	}
	p, w := find(peers, func(p *peer) bool { return p.name == parts[0] }), find(workloads, func(w *workload) bool { return w.id == parts[1] })
	run, err := strconv.Atoi(parts[2])
	if p == nil || w == nil || err != nil || !w.has(p) {
		return fmt.Errorf("-one %q: no such peer, workload or run", s.one)
	}
	r := &result{Peer: p.name, Workload: w.id, Run: run, Duration: s.duration.String(), When: time.Now().UTC(), Machine: machine(), Version: p.version(s)}
	if err := r.measure(ctx, s, p, w); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.Error = err.Error()
	}
	return r.write(s.resultFile(p, w, run))
}

func (r *result) measure(ctx context.Context, s *settings, p *peer, w *workload) error {
	ctx, cancel := context.WithTimeout(ctx, s.longest(w))
	defer cancel()
	srv, err := startServer(ctx, s.cores[0], s.serverCommand(p, w), p.environment(w))
	if err != nil {
		return err
	}
	defer func() { r.Server = strings.TrimSpace(srv.stop()) }()
	r.Command = s.clientCommand(p, w, srv)
	before := droppedPackets()
	r.Raw, err = client(ctx, s.cores[1], r.Command)
	r.Dropped = droppedPackets() - before
	return err
}

func (s *settings) serverCommand(p *peer, w *workload) []string {
	config := w.config
	if config == "" {
		config = "relay.yaml"
	}
	var command []string
	for _, word := range p.command {
		command = append(command, strings.ReplaceAll(s.expand(word), configWord, config))
	}
	return command
}

func (p *peer) environment(w *workload) []string {
	if w.deflate {
		return append([]string{"DEFLATE=1", "RELAY_WEBSOCKET_COMPRESSION_ENABLED=true"}, p.env...)
	}
	return p.env
}

// clientCommand returns the command line of the load client.
func (s *settings) clientCommand(p *peer, w *workload, srv *server) []string {
	ws, http := "ws://"+srv.addr, "http://"+srv.addr
	c := []string{
		filepath.Join(s.root, "bin/relay"), "bench", ws + p.dialect.subscribe, "--json",
		"--pid", itoa(srv.cmd.Process.Pid), "--duration", max(s.duration, w.atLeast).String(),
	}
	if w.connections > 0 {
		c = append(c, "--connections", itoa(w.connections))
	}
	for _, text := range p.dialect.hello {
		c = append(c, "--hello", text)
	}
	switch {
	case w.idle:
		return append(c, "--idle")
	case w.publish != "" && (len(w.peers) > 0 || p.command[0] == relayCommand[0]):
		c = append(c, "--publish", http+w.publish)
		if w.frame != "" {
			c = append(c, "--publish-frame", w.frame, "--batch", "100")
		}
	default:
		c = append(c, "--publish", ws+p.dialect.publish, "--publish-frame", p.dialect.frame)
		for _, text := range p.dialect.publishHello {
			c = append(c, "--publish-hello", text)
		}
	}
	return append(append(c, "--warmup", warmup.String()), w.flags...)
}

// warmup is how long each run goes before it is measured.
const warmup = time.Second

// longest is the time after which a run is given up.
func (s *settings) longest(w *workload) time.Duration { return 3*s.estimate(w) + time.Minute }

// estimate is how long a run takes about: connecting, warming up, measuring, stopping.
func (s *settings) estimate(w *workload) time.Duration {
	return max(s.duration, w.atLeast) + warmup + time.Second + time.Duration(w.connections)*time.Second/5000
}

func (r *result) write(file string) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // command lines have & in them
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	// Whole or not at all: a file that is there says that its run is done.
	if err := os.WriteFile(file+".tmp", text.Bytes(), 0o666); err != nil {
		return err
	}
	return os.Rename(file+".tmp", file)
}

func itoa(n int) string { return strconv.Itoa(n) }

func find[T any](list []*T, is func(*T) bool) *T {
	for _, e := range list {
		if is(e) {
			return e
		}
	}
	return nil
}
