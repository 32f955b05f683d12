package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// fakeService counts reloads, and stops when it is let go.
type fakeService struct {
	reloads int
	hang    bool // reloads last until they are cancelled
	err     error
	stopped chan struct{} // closed by the test
}

func (f *fakeService) ReloadFile(ctx context.Context) error {
	f.reloads++
	if f.hang {
		<-ctx.Done()
	}
	return f.err
}

func (f *fakeService) Shutdown(context.Context) error { <-f.stopped; return f.err }

// sentTwice is a signal that comes at once after the one before.
type sentTwice syscall.Signal

func (s sentTwice) Signal()        {}
func (s sentTwice) String() string { return syscall.Signal(s).String() + " again" }

func TestDaemon(t *testing.T) {
	tests := []struct {
		name    string
		service fakeService
		signals []os.Signal
		finish  bool // the service stops by itself
		want    int  // exit code
		reloads int
	}{
		{"stops", fakeService{}, []os.Signal{syscall.SIGTERM}, true, exitOK, 0},
		{"interrupt stops", fakeService{}, []os.Signal{syscall.SIGINT}, true, exitOK, 0},
		{"reloads", fakeService{}, []os.Signal{syscall.SIGHUP, syscall.SIGHUP, syscall.SIGTERM}, true, exitOK, 2},
		{"a reload that hangs does not keep it from stopping", fakeService{hang: true}, []os.Signal{syscall.SIGHUP, syscall.SIGHUP, syscall.SIGHUP, syscall.SIGTERM}, true, exitOK, 2},
		{"a failed stop", fakeService{err: errors.New("stuck")}, []os.Signal{syscall.SIGTERM}, true, exitFailed, 0},
		{"a second signal leaves at once", fakeService{}, []os.Signal{syscall.SIGTERM, syscall.SIGTERM}, false, 143, 0},
		{"a second signal of the other kind", fakeService{}, []os.Signal{syscall.SIGTERM, syscall.SIGINT}, false, 130, 0},
		{"one signal that comes twice", fakeService{}, []os.Signal{syscall.SIGTERM, sentTwice(syscall.SIGTERM)}, true, exitOK, 0},
		{"a hangup while stopping is too late", fakeService{}, []os.Signal{syscall.SIGINT, syscall.SIGHUP}, true, exitOK, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.service.stopped = make(chan struct{})
				signals := make(chan os.Signal)
				code := make(chan int, 1)
				go func() {
					err := runDaemon(t.Context(), &tt.service, slog.New(slog.DiscardHandler), signals)
					code <- (&app{err: new(buffer)}).report(err)
				}()
				for _, s := range tt.signals {
					if twice, ok := s.(sentTwice); ok {
						s = syscall.Signal(twice)
					} else {
						time.Sleep(2 * sameSignal) // of the bubble's clock: or it would count as the one before
					}
					signals <- s
					synctest.Wait()
				}
				if tt.finish {
					assert.Empty(t, code, "it waits for the service")
					close(tt.service.stopped)
				}
				assert.Equal(t, tt.want, <-code)
				assert.Equal(t, tt.reloads, tt.service.reloads)
				if !tt.finish {
					close(tt.service.stopped)
				}
			})
		})
	}
}

func TestDaemon_contextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &fakeService{stopped: make(chan struct{})}
	close(s.stopped)
	assert.NoError(t, runDaemon(ctx, s, slog.New(slog.DiscardHandler), nil))
}
