package transport_test

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/broadcaster"
	"eventrelay/relay"
)

// Clients that do not read cost a bounded amount however much comes, others get everything, and when they read on they are
// told exactly what they missed and have the newest.
func TestSlowConsumer_policies(t *testing.T) {
	const stuck, topics, lag = 20, 5, 256 * relay.KiB
	for _, policy := range []broadcaster.Policy{broadcaster.Skip, broadcaster.Latest} {
		t.Run(string(policy), func(t *testing.T) {
			drivers(t, func(t *testing.T, driver string) {
				r := serve(t, driver)
				r.fan.Reconfigure(broadcaster.Options{Slow: policy, MaxLag: lag})
				reader := r.connect("?topic=p.%3E", envelopes)
				var peers []*peer
				for range stuck {
					p := r.connect("?topic=p.*", envelopes)
					require.NoError(t, p.Conn.(*net.TCPConn).SetReadBuffer(64<<10)) // else the kernel reads for it, for megabytes
					peers = append(peers, p)
				}
				padding := strings.Repeat("x", 16<<10)
				sent, behind := 0, 0
				for ; behind < 300; sent++ { // until all have missed something, and on
					require.Less(t, sent, 5000, "none falls behind")
					_, err := r.fan.Broadcast(relay.Topic(fmt.Sprintf("p.%d", sent%topics)), fmt.Sprint(sent, " ", padding))
					require.NoError(t, err)
					reader.next()
					// Once every loop has had its turn, which may be later than the reader has the event.
					r.eventually("what waits is bounded", func() bool { return r.fan.Stats().Bytes <= uint64(2*lag) })
					if r.fan.Stats().Events > 0 {
						behind++
					}
				}
				for _, p := range peers {
					p.wantAll(sent)
				}
				r.eventually("all are served", func() bool { return r.fan.Stats().Bytes == 0 })
				assert.EqualValues(t, stuck+1, r.metric("relay_connections"), "nobody was cut off")
			})
		})
	}
}

// wantAll reads until the newest of sent events has come: they come in order, and with those of which it is told that it
// missed them they are all.
func (p *peer) wantAll(sent int) {
	last, seen, missed := -1, 0, 0
	for last < sent-1 {
		var e struct {
			Missed int
			Data   string
		}
		require.NoError(p.t, json.Unmarshal(p.next().Payload, &e))
		if e.Missed > 0 {
			seen, missed = seen+e.Missed, missed+e.Missed
			continue
		}
		n := 0
		_, err := fmt.Sscan(e.Data, &n)
		require.NoError(p.t, err)
		require.Greater(p.t, n, last)
		last = n
		seen++
	}
	assert.Equal(p.t, sent, seen)
	assert.Positive(p.t, missed)
}
