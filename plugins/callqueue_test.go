package plugins

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// A queue does what a slice does, however its room is used again.
func TestCallQueue(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var q callQueue
	var want []*hookCall
	for range 20_000 {
		switch n := random.IntN(100); {
		case n < 48:
			h := &hookCall{}
			q.push(h)
			want = append(want, h)
		case len(want) == 0:
		case n < 50: // all, so that room is given up
			for _, h := range want {
				require.Same(t, h, q.pop())
			}
			want = nil
		default:
			h := q.pop()
			require.Same(t, want[0], h)
			want = want[1:]
			if n < 60 {
				q.pushFront(h)
				want = append([]*hookCall{h}, want...)
			}
		}
		require.Equal(t, len(want), q.len())
		if len(want) > 0 {
			require.Same(t, want[0], q.first())
			require.True(t, q.contains(func(h *hookCall) bool { return h == want[len(want)-1] }))
		}
	}
}
