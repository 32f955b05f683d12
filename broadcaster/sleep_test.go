package broadcaster_test

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"eventrelay/broadcaster"
	"eventrelay/relay"
)

// sleeper is a loop that sleeps whenever it may, until it is woken, and counts the bytes that its clients took.
type sleeper struct {
	*sim
	shard relay.Shard
	took  atomic.Int64
	stop  chan struct{}
}

func (l *sleeper) Send(slot relay.Slot, p []byte) (int, error) {
	n, err := l.sim.Send(slot, p)
	l.took.Add(int64(n))
	return n, err
}

func (l *sleeper) run(seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	for {
		for more := true; more; more = l.shard.Pass(1 + rng.IntN(20)) {
			for slot, k := range l.socks {
				if k.full && rng.IntN(2) == 0 {
					k.full, k.room = false, rng.IntN(10)
					l.shard.Writable(slot)
				}
			}
			if rng.IntN(4) == 0 {
				runtime.Gosched()
			}
		}
		full := false
		for _, k := range l.socks {
			full = full || k.full
		}
		if full || !l.shard.Sleep() {
			continue
		}
		select {
		case <-l.wakes:
		case <-l.stop:
			return
		}
		l.shard.Awake()
	}
}

// An append that comes at any moment of a loop's falling asleep is delivered without another, with sockets that fill and drain.
func TestShard_Sleep_noAppendIsLost(t *testing.T) {
	rounds := 10_000
	if testing.Short() {
		rounds = 3_000
	}
	for procs := 1; procs <= 4; procs++ {
		noAppendIsLost(t, procs, rounds/4)
	}
}

func noAppendIsLost(t *testing.T, procs, rounds int) {
	const loops, clients, publishers = 2, 5, 2
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
	b := broadcaster.New(broadcaster.Options{})
	var all []*sleeper
	var running sync.WaitGroup
	for i := range loops {
		l := &sleeper{sim: newSim(), stop: make(chan struct{})}
		l.shard = b.NewShard(l)
		for slot := range relay.Slot(clients) {
			k := l.open(l.shard, slot)
			if slot > 0 {
				k.room = 5
			}
			if err := l.shard.Subscribe(slot, "a", relay.Plain); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, l)
		running.Go(func() { l.run(uint64(i)) })
	}
	defer running.Wait()
	defer func() {
		for _, l := range all {
			close(l.stop)
			l.Wake()
		}
	}()
	ev := event("a", "1234") // a frame of 6 bytes
	for n := range rounds {
		var publishing sync.WaitGroup
		for range publishers {
			publishing.Go(func() { b.Append(ev) })
		}
		publishing.Wait()
		for i, l := range all {
			want := int64(6 * clients * publishers * (n + 1))
			for until := time.Now().Add(20 * time.Second); l.took.Load() != want; runtime.Gosched() {
				if time.Now().After(until) {
					t.Fatalf("with %d Ps, clients of loop %d lack %d bytes after round %d", procs, i, want-l.took.Load(), n)
				}
			}
		}
	}
}
