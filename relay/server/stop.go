package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"eventrelay/relay"
)

// Pace of the close frames: a client that is told to go comes back elsewhere at once, so that all of them in one moment
// would be a storm for whoever takes them.
const closesPerSecond = 500

// Run serves until ctx ends, then stops as Shutdown does.
func (s *Server) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return s.Shutdown(context.WithoutCancel(ctx))
	case <-s.closed:
		return nil
	}
}

// Shutdown stops within the drain time: no new connections; what was accepted passes the filters and reaches the
// clients; they are told to go (1001), paced, and filters that they went; everything is closed. What is not done when the
// drain time is over is cut and logged. It returns ctx's error when ctx ends first; everything is closed then too.
func (s *Server) Shutdown(ctx context.Context) error {
	if s.state.Swap(draining) == draining {
		return s.join(ctx)
	}
	drain := s.Config().Shutdown.Drain
	s.log.Info("draining", "for_at_most", drain)
	begun := time.Now()
	limited, cancel := context.WithTimeout(ctx, drain)
	defer cancel()
	err := s.drain(limited, begun.Add(drain))
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		s.log.Warn("the drain time is over; what is left is cut", "err", err)
		err = nil
	}
	err = errors.Join(err, s.Close())
	s.log.Info("stopped", "after", time.Since(begun).Round(time.Millisecond))
	return err
}

// join waits for the end of another Shutdown, or makes one.
func (s *Server) join(ctx context.Context) error {
	select {
	case <-s.closed:
		return s.closeErr
	case <-ctx.Done():
		return errors.Join(context.Cause(ctx), s.Close())
	}
}

// drain delivers what was accepted and sends the clients away. A step that fails does not keep the next from its turn:
// clients get their close frames even when a filter hangs.
func (s *Server) drain(ctx context.Context, deadline time.Time) error {
	s.transport.StopAccepting()
	// Delivering may take half of the time, so that the other half is left for leaving.
	half, cancel := context.WithDeadline(ctx, time.Now().Add(time.Until(deadline)/2))
	defer cancel()
	var errs []error
	if err := s.pipeline.Drain(half); err != nil {
		errs = append(errs, fmt.Errorf("finish filters: %w", err))
	}
	if err := s.fanout.Flush(half); err != nil {
		errs = append(errs, fmt.Errorf("serve clients: %w", err))
	}
	pace := time.Duration(s.connections()) * time.Second / closesPerSecond
	if err := s.transport.Drain(ctx, min(pace, time.Until(deadline)*3/4)); err != nil {
		errs = append(errs, err)
	}
	if err := s.pipeline.Part(ctx); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// connections counts the open WebSocket connections.
func (s *Server) connections() (n int) {
	s.transport.Metrics(func(m relay.Metric) {
		if m.Name == "relay_connections" {
			n += int(m.Value)
		}
	})
	return n
}

// Close ends everything at once: connections are cut without a close frame, events not yet filtered are lost. It returns
// when no goroutine and no socket is left. Idempotent.
func (s *Server) Close() error {
	s.closeOnce.Do(func() {
		s.state.Store(draining)
		s.closeErr = s.closeParts()
		close(s.closed)
	})
	<-s.closed
	return s.closeErr
}

// closeParts closes what was opened, in the order of an event's way.
func (s *Server) closeParts() error {
	var errs []error
	if s.watcher != nil {
		errs = append(errs, s.watcher.close())
	}
	errs = append(errs, s.admin.Close(context.Background())) // nil when it is off
	if s.transport != nil {
		errs = append(errs, s.transport.Close())
	}
	s.procs.close() // nil when opening failed before
	if s.pipeline != nil {
		errs = append(errs, s.pipeline.Close())
	}
	if s.fanout != nil {
		errs = append(errs, s.fanout.Close())
	}
	return errors.Join(errs...)
}
