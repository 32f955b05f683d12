//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// server is a running peer.
type server struct {
	cmd    *exec.Cmd
	addr   string
	said   tail
	exited chan struct{} // closed when the process is gone
}

// startServer starts a peer on a free loopback port and a core, and returns when it listens. It ends with this process,
// whatever becomes of that: the caller's goroutine is locked to the main thread, as the kernel ends it with its thread.
func startServer(ctx context.Context, core string, command, env []string) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &server{addr: net.JoinHostPort("127.0.0.1", port), exited: make(chan struct{})}
	s.cmd = exec.Command("taskset", append([]string{"-c", core}, command...)...)
	s.cmd.Env = append(os.Environ(), "PORT="+port, "RELAY_LISTEN="+s.addr)
	s.cmd.Env = append(s.cmd.Env, env...)
	s.cmd.Stdout, s.cmd.Stderr = &s.said, &s.said
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.cmd.Wait() // how it ended shows in what it said
		close(s.exited)
	}()
	if err := s.listens(ctx); err != nil {
		s.stop()
		return nil, fmt.Errorf("%w: %s", err, s.said.String())
	}
	return s, nil
}

// listens waits until the server takes connections.
func (s *server) listens(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-s.exited:
			return errors.New("it ended before it listened")
		case <-ctx.Done():
			return errors.New("it does not listen")
		case <-time.After(20 * time.Millisecond): // nothing else tells when another process listens
		}
	}
}

// stop ends the server, by force if it takes longer than two seconds, and waits for it. It returns what it said.
func (s *server) stop() string {
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(2 * time.Second):
	}
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) // and its children in any case
	<-s.exited
	return s.said.String()
}

// client runs a command on a core to its end and returns its standard output. Exit code 1 is no error if there is some: so
// the load client says that the server lost something, and its report says what.
func client(ctx context.Context, core string, command []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", core}, command...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	var said tail
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	if lost := cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 1 && json.Valid(out.Bytes()); err != nil && !lost {
		return nil, fmt.Errorf("client: %w: %s", errors.Join(err, ctx.Err()), strings.TrimSpace(said.String()))
	}
	return out.Bytes(), nil
}

// freePort returns a port below those that the kernel gives to clients, so that no client of ours takes it meanwhile.
// Each run has its own, so that the last run's connections in TIME_WAIT are in nobody's way.
func freePort() (string, error) {
	first := 10000 + int(time.Now().UnixNano()/1e6%20000)
	for port := first; port < first+100; port++ {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return strconv.Itoa(port), l.Close()
		}
	}
	return "", errors.New("no free port")
}

// tail keeps the last 2 KiB that were written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-2048):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
