package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"
)

// service is what a daemon runs.
type service interface {
	ReloadFile(ctx context.Context) error
	Shutdown(ctx context.Context) error
}

// daemon turns signals into what a service does.
type daemon struct {
	service service
	log     *slog.Logger
	signals <-chan os.Signal
	hangups chan struct{} // closed by runDaemon; one waiting reload stands for any number of signals
	wg      sync.WaitGroup
}

// runDaemon serves until a signal, or the end of ctx, stops the service.
func runDaemon(ctx context.Context, s service, log *slog.Logger, signals <-chan os.Signal) error {
	d := &daemon{service: s, log: log, signals: signals, hangups: make(chan struct{}, 1)}
	reloading, cancel := context.WithCancel(ctx)
	defer cancel()
	d.wg.Go(func() { d.reload(reloading) })
	first := d.untilStop(ctx)
	cancel()
	close(d.hangups)
	return d.stop(first)
}

// untilStop returns the signal to stop.
func (d *daemon) untilStop(ctx context.Context) os.Signal {
	for {
		select {
		case s := <-d.signals:
			if s != syscall.SIGHUP {
				return s
			}
			select {
			case d.hangups <- struct{}{}:
			default:
			}
		case <-ctx.Done():
			return syscall.SIGTERM
		}
	}
}

// reload obeys SIGHUP. It is beside untilStop, since starting a filter takes time in which a relay must be stoppable.
func (d *daemon) reload(ctx context.Context) {
	for range d.hangups {
		if err := d.service.ReloadFile(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("SIGHUP: nothing was reloaded", "err", err)
		}
	}
}

// sameSignal is how long after a signal to stop another one counts as the same: whoever signals a process and then its
// group, as timeout(1) does, sends two of them and means one.
const sameSignal = 250 * time.Millisecond

// stop drains the service. A second signal to stop returns at once, leaving the service as it is.
func (d *daemon) stop(first os.Signal) error {
	began := time.Now()
	d.log.Info("stopping; a second signal leaves at once", "signal", first.String())
	drained := make(chan error, 1)
	go func() {
		err := d.service.Shutdown(context.Background())
		d.wg.Wait()
		drained <- err
	}()
	for {
		select {
		case err := <-drained:
			return err
		case s := <-d.signals:
			if s != syscall.SIGHUP && time.Since(began) > sameSignal { // a hangup comes too late
				return &exitError{signalCode(s), fmt.Errorf("%s while stopping: leaving at once", s)}
			}
		}
	}
}
