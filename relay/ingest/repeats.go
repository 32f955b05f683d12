package ingest

import (
	"bytes"
	"crypto/sha256"
	"sync"
	"time"
)

// repeats remembers answers by Idempotency-Key, for a time and up to a number of keys and bytes; the oldest go first.
// It is safe for concurrent use.
type repeats struct {
	// Set at construction.
	window time.Duration
	max    int

	// Guarded by mu.
	mu      sync.Mutex
	byKey   map[repeatKey]*repeat
	oldest  []*repeat // answered, in order of time; those before first are gone
	first   int
	bytes   int
	pending int
}

// maxRepeatBytes bounds the answers that are remembered.
const maxRepeatBytes = 64 << 20

// repeatKey stands for a key and the credential it was used with. It is a hash, so that neither is kept.
type repeatKey [sha256.Size]byte

// fingerprint is a hash of a request.
type fingerprint [sha256.Size]byte

// repeat is what is known of one key.
type repeat struct {
	key     repeatKey
	request fingerprint
	done    bool // the answer is there; else the request is in flight
	expires time.Time
	answer  answer
}

// repetition says what a key means for a request.
type repetition uint8

const (
	firstTime repetition = iota // publish, then keep or drop
	replayed                    // the answer is there
	inFlight                    // the same key is being served
	mismatch                    // the key was used for another request
	crowded                     // too many keys are in flight
)

// repeatWords are the labels of metrics.
var repeatWords = [...]string{"first", "replayed", "in_flight", "mismatch"}

func newRepeats(window time.Duration, keys int) *repeats {
	return &repeats{window: window, max: keys, byKey: make(map[repeatKey]*repeat)}
}

// claim takes key for a request, or says why not. After firstTime, keep or drop must be called with what it returned;
// after replayed, that holds the answer, which does not change any more.
func (r *repeats) claim(key repeatKey, f fingerprint, now time.Time) (repetition, *repeat) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expire(now)
	known, ok := r.byKey[key]
	switch {
	case !ok && r.pending >= r.max:
		return crowded, nil
	case !ok:
		p := &repeat{key: key, request: f}
		r.byKey[key] = p
		r.pending++
		return firstTime, p
	case known.request != f:
		return mismatch, nil
	case !known.done:
		return inFlight, nil
	}
	return replayed, known
}

// keep remembers the answer of a claimed key.
func (r *repeats) keep(p *repeat, a answer, now time.Time) {
	a.body = bytes.Clone(a.body)
	r.mu.Lock()
	defer r.mu.Unlock()
	p.done, p.answer, p.expires = true, a, now.Add(r.window)
	r.pending--
	r.oldest = append(r.oldest, p)
	r.bytes += len(a.body)
	r.expire(now)
}

// drop forgets a claimed key, unless it was kept: then the key may have been forgotten and claimed again meanwhile.
func (r *repeats) drop(p *repeat) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !p.done {
		delete(r.byKey, p.key)
		r.pending--
	}
}

func (r *repeats) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.byKey)
}

// expire forgets the answers that are too old or too many.
func (r *repeats) expire(now time.Time) {
	for ; r.first < len(r.oldest); r.first++ {
		p := r.oldest[r.first]
		if now.Before(p.expires) && len(r.oldest)-r.first <= r.max && r.bytes <= maxRepeatBytes {
			break
		}
		delete(r.byKey, p.key)
		r.bytes -= len(p.answer.body)
		r.oldest[r.first] = nil
	}
	if r.first > len(r.oldest)/2 {
		r.oldest = append(r.oldest[:0], r.oldest[r.first:]...)
		r.first = 0
	}
}
