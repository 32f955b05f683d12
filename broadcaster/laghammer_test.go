package broadcaster_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/broadcaster"
	"eventrelay/relay"
)

// TestHammer_Lagging: publishers append while loops serve clients whose sockets fill and drain at random, so that entries
// are replaced by one loop while another sends them. In the end every client has its newest events, and got and missed add
// up.
func TestHammer_Lagging(t *testing.T) {
	const loops, clients, publishers, events = 3, 6, 2, 3000
	for _, policy := range []broadcaster.Policy{broadcaster.Skip, broadcaster.Latest} {
		t.Run(string(policy), func(t *testing.T) {
			b := broadcaster.New(broadcaster.Options{Slow: policy, MaxLag: 64 * relay.KiB})
			var done atomic.Bool
			var passes atomic.Int64
			var serving, publishing sync.WaitGroup
			sims := make([]*sim, loops)
			for i := range sims {
				d := newSim()
				sims[i] = d
				s := b.NewShard(d)
				for slot := range relay.Slot(clients) {
					d.open(s, slot).room = 0
					require.NoError(t, s.Subscribe(slot, []relay.Pattern{"p.*", ">", "p.0"}[slot%3], relay.Envelope))
				}
				serving.Go(func() { serve(s, d, &done, &passes, uint64(i)) })
			}
			for p := range publishers {
				publishing.Go(func() {
					for n := range events {
						for begun := passes.Load(); n%100 == 0 && passes.Load() < begun+10*loops; { // else all may be there before anybody lags
							runtime.Gosched()
						}
						b.Append(event(relay.Topic(fmt.Sprintf("p.%d", p)), fmt.Sprintf("%d %d %s", p, n, strings.Repeat("x", n%500))))
					}
				})
			}
			publishing.Wait()
			done.Store(true)
			serving.Wait()
			missed := 0
			for _, d := range sims {
				for slot, k := range d.socks {
					missed += followed(t, k, publishers-int(slot%3)/2, events)
				}
			}
			assert.Positive(t, missed)
			assert.Zero(t, b.Stats().Bytes)
			feeds, entries := b.Kept()
			assert.Zero(t, feeds+entries)
		})
	}
}

// serve is a loop over made-up sockets, of which some drain before each pass. At the end all do.
func serve(s relay.Shard, d *sim, done *atomic.Bool, passes *atomic.Int64, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 3))
	for last := false; !last; {
		last = done.Load()
		for slot, k := range d.socks {
			if last {
				k.room = -1
			} else if rng.IntN(3) == 0 {
				k.room = rng.IntN(3000)
			}
			if k.room != 0 && k.full {
				k.full = false
				s.Writable(slot)
			}
		}
		if last {
			passAll(s)
		} else {
			s.Pass(1 + rng.IntN(8))
			passes.Add(1)
		}
	}
}

// followed checks what one client got: each publisher's events in order, the newest of each, and with what it was told that
// it missed, all. It returns how many it missed.
func followed(t *testing.T, k *sock, publishers, events int) (missed int) {
	next := make([]int, publishers)
	got := 0
	for _, f := range frames(t, k.got) {
		var it item
		require.NoError(t, json.Unmarshal([]byte(f.payload), &it))
		if missed += it.Missed; it.Missed > 0 {
			continue
		}
		var p, n int
		_, err := fmt.Sscan(it.Data, &p, &n)
		require.NoError(t, err)
		require.GreaterOrEqual(t, n, next[p])
		next[p] = n + 1
		got++
	}
	assert.Equal(t, publishers*events, got+missed)
	return missed
}
