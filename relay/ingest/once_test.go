package ingest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

func TestHandler_replays(t *testing.T) {
	r := open(t)
	first := r.post("/publish/a", `{"n":1}`, `Idempotency-Key: "k-1"`)
	require.Equal(t, 200, first.Code)
	assert.Empty(t, first.Header().Get("Idempotency-Replayed"))
	again := r.post("/publish/a", `{"n":1}`, "Idempotency-Key: k-1") // the quotes are optional
	assert.Equal(t, 200, again.Code)
	assert.Equal(t, "true", again.Header().Get("Idempotency-Replayed"))
	assert.Equal(t, first.Body.String(), again.Body.String())
	assert.Len(t, r.fake.events(), 1)

	others := map[string]func() *httptest.ResponseRecorder{
		"body":  func() *httptest.ResponseRecorder { return r.post("/publish/a", `{"n":2}`, "Idempotency-Key: k-1") },
		"topic": func() *httptest.ResponseRecorder { return r.post("/publish/b", `{"n":1}`, "Idempotency-Key: k-1") },
		"query": func() *httptest.ResponseRecorder {
			return r.post("/publish/a?event_id=3", `{"n":1}`, "Idempotency-Key: k-1")
		},
		"type": func() *httptest.ResponseRecorder {
			return r.post("/publish/a", `{"n":1}`, "Idempotency-Key: k-1", "Content-Type: text/plain")
		},
	}
	for name, other := range others {
		assert.Equal(t, 422, other().Code, name)
	}
	assert.Len(t, r.fake.events(), 1)

	assert.Empty(t, r.post("/publish/a", `{"n":1}`, "Idempotency-Key: k-2").Header().Get("Idempotency-Replayed"))
	assert.Empty(t, r.post("/publish/a", `{"n":1}`, "Idempotency-Key: k-1", "X-Api-Key: other").Header().Get("Idempotency-Replayed"),
		"the keys of two publishers are two keys")
	assert.Len(t, r.fake.events(), 3)
}

func TestHandler_repeatKeys(t *testing.T) {
	for _, key := range []string{"", `""`, strings.Repeat("k", 256), "é", "a\tb"} {
		r := open(t)
		assert.Equal(t, 400, r.post("/publish", "1", "Idempotency-Key: "+key).Code, "%q", key)
		assert.Zero(t, r.fake.calls)
	}
	assert.Equal(t, 400, open(t).post("/publish", "1", "Idempotency-Key: a", "Idempotency-Key: b").Code)
}

// What handed nothing on may be tried again; what did is never done twice.
func TestHandler_remembersWhatWasHandedOn(t *testing.T) {
	tests := []struct {
		name   string
		result relay.Result
		kept   bool
	}{
		{"accepted", relay.Result{}, true},
		{"dropped", relay.Result{Verdict: relay.Dropped}, true},
		{"rejected", relay.Result{Verdict: relay.Rejected}, false},
		{"rejected after emitting", relay.Result{Verdict: relay.Rejected, Emitted: 1}, true},
		{"failed", relay.Result{Verdict: relay.Failed}, false},
		{"busy", relay.Result{Err: relay.ErrBusy}, false},
		{"closed", relay.Result{Err: relay.ErrClosed}, false},
	}
	for _, tt := range tests {
		r := newRig(Options{}, fakeGate{}, func(context.Context, *relay.Event) relay.Result { return tt.result })
		first := r.post("/publish", "1", "Idempotency-Key: k")
		again := r.post("/publish", "1", "Idempotency-Key: k")
		assert.Equal(t, first.Code, again.Code, tt.name)
		assert.Equal(t, tt.kept, again.Header().Get("Idempotency-Replayed") != "", tt.name)
		assert.Equal(t, tt.kept, r.fake.calls == 1, tt.name)
	}
	r := open(t)
	assert.Equal(t, 400, r.post("/publish", "nope", "Idempotency-Key: k").Code)
	assert.Equal(t, 200, r.post("/publish", "1", "Idempotency-Key: k").Code, "a mended request may use its key")
}

func TestHandler_batchIsRememberedAsAWhole(t *testing.T) {
	r := newRig(Options{}, fakeGate{}, func(_ context.Context, ev *relay.Event) relay.Result {
		if string(ev.Payload) == "2" {
			return relay.Result{Err: relay.ErrTooLarge}
		}
		return relay.Result{}
	})
	first := r.post("/publish/a", "1\n2", lines, "Idempotency-Key: k")
	again := r.post("/publish/a", "1\n2", lines, "Idempotency-Key: k")
	assert.Equal(t, first.Body.String(), again.Body.String())
	assert.Len(t, r.fake.events(), 1)
}

func TestHandler_repeatInFlight(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	r := newRig(Options{}, fakeGate{}, func(context.Context, *relay.Event) relay.Result {
		close(begun)
		<-finish
		return relay.Result{}
	})
	var wg sync.WaitGroup
	wg.Go(func() { assert.Equal(t, 200, r.post("/publish", "1", "Idempotency-Key: k").Code) })
	<-begun
	w := r.post("/publish", "1", "Idempotency-Key: k")
	assert.Equal(t, 409, w.Code)
	assert.Equal(t, "1", w.Header().Get("Retry-After"))
	close(finish)
	wg.Wait()
	assert.Equal(t, "true", r.post("/publish", "1", "Idempotency-Key: k").Header().Get("Idempotency-Replayed"))
	assert.Equal(t, 1, r.fake.calls)
}

func TestHandler_racingRepeats(t *testing.T) {
	r := open(t)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			code := r.post("/publish", "1", "Idempotency-Key: k").Code
			assert.Contains(t, []int{200, 409}, code)
		})
	}
	wg.Wait()
	assert.Len(t, r.fake.events(), 1)
}

func TestHandler_panicFreesTheKey(t *testing.T) {
	boom := true
	r := newRig(Options{}, fakeGate{}, func(context.Context, *relay.Event) relay.Result {
		if boom {
			panic("boom")
		}
		return relay.Result{}
	})
	assert.Panics(t, func() { r.post("/publish", "1", "Idempotency-Key: k") })
	boom = false
	assert.Equal(t, 200, r.post("/publish", "1", "Idempotency-Key: k").Code)
	assert.Zero(t, r.stats.inflight.Load())
}

// A client that hangs up must not leave half a batch behind under a key.
func TestHandler_repeatIgnoresCancel(t *testing.T) {
	r := newRig(Options{}, fakeGate{}, func(ctx context.Context, _ *relay.Event) relay.Result {
		return relay.Result{Err: ctx.Err()}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for key, want := range map[string]int{"": 503, "k": 200} {
		req := httptest.NewRequestWithContext(ctx, "POST", "/publish", strings.NewReader("1"))
		if key != "" {
			req.Header.Set("Idempotency-Key", key)
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		assert.Equal(t, want, w.Code)
	}
}

func TestRepeats_forgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(Options{IdempotencyWindow: time.Minute, IdempotencyKeys: 3}, fakeGate{}, nil)
		replayed := func(key int) bool {
			w := r.post("/publish", "1", fmt.Sprintf("Idempotency-Key: %d", key))
			return w.Header().Get("Idempotency-Replayed") != ""
		}
		assert.False(t, replayed(1))
		time.Sleep(59 * time.Second) // of the bubble's clock
		assert.True(t, replayed(1))
		time.Sleep(time.Second) // of the bubble's clock
		assert.False(t, replayed(1), "its time is over")

		for key := 2; key <= 4; key++ {
			assert.False(t, replayed(key))
		}
		assert.False(t, replayed(1), "the oldest went first")
		assert.True(t, replayed(3))
		assert.True(t, replayed(4))
		assert.Equal(t, 3, r.repeats.len())
		time.Sleep(time.Hour) // of the bubble's clock
		replayed(5)
		assert.Equal(t, 1, r.repeats.len())
	})
}

func TestRepeats_bounds(t *testing.T) {
	now := time.Now()
	r := newRepeats(time.Hour, 1000)
	key := func(i int) repeatKey { return sha256.Sum256([]byte{byte(i)}) }
	for i := range 100 {
		met, claimed := r.claim(key(i), fingerprint{}, now)
		require.Equal(t, firstTime, met)
		r.keep(claimed, answer{body: make([]byte, 1<<20)}, now)
		require.LessOrEqual(t, r.bytes, maxRepeatBytes)
	}
	assert.Equal(t, 64, r.len())

	r = newRepeats(time.Hour, 2)
	var first *repeat
	for i, want := range []repetition{firstTime, firstTime, crowded} {
		met, claimed := r.claim(key(i), fingerprint{}, now)
		assert.Equal(t, want, met)
		if i == 0 {
			first = claimed
		}
	}
	r.drop(first)
	met, _ := r.claim(key(3), fingerprint{}, now)
	assert.Equal(t, firstTime, met)
}

// A request is done with its key when the answer is kept, even if the key is soon forgotten and claimed by another.
func TestRepeats_claimedAgain(t *testing.T) {
	now := time.Now()
	r := newRepeats(time.Hour, 1)
	key, other := repeatKey{1}, repeatKey{2}
	_, first := r.claim(key, fingerprint{}, now)
	r.keep(first, answer{}, now)
	_, between := r.claim(other, fingerprint{}, now)
	r.keep(between, answer{}, now)
	met, second := r.claim(key, fingerprint{}, now)
	require.Equal(t, firstTime, met, "the other one took its room")
	r.drop(first)
	met, _ = r.claim(key, fingerprint{}, now)
	assert.Equal(t, inFlight, met, "still the second request's")
	r.keep(second, answer{status: 200}, now)
	met, again := r.claim(key, fingerprint{}, now)
	assert.Equal(t, replayed, met)
	assert.Equal(t, 200, again.answer.status)
	assert.Zero(t, r.pending)
}
