package transport_test

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"eventrelay/relay/transport"
)

// Out of descriptors, the loop neither spins nor forgets who waits.
func TestLoop_outOfDescriptors(t *testing.T) {
	r := serve(t, "epoll", func(o *transport.Options, _ *transport.Deps) { o.Loops = 1 })
	bystander := r.connect("")
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0) // made before the limit falls, since it counts too
	require.NoError(t, err)
	defer unix.Close(fd)

	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: old.Max}))
	addr := netip.MustParseAddrPort(r.addr)
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()})
	if err == nil {
		_, err = unix.Write(fd, []byte(handshake("")))
	}
	assert.NoError(t, err)
	assert.Eventually(t, func() bool { return r.metric("relay_accept_errors_total") >= 2 }, patience, time.Millisecond, "it tries again")
	assert.Less(t, r.metric("relay_accept_errors_total"), 100.0, "but does not spin")
	bystander.text("alive")
	bystander.wantText("alive")
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old))

	answer := make([]byte, 12)
	_, err = unix.Read(fd, answer)
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 101", string(answer))
}

// rawClient opens a WebSocket with a bare descriptor, so that only the server's memory is measured.
func rawClient(t testing.TB, addr netip.AddrPort, headers ...string) (fd int) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Connect(fd, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}))
	_, err = unix.Write(fd, []byte(handshake("", headers...)))
	require.NoError(t, err)
	answer := make([]byte, 512)
	_, err = unix.Read(fd, answer)
	require.NoError(t, err)
	require.Contains(t, string(answer), "101")
	return fd
}

// An idle connection costs at most 160 bytes of heap, its place in the fan-out included.
func TestLoop_memoryPerConnection(t *testing.T) { memoryPerConnection(t) }

// So does one with permessage-deflate.
func TestLoop_memoryPerConnection_deflated(t *testing.T) { memoryPerConnection(t, offer) }

func memoryPerConnection(t *testing.T, headers ...string) {
	const n = 3000
	r := serve(t, "epoll", compression, func(o *transport.Options, _ *transport.Deps) { o.MaxConnections = n + 200 })
	addr := netip.MustParseAddrPort(r.addr)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	fds := make([]int, 0, n+100)
	defer func() {
		for _, fd := range fds {
			_ = unix.Close(fd)
		}
	}()
	for range 100 { // grow what grows once
		fds = append(fds, rawClient(t, addr, headers...))
	}
	before := heap()
	for range n {
		fds = append(fds, rawClient(t, addr, headers...))
	}
	per := float64(heap()-before) / n
	t.Logf("%.0f bytes per connection", per)
	assert.Less(t, per, 160.0)
}
