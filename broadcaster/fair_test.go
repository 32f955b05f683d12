package broadcaster_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/broadcaster"
	"eventrelay/relay"
)

// Slow clients whose sockets drain all the time, more of them than a call of Pass serves, keep those that read from nothing,
// and are served in turn.
func TestShard_Pass_fair(t *testing.T) {
	const slow, fast, budget = 100, relay.Slot(100), 64
	b := broadcaster.New(broadcaster.Options{})
	d := newSim()
	s := b.NewShard(d)
	for slot := range fast + 1 {
		d.open(s, slot)
		require.NoError(t, s.Subscribe(slot, "a", relay.Plain))
	}
	for slot := range relay.Slot(slow) {
		d.socks[slot].room = 0
	}
	want := 0
	for round := range 20 {
		b.Append(event("a", fmt.Sprintf("%04d", round)))
		want += 6
		for slot := range relay.Slot(slow) { // all have drained a little
			if k := d.socks[slot]; k.full {
				k.room, k.full = 1, false
				s.Writable(slot)
			}
		}
		for range 4 {
			s.Pass(budget)
		}
		require.Len(t, d.socks[fast].got, want, "round %d", round)
	}
	least, most := 1<<30, 0
	for slot := range relay.Slot(slow) {
		least, most = min(least, len(d.socks[slot].got)), max(most, len(d.socks[slot].got))
	}
	assert.GreaterOrEqual(t, 2*least, most, "nobody is left for last for ever")
}
