package transport

import (
	"bytes"
	"log/slog"
	"net/netip"
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
			time.Sleep(100 * time.Millisecond) // of the bubble's clock
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		assert.Len(t, lines, 3)
		assert.Contains(t, lines[2], "count=20")
		assert.EqualValues(t, 30, b.acceptFails.Load())
	})
}

// A page learns nothing of a refused handshake, so the log names the first at once; a flood of them is a line a second.
func TestServer_refused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := &Server{start: time.Now(), deps: Deps{Log: slog.New(slog.NewTextHandler(&log, nil))}}
		for range 1000 {
			s.refused(errUnavailable, netip.AddrPort{})
			time.Sleep(2 * time.Millisecond) // of the bubble's clock
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		assert.Len(t, lines, 2)
		assert.Contains(t, lines[0], "count=1")
		assert.Contains(t, lines[0], errUnavailable.Reason)
		assert.Contains(t, lines[1], "count=500")
	})
}
