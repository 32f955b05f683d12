package broadcaster_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"eventrelay/broadcaster"
	"eventrelay/relay"
)

// taker is a driver whose sockets take everything at no cost, so that what is measured is the fan-out's own work.
type taker struct{ sends, bytes int }

func (d *taker) Send(_ relay.Slot, p []byte) (int, error) {
	d.sends++
	d.bytes += len(p)
	return len(p), nil
}
func (d *taker) Wake()                                {}
func (d *taker) Closed(relay.Slot, relay.CloseReason) {}

// crowd is a shard with topics, each of which has as many subscribers, all of them connections of their own.
type crowd struct {
	fan    *broadcaster.Broadcaster
	shard  relay.Shard
	driver taker
	events []*relay.Event // one per topic
}

func newCrowd(tb testing.TB, topics, subscribers int, form relay.Form) *crowd {
	c := &crowd{fan: broadcaster.New(broadcaster.Options{})}
	c.shard = c.fan.NewShard(&c.driver)
	slot := relay.Slot(0)
	for i := range topics {
		topic := fmt.Sprintf("orders.eu.%05d", i)
		for range subscribers {
			c.shard.Open(slot)
			require.NoError(tb, c.shard.Subscribe(slot, relay.Pattern(topic), form))
			slot++
		}
		c.events = append(c.events, &relay.Event{Topic: relay.Topic(topic), ID: "e", Payload: make([]byte, 128), Time: time.Now(), Kind: relay.KindBinary})
	}
	return c
}

func (c *crowd) pass() {
	for c.shard.Pass(64) {
	}
}

// BenchmarkDeliver publishes to every topic in turn, batch events at a time, and delivers them: ns per delivery beside
// what a socket costs.
func BenchmarkDeliver(b *testing.B) {
	for _, c := range []struct{ topics, subscribers, batch int }{
		{1, 10_000, 1},
		{1, 20, 1},
		{1000, 20, 1},
		{1000, 20, 64},
		{10_000, 1, 1},
		{10_000, 1, 64},
		{10_000, 1, 1000},
	} {
		b.Run(fmt.Sprintf("%dx%d/batch=%d", c.topics, c.subscribers, c.batch), func(b *testing.B) {
			crowd := newCrowd(b, c.topics, c.subscribers, relay.Plain)
			at := make([]relay.Position, c.batch)
			batch := make([]*relay.Event, c.batch)
			b.ReportAllocs()
			b.ResetTimer()
			next, published := 0, 0
			for range b.N {
				for i := range batch {
					batch[i] = crowd.events[next%c.topics]
					next += 7919 // a prime: consecutive events do not share cache lines
				}
				crowd.fan.AppendBatch(batch, at)
				crowd.pass()
				published += c.batch
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(published*c.subscribers), "ns/delivery")
		})
	}
}
