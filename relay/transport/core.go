package transport

import (
	"log/slog"
	"sync/atomic"
	"time"

	"eventrelay/relay"
	"eventrelay/relay/transport/deflate"
)

// connIDs numbers connections.
var connIDs atomic.Uint64

// core is what the sessions of one driver share. It does not change; stats are atomic.
type core struct {
	options   *Options
	publisher relay.Publisher
	hooks     relay.Hooks // nil when there are none
	log       *slog.Logger
	stats     *stats
	inflate   *deflate.Pool // of compressed messages that clients send
	start     time.Time
}

// now is the monotonic time since the server started: no deadline depends on the wall clock.
func (c *core) now() time.Duration { return time.Since(c.start) }
