package transport

import (
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWithPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end, peer := net.Pipe() // a write waits for a read
		defer peer.Close()
		defer end.Close()
		c := withPatience(end, time.Minute)
		took := func() time.Duration {
			begun := time.Now()
			_, err := c.Write([]byte("x"))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			return time.Since(begun)
		}
		assert.Equal(t, time.Minute, took())
		assert.Equal(t, time.Minute, took(), "each write has patience of its own")
		require.NoError(t, c.SetWriteDeadline(time.Now().Add(time.Second)))
		assert.Equal(t, time.Second, took(), "a deadline goes before it")
		require.NoError(t, c.SetDeadline(time.Now().Add(time.Hour)))
		assert.Equal(t, time.Hour, took())
		require.NoError(t, c.SetDeadline(time.Time{}))
		assert.Equal(t, time.Minute, took())
	})
}
