package main

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What is said to be skipped must be all that was decided, and no more.
func TestPublish_resume(t *testing.T) {
	const busy = `{"status":429,"detail":"busy"}`
	accept := func(w http.ResponseWriter, p posted) { answerBatch(w, make([]string, len(p.lines()))) }
	revoked := func(w http.ResponseWriter) { answerJSON(w, 401, `{"detail":"the key was revoked"}`) }
	tests := []struct {
		name   string
		script func(n int, w http.ResponseWriter, p posted)
		want   string
	}{
		{"after a batch of which one was busy at first", func(n int, w http.ResponseWriter, p posted) {
			switch n {
			case 0:
				results := make([]string, 500)
				results[2] = busy
				answerBatch(w, results)
			case 1:
				accept(w, p)
			default:
				revoked(w)
			}
		}, "; go on with --skip 500\n"},
		{"while some are busy", func(n int, w http.ResponseWriter, p posted) {
			if n == 0 {
				results := make([]string, 500)
				results[2], results[9] = busy, busy
				answerBatch(w, results)
				return
			}
			revoked(w)
		}, "; go on with --skip 2, which publishes 496 lines after it again\n"},
		{"while the end is busy", func(n int, w http.ResponseWriter, p posted) {
			if n == 0 {
				results := make([]string, 500)
				results[498], results[499] = busy, busy
				answerBatch(w, results)
				return
			}
			revoked(w)
		}, "; go on with --skip 498\n"},
		{"without an answer", func(n int, w http.ResponseWriter, p posted) {
			if n == 0 {
				accept(w, p)
				return
			}
			panic(http.ErrAbortHandler) // cuts the connection
		}, "; go on with --skip 500; no answer came to lines 501 to 1000, which may have been published\n"},
		{"without any answer", func(int, http.ResponseWriter, posted) {
			panic(http.ErrAbortHandler)
		}, "; go on with --skip 0; no answer came to lines 1 to 500, which may have been published\n"},
		{"by a proxy that gave up", func(_ int, w http.ResponseWriter, _ posted) {
			w.WriteHeader(http.StatusGatewayTimeout)
		}, "; go on with --skip 0; no answer came to lines 1 to 500, which may have been published\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeRelay(t, tt.script)
			got := run(t, "publish", "t", "--url", f.URL, "--file", file(t, "e", numbered(1200)), "--retry-for", "500ms")
			assert.Equal(t, exitFailed, got.code)
			assert.Contains(t, got.err, tt.want)
		})
	}
}

// A request that is under way when the user interrupts goes on in the relay.
func TestPublish_resumeAfterInterruption(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	f := newFakeRelay(t, func(n int, w http.ResponseWriter, p posted) {
		if n == 1 {
			cancel(&exitError{code: 130})
		}
		answerBatch(w, make([]string, len(p.lines())))
	})
	got := invocation{}.runContext(ctx, "publish", "t", "--url", f.URL, "--file", file(t, "e", numbered(1200)))
	assert.Equal(t, 130, got.code)
	assert.Regexp(t, `stopped after line (500; go on with --skip 500; no answer came to lines 501 to 1000, which may have been published|1000; go on with --skip 1000)\n`, got.err)
}
