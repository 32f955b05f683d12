package transport

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// Out of descriptors, every driver fails many times a second; the log says so once.
func TestServer_acceptFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := &Server{start: time.Now(), deps: Deps{Log: slog.New(slog.NewTextHandler(&log, nil))}}
		a, b := new(stats), new(stats)
		for range 30 { // three seconds
			s.acceptFailed(a, assert.AnError)
			s.acceptFailed(b, assert.AnError)
			time.Sleep(100 * time.Millisecond)
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		assert.Len(t, lines, 3)
		assert.Contains(t, lines[2], "count=20")
		assert.EqualValues(t, 30, b.acceptFails.Load())
	})
}
