package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilSignal returns a context that ends at the first SIGINT or SIGTERM, with the exit code as its cause. A second one
// ends the process as if nobody had listened.
func untilSignal(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1) // never closed
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	done := make(chan struct{}) // closed when the goroutine has ended
	go func() {
		defer close(done)
		select {
		case s := <-signals:
			signal.Stop(signals)
			cancel(&exitError{code: signalCode(s)})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
		<-done
	}
}

// signalCode is the exit code by which shells know that a signal ended a program.
func signalCode(s os.Signal) int {
	n, ok := s.(syscall.Signal)
	if !ok {
		return exitFailed
	}
	return exitSignal + int(n)
}
