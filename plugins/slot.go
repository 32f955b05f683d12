package plugins

import (
	"context"
	"time"

	"eventrelay/relay"
)

// slot is where a lane has its instance of a filter. Owned by the lane's holder.
type slot struct {
	filter  *filter
	inst    *instance // nil: to be started
	backoff time.Duration
	retryAt time.Time
}

// How long a filter that cannot be started is left alone.
const (
	firstBackoff = 10 * time.Millisecond
	maxBackoff   = 5 * time.Second
	startShare   = 9 // a lane waits for starts that fail at most a tenth of its time
)

// fill starts an instance where there is none.
func (s *slot) fill(ctx context.Context) error {
	if s.inst != nil {
		return nil
	}
	begun := time.Now()
	in, err := s.filter.take(ctx)
	if err != nil {
		s.backoff = min(max(2*s.backoff, firstBackoff), maxBackoff)
		s.retryAt = time.Now().Add(max(s.backoff, startShare*time.Since(begun)))
		return err
	}
	s.inst, s.backoff = in, 0
	return nil
}

// handle gives an event to the slot's instance, and replaces the instance when it cannot be trusted any more.
func (s *slot) handle(ev *relay.Event, room budget) (answer, *failure) {
	if s.inst == nil {
		if time.Now().Before(s.retryAt) {
			return answer{}, &failure{cause: causeUnavailable, text: "could not be started again; waiting to retry"}
		}
		if err := s.fill(s.filter.life); err != nil {
			return answer{}, &failure{cause: causeUnavailable, text: clean("could not be started again: "+err.Error(), maxErrorText)}
		}
		s.filter.plugin.stats.restarts.Add(1)
	}
	a, failed := s.inst.handle(ev, room)
	if failed != nil && causeTable[failed.cause].poisoned {
		s.empty()
	}
	return a, failed
}

func (s *slot) empty() {
	if s.inst != nil {
		s.inst.close()
		s.inst = nil
	}
}
