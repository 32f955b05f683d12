package broadcaster_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/broadcaster"
	"eventrelay/relay"
)

// Publishers that are faster than the passes are held back, at the cost of nobody, and go on when there is room.
func TestFull_Flood(t *testing.T) {
	const clients, memory = 300, 4 * relay.MiB
	b, d := broadcaster.New(broadcaster.Options{MaxLag: 64 * relay.KiB, Memory: memory}), newSim()
	s := b.NewShard(d)
	for i := range relay.Slot(clients) {
		d.open(s, i)
		require.NoError(t, s.Subscribe(i, "t", relay.Plain))
	}
	payload := strings.Repeat("x", 20)
	appended, held, told := 0, 0, 0
	for round := 0; held < 10; round++ {
		require.Less(t, round, 10_000)
		if !b.Full(func() { told++ }) {
			for range 500 {
				b.Append(event("t", payload))
			}
			appended += 500
		} else {
			held++
			before := told
			for told == before {
				require.True(t, s.Pass(64), "nothing left to do, and no room")
			}
		}
		s.Pass(64)
		require.LessOrEqual(t, b.Stats().Memory, uint64(memory)*5/4)
	}
	passAll(s)
	assert.Equal(t, held, told)
	assert.False(t, b.Full(nil))
	assert.Empty(t, d.closed, "nobody was slow but us")
	for i := range relay.Slot(clients) {
		require.Len(t, d.socks[i].got, appended*(2+len(payload)))
	}
	assert.EqualValues(t, held, metric(b, "relay_fanout_holdbacks_total", ""))
}

// A pass over clients that always have more to get ends all the same, so that what all have is let go.
func TestPass_Settles(t *testing.T) {
	b, d := broadcaster.New(broadcaster.Options{}), newSim()
	s := b.NewShard(d)
	for i := range relay.Slot(100) {
		d.open(s, i)
		require.NoError(t, s.Subscribe(i, "t", relay.Plain))
	}
	payload := strings.Repeat("x", 40<<10) // two to a send
	for range 100 {
		for range 3 {
			b.Append(event("t", payload))
		}
		s.Pass(110)
	}
	assert.Less(t, b.Stats().Events, 200, "of 300, of which all have a third")
}

// Stuck clients hold nobody back: when they fill the memory, they are made to go, though no append comes any more.
func TestFull_Stuck(t *testing.T) {
	for _, policy := range []broadcaster.Policy{broadcaster.Disconnect, broadcaster.Skip, broadcaster.Latest} {
		t.Run(string(policy), func(t *testing.T) {
			k := stuckMany(t, broadcaster.Options{Slow: policy, MaxLag: relay.GiB, Memory: relay.MiB}, 100, relay.Plain)
			for i := range 100 {
				for range 200 {
					k.b.Append(event(relay.Topic("t."+strconv.Itoa(i)), strings.Repeat("x", 1000)))
				}
			}
			told := false
			require.True(t, k.b.Full(func() { told = true }), "no pass has come in between")
			passAll(k.s)
			for n := 0; !told; n++ {
				require.Less(t, n, 10)
				k.b.LookAgain()
				k.s.Tick()
				passAll(k.s)
			}
			assert.False(t, k.b.Full(nil))
		})
	}
}

// Close keeps no publisher waiting.
func TestFull_Close(t *testing.T) {
	k := stuckMany(t, broadcaster.Options{Memory: 1}, 1, relay.Plain)
	k.b.Append(event("t.0", "x"))
	told := 0
	require.True(t, k.b.Full(func() { told++ }))
	require.NoError(t, k.b.Close())
	assert.Equal(t, 1, told)
	assert.False(t, k.b.Full(nil))
}

// What the budget counts is what the heap holds, for events of any size.
func TestMemory_perEvent(t *testing.T) {
	const n = 20_000
	for _, size := range []int{0, 20, 128, 1000} {
		k := stuckMany(t, broadcaster.Options{MaxLag: relay.GiB, Memory: relay.GiB}, 1, relay.Plain)
		heap := heapOf(func() any {
			for range n {
				ev := event("t.0", strings.Repeat("x", size))
				ev.ID = relay.NewEventID()
				k.b.Append(ev)
			}
			passAll(k.s)
			return k
		})
		counted := float64(k.b.Stats().Memory)
		t.Logf("%d bytes: %.0f counted, %.0f in the heap", size, counted/n, heap/n)
		assert.InEpsilon(t, heap, counted, 0.2, "%d bytes", size)
	}
}
