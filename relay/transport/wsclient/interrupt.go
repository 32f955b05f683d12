package wsclient

import (
	"context"
	"time"
)

// interrupt makes the end of ctx interrupt what blocks under the deadline, until release is called. After an
// interruption, release clears the deadline, so that the next call is not interrupted too.
func interrupt(ctx context.Context, setDeadline func(time.Time) error) (release func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	interrupted := make(chan struct{}) // closed when the deadline is set
	stop := context.AfterFunc(ctx, func() {
		setDeadline(time.Unix(1, 0))
		close(interrupted)
	})
	return func() {
		if !stop() {
			<-interrupted
			setDeadline(time.Time{})
		}
	}
}
