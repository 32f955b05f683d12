package broadcaster_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"eventrelay/broadcaster"
	"eventrelay/relay"
)

// However many clients come and go between and during passes, each pass reaches all who were there when the event came:
// there may be no other before the next event.
func TestShard_Pass_everybody(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 0))
			b := broadcaster.New(broadcaster.Options{})
			d := newSim()
			s := b.NewShard(d)
			var here []relay.Slot
			var want []int // bytes, by slot
			join := func(n int) {
				for range n {
					slot := relay.Slot(len(want))
					d.open(s, slot)
					require.NoError(t, s.Subscribe(slot, "a", relay.Plain))
					here, want = append(here, slot), append(want, 0)
				}
			}
			join(300)
			for range 50 {
				for range min(rng.IntN(40), len(here)/2) {
					i := rng.IntN(len(here))
					s.Close(here[i], relay.ReasonClient, nil)
					here[i] = here[len(here)-1]
					here = here[:len(here)-1]
				}
				passAll(s)
				b.Append(event("a", "1234"))
				for _, slot := range here {
					want[slot] += 6
				}
				for s.Pass(1 + rng.IntN(100)) {
					join(rng.IntN(5))
				}
				for _, slot := range here {
					if got := len(d.socks[slot].got); got != want[slot] {
						t.Fatalf("slot %d has %d bytes of %d", slot, got, want[slot])
					}
				}
			}
		})
	}
}
