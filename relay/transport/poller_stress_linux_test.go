package transport

import (
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A wake that comes at any moment of a wait ends it, whatever deadlines pass meanwhile, however many Ps there are, and
// though sockets of the instance become ready and are looked at by the runtime at the same time.
func TestPoller_noWakeIsLost(t *testing.T) {
	rounds := 100_000
	if testing.Short() {
		rounds = 30_000
	}
	was := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(was)
	p, err := openPoller()
	require.NoError(t, err)
	defer p.close()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	require.NoError(t, err)
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	require.NoError(t, p.add(fds[0], 7, unix.EPOLLIN|unix.EPOLLET))

	var asked, seen atomic.Int64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		events := make([]unix.EpollEvent, 4)
		rng := rand.New(rand.NewPCG(1, 2))
		for {
			select {
			case <-stop:
				return
			default:
			}
			// The longest wait is longer than the test waits: what is lost is not mended by a deadline.
			timeout := time.Hour
			if rng.IntN(4) == 0 {
				timeout = time.Duration(rng.IntN(50_000)) // as short as a round
			}
			for _, ev := range events[:p.wait(events, timeout)] {
				if ev.Fd == wakeID {
					seen.Store(asked.Load())
				}
			}
		}
	}()
	go func() { // noise
		var b [1]byte
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			_, _ = unix.Write(fds[1], b[:])
			_, _ = unix.Read(fds[0], b[:])
			if i%1000 == 0 {
				runtime.GOMAXPROCS(1 + i/1000%4)
			}
			runtime.Gosched()
		}
	}()
	for i := range rounds {
		n := asked.Add(1)
		p.wake()
		for until := time.Now().Add(20 * time.Second); seen.Load() < n; runtime.Gosched() {
			if time.Now().After(until) {
				buf := make([]byte, 1<<20)
				t.Fatalf("wake %d was lost\n%s", i, buf[:runtime.Stack(buf, true)])
			}
		}
	}
	close(stop)
	p.wake()
	<-done
}
