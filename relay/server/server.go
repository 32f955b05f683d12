// Package server is the running relay: it builds the parts from a configuration, joins them, changes what may change
// while it runs, and stops them in the right order. It owns no socket, event or filter itself.
//
//	Open: broadcaster ← plugins ← (gate, ingest) ← transport (public port), admin
//	run:  Reload (SIGHUP, changed files): a new gate and a new chain, or everything as it was
//	stop: not ready → no new connections → filters done → clients served → 1001, paced → everything closed
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

	"eventrelay/broadcaster"
	"eventrelay/plugins"
	"eventrelay/relay"
	"eventrelay/relay/admin"
	"eventrelay/relay/auth"
	"eventrelay/relay/config"
	"eventrelay/relay/ingest"
	"eventrelay/relay/transport"
)

// Server is a running relay. It is safe for concurrent use. Without Close, its ports, goroutines and compiled filters
// stay.
type Server struct {
	// Set at construction.
	log       *slog.Logger
	level     *slog.LevelVar // nil when the level can't be changed
	fanout    *broadcaster.Broadcaster
	pipeline  *plugins.Pipeline
	gate      gate
	transport *transport.Server
	procs     *procs
	floor     []byte        // see newFloor
	admin     *admin.Server // nil when it is off
	watcher   *watcher      // nil when files are not watched

	state atomic.Int32 // of the states below

	reloading sync.Mutex // one reload at a time; taken before mu
	mu        sync.Mutex
	running   *config.Config // guarded by mu

	closeOnce sync.Once
	closeErr  error
	closed    chan struct{} // closed when Close has closed everything
}

// States of a Server.
const (
	starting int32 = iota
	ready
	draining
)

// Errors by which readiness says no.
var (
	// ErrStarting is returned while the relay opens its ports.
	ErrStarting = errors.New("starting")
	// ErrDraining is returned once the relay has begun to stop.
	ErrDraining = errors.New("stopping")
)

// Option changes how a Server is opened.
type Option func(*Server)

// WithLevel lets a reload set the level of the log, which is built on l.
func WithLevel(l *slog.LevelVar) Option { return func(s *Server) { s.level = l } }

// WithWatch reloads when relay.yaml, a filter or a file of secrets changes.
func WithWatch() Option { return func(s *Server) { s.watcher = &watcher{} } }

// Open builds the parts and starts to serve. When it fails, nothing is left open.
func Open(ctx context.Context, c *config.Config, log *slog.Logger, opts ...Option) (_ *Server, err error) {
	// NOTE: the soft limit of open files needs no raising, Go programs start with it at the hard one.
	s := &Server{log: log, running: c, floor: newFloor(), closed: make(chan struct{})}
	for _, o := range opts {
		o(s)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := s.open(ctx, c); err != nil {
		return nil, err
	}
	s.state.Store(ready)
	s.logStart(c)
	return s, nil
}

// open builds the parts in the order of an event's way backwards, so that each finds what it hands on to.
func (s *Server) open(ctx context.Context, c *config.Config) (err error) {
	guard, err := newGuard(c)
	if err != nil {
		return err
	}
	s.gate.Store(guard)
	fanout := c.Broadcaster()
	fanout.Compression, fanout.Log = c.WebSocket.Compression, s.log
	s.fanout = broadcaster.New(fanout)
	if s.pipeline, err = plugins.Open(ctx, lanes(c.Plugins), c.Filters, s.fanout, s.log); err != nil {
		return fmt.Errorf("open filters: %w", err)
	}
	if err := checkJudge(c)(s.pipeline.Hooks()); err != nil {
		return err
	}
	publish := ingest.New(c.Publish, s.pipeline, &s.gate, s.log)
	sockets := loops(c.WebSocket)
	s.procs = newProcs(sockets)
	s.transport, err = transport.Open(c.Listen, sockets, transport.Deps{
		NewShard:  s.fanout.NewShard,
		Connect:   s.connect,
		Publisher: s.pipeline,
		Hooks:     s.pipeline,
		Gate:      &s.gate,
		HTTP:      publicMux(publish, c.WebSocket.Path),
		Busy:      s.procs.busy,
		Log:       s.log,
	})
	if err != nil {
		return err
	}
	s.admin, err = admin.Open(c.Admin, admin.Deps{
		Meters:  []relay.Meter{s.transport, publish, s.pipeline, s.fanout},
		Ready:   s.Ready,
		Reload:  func() error { return s.ReloadFile(context.Background()) },
		Plugins: s.pipeline,
		Log:     s.log,
	})
	if err != nil {
		return fmt.Errorf("open admin %s: %w", c.Admin.Listen, err)
	}
	return s.watch()
}

func (s *Server) connect(c net.Conn) (relay.Client, error) { return s.fanout.Attach(c) }

func newGuard(c *config.Config) (*auth.Guard, error) {
	o := c.Auth
	o.Public = c.InsecurePublic
	return auth.New(o)
}

// Addr returns the public address.
func (s *Server) Addr() net.Addr { return s.transport.Addr() }

// AdminAddr returns the address of the admin listener, or nil when it is off.
func (s *Server) AdminAddr() net.Addr { return s.admin.Addr() }

// Config returns the configuration that is running. It must not be changed.
func (s *Server) Config() *config.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running
}

// Ready returns nil while the relay serves, ErrStarting before and ErrDraining after.
func (s *Server) Ready() error {
	switch s.state.Load() {
	case starting:
		return ErrStarting
	case draining:
		return ErrDraining
	}
	return nil
}

func (s *Server) logStart(c *config.Config) {
	warn(s.log, c)
	args := []any{"listen", s.Addr().String(), "websocket", c.WebSocket.Path, "filters", len(c.Filters)}
	if a := s.AdminAddr(); a != nil {
		args = append(args, "admin", a.String())
	}
	if f := c.File(); f != "" {
		args = append(args, "file", f)
	}
	s.log.Info("relay is ready", args...)
}

// warn logs what is allowed but unwise in c.
func warn(log *slog.Logger, c *config.Config) {
	for _, w := range c.Warnings() {
		log.Warn(w)
	}
}
