package transport

import (
	"bytes"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lazyPair returns a lazyConn and what is at its other end.
func lazyPair(tb testing.TB) (*lazyConn, *net.TCPConn) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	defer l.Close()
	dialed, err := net.Dial("tcp", l.Addr().String())
	require.NoError(tb, err)
	accepted, err := l.Accept()
	require.NoError(tb, err)
	c, err := newLazyConn(accepted.(*net.TCPConn))
	require.NoError(tb, err)
	tb.Cleanup(func() { _, _ = c.Close(), dialed.Close() })
	return c, dialed.(*net.TCPConn)
}

const soon = 20 * time.Millisecond

func TestLazyConn_readDeadline(t *testing.T) {
	c, peer := lazyPair(t)
	buf := make([]byte, 8)
	for range 2 { // the second time, the socket's deadline is an old one
		require.NoError(t, c.SetReadDeadline(time.Now().Add(soon)))
		begun := time.Now()
		_, err := c.Read(buf)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.GreaterOrEqual(t, time.Since(begun), soon-time.Millisecond)
	}
	_, _ = peer.Write([]byte("late"))
	_, err := c.Read(buf)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "a deadline that passed refuses what has come")
	require.NoError(t, c.SetReadDeadline(time.Time{}))
	n, err := c.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, "late", string(buf[:n]))
}

// waiting returns when a Read of c waits.
func waiting(c *lazyConn) {
	for !c.in.waiting.Load() {
		runtime.Gosched()
	}
}

func TestLazyConn_deadlineOfWaitingRead(t *testing.T) {
	type result struct {
		n   int
		err error
	}
	start := func(c *lazyConn) chan result {
		done := make(chan result, 1)
		go func() {
			n, err := c.Read(make([]byte, 8))
			done <- result{n, err}
		}()
		waiting(c)
		return done
	}
	t.Run("set into the past", func(t *testing.T) {
		c, _ := lazyPair(t)
		done := start(c)
		require.NoError(t, c.SetReadDeadline(time.Unix(1, 0)))
		require.ErrorIs(t, (<-done).err, os.ErrDeadlineExceeded)
	})
	t.Run("brought forward", func(t *testing.T) {
		c, _ := lazyPair(t)
		require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Hour)))
		done := start(c)
		require.NoError(t, c.SetReadDeadline(time.Now().Add(soon)))
		require.ErrorIs(t, (<-done).err, os.ErrDeadlineExceeded)
	})
	t.Run("put off", func(t *testing.T) {
		c, peer := lazyPair(t)
		require.NoError(t, c.SetReadDeadline(time.Now().Add(soon)))
		done := start(c)
		require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Hour)))
		select {
		case r := <-done:
			require.Fail(t, "ended by a deadline that was put off", r.err)
		case <-time.After(2 * soon):
		}
		_, _ = peer.Write([]byte("ok"))
		assert.Equal(t, result{2, nil}, <-done)
	})
	t.Run("taken away", func(t *testing.T) {
		c, peer := lazyPair(t)
		require.NoError(t, c.SetReadDeadline(time.Now().Add(soon)))
		done := start(c)
		require.NoError(t, c.SetReadDeadline(time.Time{}))
		select {
		case r := <-done:
			require.Fail(t, "ended by a deadline that was taken away", r.err)
		case <-time.After(2 * soon):
		}
		_, _ = peer.Write([]byte("ok"))
		assert.Equal(t, result{2, nil}, <-done)
	})
}

func TestLazyConn_writeDeadline(t *testing.T) {
	c, peer := lazyPair(t)
	require.NoError(t, c.SetWriteDeadline(time.Now().Add(soon)))
	sent, err := c.Write(make([]byte, 64<<20)) // more than the sockets hold
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, c.CloseWrite())
	got, err := io.Copy(io.Discard, peer)
	require.NoError(t, err)
	assert.EqualValues(t, sent, got)
}

// What has come is worth more than a deadline nobody waited for, unless the deadline is net/http's way to say stop.
func TestLazyConn_deadlineWithoutWait(t *testing.T) {
	c, peer := lazyPair(t)
	buf := make([]byte, 8)
	_, _ = peer.Write([]byte("late"))
	_, err := c.Read(buf[:1]) // now the rest has come, too
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Unix(1, 0)))
	_, err = c.Read(buf)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, c.SetReadDeadline(time.Now()))
	n, err := c.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, "ate", string(buf[:n]))
	_, err = c.Read(buf)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "there is nothing to take, and no time to wait")
}

func TestLazyConn_patience(t *testing.T) {
	c, peer := lazyPair(t)
	c.setWritePatience(soon)
	much := make([]byte, 64<<20) // more than the sockets hold
	for range 2 {                // each call has patience of its own
		begun := time.Now()
		_, err := c.Write(much)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.GreaterOrEqual(t, time.Since(begun), soon-time.Millisecond)
	}
	t.Run("is not prolonged by a peer that takes a little", func(t *testing.T) {
		done := make(chan error, 1)
		go func() {
			_, err := c.Write(much)
			done <- err
		}()
		buf := make([]byte, 4<<10)
		for {
			select {
			case err := <-done:
				require.ErrorIs(t, err, os.ErrDeadlineExceeded)
				return
			case <-time.After(soon / 10):
				_, _ = peer.Read(buf)
			}
		}
	})
	require.NoError(t, c.SetWriteDeadline(time.Now().Add(3*soon)))
	begun := time.Now()
	_, err := c.Write(much)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	assert.GreaterOrEqual(t, time.Since(begun), 3*soon-time.Millisecond, "a deadline goes before patience")
}

func TestLazyConn_bytes(t *testing.T) {
	c, peer := lazyPair(t)
	data := bytes.Repeat([]byte("0123456789abcdef"), 256<<10)
	go func() {
		_, _ = io.Copy(peer, peer) // echoes
		_ = peer.CloseWrite()
	}()
	wrote := make(chan error, 1)
	go func() {
		_, err := c.Write(data)
		wrote <- err
		_ = c.CloseWrite()
	}()
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	require.NoError(t, <-wrote)
	assert.True(t, bytes.Equal(data, got))
}

// net/http tells by the form of an error whether the peer is to be answered.
func TestLazyConn_errors(t *testing.T) {
	t.Run("reset", func(t *testing.T) {
		c, peer := lazyPair(t)
		require.NoError(t, peer.SetLinger(0))
		require.NoError(t, peer.Close())
		_, err := io.ReadAll(c)
		var op *net.OpError
		require.ErrorAs(t, err, &op)
		assert.Equal(t, "read", op.Op)
		assert.ErrorIs(t, err, syscall.ECONNRESET)
	})
	t.Run("closed meanwhile", func(t *testing.T) {
		c, _ := lazyPair(t)
		done := make(chan error, 1)
		go func() {
			_, err := c.Read(make([]byte, 1))
			done <- err
		}()
		waiting(c)
		require.NoError(t, c.Close())
		assert.ErrorIs(t, <-done, net.ErrClosed)
		_, err := c.Write([]byte("x"))
		assert.ErrorIs(t, err, net.ErrClosed)
	})
}

// lazyRound does what net/http does with a connection's deadlines for one request.
func lazyRound(tb testing.TB, c, peer net.Conn, buf []byte) {
	_, _ = peer.Write(buf)
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	_, err := c.Read(buf)
	_ = c.SetReadDeadline(time.Time{})
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	_ = c.SetReadDeadline(time.Unix(1, 0))
	_ = c.SetReadDeadline(time.Time{})
	_, _ = c.Write(buf)
	_ = c.SetWriteDeadline(time.Time{})
	_, _ = peer.Read(buf)
	if err != nil {
		tb.Fatal(err)
	}
}

func TestLazyConn_allocations(t *testing.T) {
	c, peer := lazyPair(t)
	buf := make([]byte, 128)
	assert.Zero(t, testing.AllocsPerRun(100, func() { lazyRound(t, c, peer, buf) }))
}

func BenchmarkLazyConn(b *testing.B) {
	lazy, peer := lazyPair(b)
	for name, c := range map[string]net.Conn{"lazy": lazy, "plain": lazy.TCPConn} {
		b.Run(name, func(b *testing.B) {
			buf := make([]byte, 128)
			for b.Loop() {
				lazyRound(b, c, peer, buf)
			}
		})
	}
}
