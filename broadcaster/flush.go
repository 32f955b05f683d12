package broadcaster

import (
	"context"
	"slices"
)

// flush is a call of Flush that waits for feeds to be served up to their tails of that moment.
type flush struct {
	want []mark
	done chan struct{} // closed by settle, or by Flush when there is nothing to wait for
}

// mark is a feed's tail at one moment.
type mark struct {
	feed *feed
	tail uint64
}

// Flush waits until every event appended before the call was written to, or given up for, every client it was meant
// for: each client is served or reaped. It returns ctx's error if that takes too long.
func (b *Broadcaster) Flush(ctx context.Context) error {
	fl := &flush{done: make(chan struct{})}
	b.mu.Lock()
	b.index.each(func(f *feed) {
		if tail := f.tail.Load(); b.served(f) < tail {
			fl.want = append(fl.want, mark{f, tail})
		}
	})
	b.flushes = append(b.flushes, fl)
	b.checkFlushes()
	b.mu.Unlock()
	select {
	case <-fl.done:
		return b.loops.flush(ctx)
	case <-ctx.Done():
	}
	b.mu.Lock()
	b.flushes = slices.DeleteFunc(b.flushes, func(x *flush) bool { return x == fl })
	b.mu.Unlock()
	return ctx.Err()
}

// checkFlushes ends the flushes that have nothing left to wait for. It needs mu.
func (b *Broadcaster) checkFlushes() {
	b.flushes = slices.DeleteFunc(b.flushes, func(fl *flush) bool {
		fl.want = slices.DeleteFunc(fl.want, func(m mark) bool { return b.served(m.feed) >= m.tail })
		if len(fl.want) > 0 {
			return false
		}
		close(fl.done)
		return true
	})
}
