package plugins

import (
	"context"
	"time"
)

// laneStart is how long a start may take that a lane waits for, when no spare is ready. A guest that takes longer starts
// beside the lane, as the next spare, and its filter is unavailable meanwhile: limits.init would let one whose every
// event breaks it hold up all others of the lane for seconds each.
const laneStart = 50 * time.Millisecond

// keepSpares starts the goroutine that keeps a spare instance ready, since a stock-Go instance takes milliseconds. It
// spends at most a tenth of its time on starts that fail.
func (f *filter) keepSpares() {
	f.want()
	f.done.Go(func() {
		for {
			select {
			case <-f.life.Done():
				return
			case <-f.wants:
			}
			if f.hasSpare() { // only this goroutine adds to it
				continue
			}
			begun := time.Now()
			in, err := f.start(f.life, f.limits.Init)
			if err == nil {
				f.spare <- in
				continue
			}
			select {
			case <-f.life.Done():
				return
			case <-time.After(startShare * time.Since(begun)):
			}
		}
	})
}

func (f *filter) hasSpare() bool { return len(f.spare) > 0 }

// take returns a started instance: the spare, or a new one that starts within the limit. Either way there will be a
// spare, as the one before may have failed to start, and what does not start within the limit may start as a spare.
func (f *filter) take(ctx context.Context, limit time.Duration) (*instance, error) {
	defer f.want()
	select {
	case in := <-f.spare:
		return in, nil
	default:
		return f.start(ctx, limit)
	}
}

func (f *filter) want() {
	select {
	case f.wants <- struct{}{}:
	default:
	}
}
