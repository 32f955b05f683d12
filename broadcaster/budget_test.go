package broadcaster_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/broadcaster"
	"eventrelay/relay"
)

// stuckMany is a broadcaster with n stuck clients, each of a topic of its own: t.0, t.1, …
func stuckMany(t testing.TB, o broadcaster.Options, n int, form relay.Form) *stuck {
	k := &stuck{b: broadcaster.New(o), d: newSim()}
	k.s = k.b.NewShard(k.d)
	for i := range relay.Slot(n) {
		k.d.open(k.s, i).room = 0
		require.NoError(t, k.s.Subscribe(i, relay.Pattern(fmt.Sprintf("t.%d", i)), form))
	}
	return k
}

// Whatever fills the memory, and however many feeds share it, it is bounded.
func TestBudget_Holds(t *testing.T) {
	const memory = relay.MiB
	for _, policy := range []broadcaster.Policy{broadcaster.Disconnect, broadcaster.Skip, broadcaster.Latest} {
		for _, tc := range []struct {
			name         string
			topics, size int
			form         relay.Form
		}{
			{"one feed", 1, 1000, relay.Plain},
			{"one feed of empty events", 1, 0, relay.Plain},
			{"few feeds", 10, 5000, relay.Envelope},
			{"many feeds", 5000, 200, relay.Envelope},
			{"compressed", 10, 2000, relay.EnvelopeDeflated},
			{"newest events alone are too much", 100, 50_000, relay.Plain},
		} {
			t.Run(fmt.Sprint(policy, " ", tc.name), func(t *testing.T) {
				k := stuckMany(t, broadcaster.Options{Slow: policy, MaxLag: relay.GiB, Memory: memory}, tc.topics, tc.form)
				payload := strings.Repeat("x", tc.size)
				for i := range 20_000 {
					k.b.Append(event(relay.Topic(fmt.Sprintf("t.%d", i%tc.topics)), payload))
					passAll(k.s)
					require.LessOrEqual(t, k.b.Stats().Memory, uint64(memory)*9/8+uint64(tc.size), "after %d events", i)
				}
				if tc.topics >= 100 || policy != broadcaster.Latest {
					assert.Positive(t, metric(k.b, "relay_fanout_reliefs_total", ""))
				}
			})
		}
	}
}

// The feed that holds most is relieved first, and its client in the newer half of what waits is spared.
func TestBudget_HeaviestFirst(t *testing.T) {
	k := stuckMany(t, broadcaster.Options{MaxLag: relay.GiB, Memory: relay.MiB}, 100, relay.Plain)
	late := k.d.open(k.s, 100)
	late.room = 0
	for i := range 100 {
		k.append(relay.Topic(fmt.Sprintf("t.%d", i)), "small")
	}
	for i := range 900 {
		if i == 600 {
			require.NoError(t, k.s.Subscribe(100, "t.7", relay.Plain))
		}
		k.append("t.7", strings.Repeat("x", 1000))
	}
	for slot := range relay.Slot(101) {
		assert.Equal(t, slot != 7, broadcaster.Live(k.s, slot), "%d", slot)
	}
}

func TestBudget_Log(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		k := stuckMany(t, broadcaster.Options{
			Slow: broadcaster.Skip, MaxLag: relay.GiB, Memory: 100 * relay.KiB, Log: slog.New(slog.NewTextHandler(&log, nil)),
		}, 1, relay.Plain)
		fill := func() {
			for range 1000 {
				k.append("t.0", strings.Repeat("x", 1000))
			}
			k.s.Tick()
			k.s.Tick()
		}
		fill()
		fill()
		assert.Equal(t, 1, strings.Count(log.String(), "fanout.memory"), log.String())
		time.Sleep(time.Second) // of the bubble's clock: it is logged once a second at most
		k.s.Tick()
		assert.Equal(t, 2, strings.Count(log.String(), "fanout.memory"), "what came since")
		time.Sleep(time.Second) // of the bubble's clock, again
		k.s.Tick()
		assert.Equal(t, 2, strings.Count(log.String(), "fanout.memory"))
	})
}

// BenchmarkBudget is an append, its pass included, while 100,000 feeds are behind and the budget is spent.
func BenchmarkBudget(b *testing.B) {
	const feeds = 100_000
	k := stuckMany(b, broadcaster.Options{Slow: broadcaster.Skip, MaxLag: relay.GiB, Memory: 64 * relay.MiB}, feeds, relay.Plain)
	topics := make([]relay.Topic, feeds)
	for i := range topics {
		topics[i] = relay.Topic(fmt.Sprintf("t.%d", i))
	}
	payload := strings.Repeat("x", 128)
	for i := 0; k.b.Stats().Memory < 60<<20; i++ {
		k.append(topics[i%feeds], payload)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		k.append(topics[i%feeds], payload)
	}
	b.ReportMetric(float64(k.b.Stats().Memory>>20), "MiB")
}
