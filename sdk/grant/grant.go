// Package grant holds what a filter may do only if its operator grants it, in relay.yaml: `allow: [kv, now, random,
// metric]`. A filter that calls one of these functions without its grant is refused when it is loaded, by name.
//
// It is a package of its own, since it needs package time, which would add 250 KB to filters that need none of this.
package grant

import (
	"errors"
	"time"

	"eventrelay/sdk/abi"
	"eventrelay/sdk/internal/host"
)

// ErrNoRoom is returned when the filter's key-value store is full.
var ErrNoRoom = errors.New("no room in the key-value store")

// KVGet returns the value of key, and whether there is one. Lanes of a filter share its keys; other filters do not see
// them. Grant: kv, as for the other KV functions.
func KVGet(key string) (value []byte, ok bool) {
	out := make([]byte, 128)
	for {
		n := host.KVGet(key, out)
		if n == abi.KVAbsent {
			return nil, false
		}
		if int(n) <= len(out) {
			return out[:n], true
		}
		out = make([]byte, n) // it did not fit, and may have grown again by the time we ask again
	}
}

// KVSet sets the value of key for the time ttl, or without end if ttl is 0.
func KVSet(key string, value []byte, ttl time.Duration) error {
	if host.KVSet(key, value, millis(ttl)) == abi.KVRefused {
		return ErrNoRoom
	}
	return nil
}

// KVDelete removes key.
func KVDelete(key string) { host.KVSet(key, nil, -1) }

// KVAdd adds delta to the counter key and returns the sum, in one step for all lanes. A key that is absent starts at 0
// and lasts for ttl (0: without end); later calls do not prolong it.
func KVAdd(key string, delta int64, ttl time.Duration) (int64, error) {
	sum := host.KVAdd(key, delta, millis(ttl))
	if sum == abi.KVAddRefused {
		return 0, ErrNoRoom
	}
	return sum, nil
}

// millis rounds up, so that a short ttl does not become one without end.
func millis(ttl time.Duration) int64 {
	return int64((max(ttl, 0) + time.Millisecond - 1) / time.Millisecond)
}

// Now returns the wall clock, in UTC. Grant: now. Without it there is the event's own time.
func Now() time.Time { return time.Unix(0, host.Now()).UTC() }

// Random fills b with random bytes that are fit for cryptography. Grant: random.
func Random(b []byte) { host.Random(b) }

// Count adds delta to the filter's metric of that name ([a-z_][a-z0-9_]*). Grant: metric.
func Count(name string, delta int64) { host.Metric(name, delta) }
