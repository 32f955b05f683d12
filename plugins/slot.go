package plugins

import (
	"context"
	"time"
)

// slot is where a lane has its instance of a filter. Owned by the lane's holder.
type slot struct {
	filter  *filter
	inst    *instance // nil: to be started
	backoff time.Duration
	retryAt time.Time

	// By the last event.
	spent  uint64        // fuel
	took   time.Duration // as far as it was looked at: less than a slice of fuel may be missing
	looked int64         // by nanos: at the clock, last; or unread
}

// How long a filter that cannot be started is left alone.
const (
	firstBackoff = 10 * time.Millisecond
	maxBackoff   = 5 * time.Second
	startShare   = 9 // starts that fail take a lane at most a tenth of its time
)

// fill starts an instance where there is none, within the limit if no spare is ready.
func (s *slot) fill(ctx context.Context, limit time.Duration) error {
	if s.inst != nil {
		return nil
	}
	begun := time.Now()
	in, err := s.filter.take(ctx, limit)
	if err != nil {
		s.backoff = min(max(2*s.backoff, firstBackoff), maxBackoff)
		s.retryAt = time.Now().Add(max(s.backoff, startShare*time.Since(begun)))
		return err
	}
	s.inst, s.backoff = in, 0
	return nil
}

// handle gives an event to the slot's instance, and replaces the instance when it cannot be trusted any more.
func (s *slot) handle(out *outgoing, room budget, now int64) (answer, *failure) {
	s.spent, s.took, s.looked = 0, 0, now
	if n := s.filter.reset.every; n > 0 && s.inst != nil && s.inst.seen >= n {
		s.recover()
	}

	if s.inst == nil {
		if !s.filter.hasSpare() && time.Now().Before(s.retryAt) {
			return answer{}, &failure{cause: causeUnavailable, text: "could not be started again; waiting to retry"}
		}
		begun := nanos()
		err := s.fill(s.filter.life, min(s.filter.limits.Init, laneStart))
		now = nanos()
		s.took, s.looked = time.Duration(now-begun), now
		if err != nil {
			return answer{}, &failure{cause: causeUnavailable, text: clean("could not be started again: "+err.Error(), maxErrorText)}
		}
		s.filter.plugin.stats.restarts.Add(1)
	}
	a, failed := s.inst.handle(out, room, now)
	s.spent, s.looked = s.inst.spent, s.inst.meter.resumed
	s.took += s.inst.meter.ran
	switch {
	case failed == nil || !causeTable[failed.cause].poisoned:
	case failed.cause == causeStack: // wazero's own stack has grown, and would stay so
		s.empty()
	default:
		s.recover()
	}
	return a, failed
}

// recover brings the instance back to its beginning, or makes room for another one.
func (s *slot) recover() {
	if s.inst.rewind() {
		s.filter.plugin.stats.restores.Add(1)
		return
	}
	s.empty()
}

func (s *slot) empty() {
	if s.inst != nil {
		s.inst.close()
		s.inst = nil
	}
}
