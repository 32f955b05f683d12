package server

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
	"eventrelay/relay/transport/wsclient"
)

// What relay.yaml says of compression reaches both the handshake and the fan-out.
func TestServer_Compression(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, strings.Replace(base(driver), "driver: "+driver, "driver: "+driver+", compression: {enabled: true, level: 6, min_size: 1KiB}", 1))
		c, err := wsclient.Dial(t.Context(), "ws://"+r.Addr().String()+"/ws?topic=t", wsclient.Options{Compress: true})
		require.NoError(t, err)
		defer c.CloseNow()
		require.True(t, c.Compressed())
		for _, size := range []int{1000, 1024, 100_000} {
			want := `"` + strings.Repeat("x", size-2) + `"`
			require.Equal(t, 200, r.publish("t", want).status)
			kind, got, err := c.ReadMessage(t.Context())
			require.NoError(t, err)
			assert.Equal(t, relay.KindText, kind)
			assert.Equal(t, want, string(got))
		}
		assert.EqualValues(t, 2, r.fanout.Stats().Deflates, "those of at least 1 KiB")
		assert.Less(t, r.fanout.Stats().Sent, uint64(3000))
	})
}
