package transport

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"eventrelay/relay"
)

// What is set on listeners is in force on the sockets that they accept, in both drivers.
func TestSocketOptions_inherited(t *testing.T) {
	o := Options{SendBuffer: 20 * relay.KiB, PingInterval: 7 * time.Second, PongTimeout: 3 * time.Second}.withDefaults()
	check := func(t *testing.T, fd int) {
		for _, tc := range []struct {
			what               string
			level, name, value int
		}{
			{"SO_SNDBUF, which Linux doubles", unix.SOL_SOCKET, unix.SO_SNDBUF, 40 << 10},
			{"TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
			{"TCP_NOTSENT_LOWAT", unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, 16 << 10},
			{"TCP_USER_TIMEOUT", unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 10_000},
		} {
			got, err := unix.GetsockoptInt(fd, tc.level, tc.name)
			require.NoError(t, err)
			assert.Equal(t, tc.value, got, tc.what)
		}
	}
	t.Run("epoll", func(t *testing.T) {
		listener, client := dialListener(t, &o)
		_, _, err := accept(listener)
		require.ErrorIs(t, err, unix.EAGAIN, "nothing was asked for yet")
		_, err = client.Write([]byte("G"))
		require.NoError(t, err)
		check(t, acceptFrom(t, listener, client))
	})
	t.Run("portable", func(t *testing.T) {
		ln, err := listenTuned("127.0.0.1:0", &o)
		require.NoError(t, err)
		defer ln.Close()
		client, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(t, err)
		defer client.Close()
		_, err = client.Write([]byte("G")) // else it takes a second
		require.NoError(t, err)
		c, err := ln.Accept()
		require.NoError(t, err)
		defer c.Close()
		raw, err := c.(*net.TCPConn).SyscallConn()
		require.NoError(t, err)
		require.NoError(t, raw.Control(func(fd uintptr) { check(t, int(fd)) }))
	})
}

// A client that says nothing comes to us after a second, to be timed.
func TestSocketOptions_silentClient(t *testing.T) {
	t.Parallel()
	o := Options{}.withDefaults()
	listener, client := dialListener(t, &o)
	begun := time.Now()
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}, 10_000)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	assert.Greater(t, time.Since(begun), time.Second/2)
	acceptFrom(t, listener, client)
}

// dialListener listens as the epoll driver does, and connects to that.
func dialListener(t *testing.T, o *Options) (listener int, client net.Conn) {
	t.Helper()
	fds, bound, err := listenAll("127.0.0.1:0", 1, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Close(fds[0]) })
	client, err = net.Dial("tcp", bound.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return fds[0], client
}

// acceptFrom takes the client's connection.
func acceptFrom(t *testing.T, listener int, client net.Conn) (fd int) {
	t.Helper()
	fd, remote, err := accept(listener)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	assert.Equal(t, client.LocalAddr().String(), remote.String())
	return fd
}
