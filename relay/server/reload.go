package server

import (
	"context"
	"fmt"
	"log/slog"

	"eventrelay/relay/config"
)

// ReloadFile loads the configuration anew from where the running one came from, and puts it in force.
func (s *Server) ReloadFile(ctx context.Context) error {
	next, err := s.Config().Again()
	if err != nil {
		return fmt.Errorf("the running configuration stays: %w", err)
	}
	return s.Reload(ctx, next)
}

// Reload puts in force what may change while the relay runs: filters (their files are read anew), auth, what becomes of
// slow clients, the log level and the drain time. No connection is dropped. Keys that differ but need a restart are logged and stay as they are.
// When it returns an error, nothing has changed.
func (s *Server) Reload(ctx context.Context, next *config.Config) error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	if err := s.Ready(); err != nil {
		return fmt.Errorf("reload: the relay is %w", err)
	}
	running := s.Config()
	merged := running.With(next)
	if err := merged.CheckOpen(); err != nil {
		return fmt.Errorf("the running configuration stays: %w", err)
	}
	guard, err := newGuard(next)
	if err != nil {
		return fmt.Errorf("the running configuration stays: %w", err)
	}
	if err := s.pipeline.ReloadIf(ctx, next.Filters, checkJudge(next)); err != nil {
		return fmt.Errorf("the running filters stay: %w", err)
	}
	s.gate.Store(guard)
	s.fanout.Reconfigure(merged.Broadcaster())
	s.setLevel(next.Log.Level)
	stay := config.NeedsRestart(running, next)
	s.mu.Lock()
	s.running = merged
	s.mu.Unlock()
	s.rewatch()
	warn(s.log, next)
	if len(stay) > 0 {
		s.log.Warn("some changed keys need a restart and stay as they were", "keys", stay)
	}
	s.log.Info("configuration reloaded", "filters", len(next.Filters))
	return nil
}

func (s *Server) setLevel(name string) {
	var level slog.Level
	if s.level != nil && level.UnmarshalText([]byte(name)) == nil {
		s.level.Set(level)
	}
}
