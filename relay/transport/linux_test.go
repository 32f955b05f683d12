package transport_test

import (
	"net/netip"
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
