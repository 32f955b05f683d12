package plugins

import (
	crand "crypto/rand"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"time"
)

// world is where filters have the time and what is random from, where they are granted it.
type world struct {
	now    func() time.Time
	random io.Reader
	pinned bool // on a desk: every clock is the event's
}

// realWorld is that of a server.
var realWorld = world{now: time.Now, random: crand.Reader}

// Pin makes a filter on a desk do the same each time: wherever it reads a clock it finds the time of the event at hand,
// values in its key-value store expire by that, and what is random comes from Seed.
type Pin struct {
	Now  time.Time // while the filter starts
	Seed uint64
}

// pinnedWorld returns a world whose time is what clock points to.
func pinnedWorld(p Pin, clock *time.Time) world {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], p.Seed)
	*clock = p.Now
	return world{now: func() time.Time { return *clock }, random: rand.NewChaCha8(seed), pinned: true}
}
