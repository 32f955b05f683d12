package plugins

import (
	"context"
	"log/slog"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// meeting is a log whose second writer waits for a third.
type meeting struct {
	slog.Handler
	calls atomic.Int32
	third chan struct{}
	alone atomic.Bool
}

func (m *meeting) WithAttrs([]slog.Attr) slog.Handler { return m }

func (m *meeting) Handle(context.Context, slog.Record) error {
	switch m.calls.Add(1) {
	case 2:
		select {
		case <-m.third:
		case <-time.After(eventually):
			m.alone.Store(true)
		}
	case 3:
		close(m.third)
	}
	return nil
}

// A filter that starts slowly does not take a reload its time for every lane, one after the other: after the first, which
// shows whether it starts at all, instances start side by side.
func TestOpen_LanesStartSideBySide(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(2, runtime.GOMAXPROCS(0)))) // so many start side by side
	m := &meeting{Handler: slog.NewTextHandler(&syncBuffer{}, nil), third: make(chan struct{})}
	p, err := Open(t.Context(), Options{Lanes: 3}, []Filter{steady(Filter{Name: "f", Path: guest("logs_in_start")})}, &recorder{}, slog.New(m))
	require.NoError(t, err)
	require.NoError(t, p.Close())
	assert.False(t, m.alone.Load(), "the third instance waited for the second")
	assert.GreaterOrEqual(t, m.calls.Load(), int32(3))
}

// An instance that does not start ends the others' starts, and leaves nothing behind.
func TestOpen_OneLaneFails(t *testing.T) {
	f := Filter{Name: "f", Path: guest("starts_once"), Allow: []string{"kv"}}
	_, err := Open(t.Context(), Options{Lanes: 8}, []Filter{f}, &recorder{}, slog.New(slog.DiscardHandler))
	var load *LoadError
	require.ErrorAs(t, err, &load)
	assert.NotContains(t, err.Error(), "cancelled", "the cause, not what it made of the others")
}
