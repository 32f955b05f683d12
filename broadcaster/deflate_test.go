package broadcaster_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/broadcaster"
	"eventrelay/relay"
)

// order is JSON of about n bytes, as apps publish it.
func order(n int) string {
	var b strings.Builder
	b.WriteString(`{"items":[`)
	for i := 0; b.Len() < n-80; i++ {
		fmt.Fprintf(&b, `{"id":%d,"sku":"A-%05d","name":"Item number %d","price":%d.%02d,"stock":%v},`, i*7919%10007, i*104729%99991, i, i*31%97, i*17%100, i%3 == 0)
	}
	b.WriteString(`{}]}`)
	return b.String()
}

// noise is text that does not shrink.
func noise(n int) string {
	rng := rand.New(rand.NewPCG(1, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return string(b)
}

func TestDeflate_OncePerWireForm(t *testing.T) {
	b := broadcaster.New(broadcaster.Options{})
	var sims []*sim
	var shards []relay.Shard
	for range 2 {
		d := newSim()
		s := b.NewShard(d)
		sims, shards = append(sims, d), append(shards, s)
		for i := range relay.Slot(100) {
			d.open(s, i)
			for _, p := range []relay.Pattern{"orders.new", "orders.*", "orders.>", ">"}[:1+i/4%4] {
				require.NoError(t, s.Subscribe(i, p, relay.Form(i)%relay.Form(relay.Forms)))
			}
		}
	}
	payload := order(1024)
	ev := event("orders.new", payload)
	ev.Kind = relay.KindJSON
	b.Append(ev)
	raw, wire := 0, 0
	for i, s := range shards {
		passAll(s)
		for slot, k := range sims[i].socks {
			got := frames(t, k.got)
			require.NotEmpty(t, got)
			for _, f := range got {
				require.EqualValues(t, 1, f.op)
				if slot%2 == 0 {
					require.Equal(t, payload, f.payload)
					continue
				}
				var e struct {
					Subscription relay.Pattern
					Data         json.RawMessage
				}
				require.NoError(t, json.Unmarshal([]byte(f.payload), &e))
				require.True(t, e.Subscription.Matches("orders.new"))
				require.Equal(t, payload, string(e.Data))
				if slot%4 == 3 {
					raw, wire = raw+len(f.payload), wire+len(k.got)/len(got)
				}
			}
		}
	}
	st := b.Stats()
	assert.EqualValues(t, 1, st.Encodes, "the envelope once")
	assert.EqualValues(t, 2, st.Deflates, "each form once, over four patterns and two shards")
	assert.Less(t, float64(wire), 0.5*float64(raw))
}

func TestDeflate_OnlyWhereItHelps(t *testing.T) {
	for _, tc := range []struct {
		name     string
		payload  string
		kind     relay.Kind
		op       byte
		deflates uint64
	}{
		{"JSON", order(1024), relay.KindJSON, 0xc1, 1},
		{"text", strings.Repeat("text ", 100), relay.KindText, 0xc1, 1},
		{"binary", strings.Repeat("\x00\xff", 200), relay.KindBinary, 0xc2, 1},
		{"large", order(300 << 10), relay.KindJSON, 0xc1, 1},
		{"at the smallest size", strings.Repeat("a", 256), relay.KindText, 0xc1, 1},
		{"small", strings.Repeat("a", 255), relay.KindText, 0x81, 0},
		{"empty", "", relay.KindBinary, 0x82, 0},
		{"noise", noise(4096), relay.KindBinary, 0x82, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, d := broadcaster.New(broadcaster.Options{}), newSim()
			s := b.NewShard(d)
			k := d.open(s, 0)
			require.NoError(t, s.Subscribe(0, "t", relay.PlainDeflated))
			ev := event("t", tc.payload)
			ev.Kind = tc.kind
			b.Append(ev)
			passAll(s)
			require.Equal(t, tc.op, k.got[0])
			require.Equal(t, []frame{{tc.op & 15, tc.payload}}, frames(t, k.got))
			assert.Equal(t, tc.deflates, b.Stats().Deflates)
		})
	}
}

// A frame that a socket took in pieces is whole, and its event is not compressed again for the rest.
func TestDeflate_PartialFrames(t *testing.T) {
	b, d := broadcaster.New(broadcaster.Options{}), newSim()
	s := b.NewShard(d)
	k := d.open(s, 0)
	require.NoError(t, s.Subscribe(0, "t", relay.EnvelopeDeflated))
	k.room = 0
	var want []string
	for i := range 5 {
		p := fmt.Sprintf("%d %s", i, order(2000))
		want = append(want, p)
		b.Append(event("t", p))
	}
	for !k.done(s) {
		k.room = 17
		s.Writable(0)
		passAll(s)
	}
	for i, f := range frames(t, k.got) {
		var e struct{ Data string }
		require.NoError(t, json.Unmarshal([]byte(f.payload), &e))
		assert.Equal(t, want[i], e.Data)
	}
	assert.EqualValues(t, 5, b.Stats().Deliveries)
	assert.EqualValues(t, 5, b.Stats().Deflates)
}

// done reports whether nothing waits for the only client.
func (k *sock) done(s relay.Shard) bool {
	passAll(s)
	return len(k.got) > 0 && !k.full
}

func TestDeflate_Allocations(t *testing.T) {
	b, d := broadcaster.New(broadcaster.Options{}), newSim()
	s := b.NewShard(d)
	for i := range relay.Slot(1000) {
		d.open(s, i)
		require.NoError(t, s.Subscribe(i, "t", relay.Form(i)%relay.Form(relay.Forms)))
	}
	ev := event("t", order(1024))
	allocs := testing.AllocsPerRun(200, func() {
		b.Append(ev)
		passAll(s)
		for _, k := range d.socks {
			k.got = k.got[:0]
		}
	})
	assert.Zero(t, allocs, "per event with 1000 deliveries in all wire forms")
}

// BenchmarkDeflate is the broadcaster's own share of a delivery of 1 KiB, beside the socket's: ns/op is per delivery.
func BenchmarkDeflate(b *testing.B) {
	const clients = 1000
	for name, form := range map[string]func(i relay.Slot) relay.Form{
		"plain":    func(relay.Slot) relay.Form { return relay.Plain },
		"deflated": func(relay.Slot) relay.Form { return relay.PlainDeflated },
		"half":     func(i relay.Slot) relay.Form { return relay.Form(i%2) * relay.PlainDeflated },
	} {
		b.Run(name, func(b *testing.B) {
			fan, d := broadcaster.New(broadcaster.Options{}), &counting{}
			s := fan.NewShard(d)
			for i := range relay.Slot(clients) {
				s.Open(i)
				require.NoError(b, s.Subscribe(i, "t", form(i)))
			}
			ev := event("t", order(1024))
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if n%clients == 0 {
					fan.Append(ev)
					passAll(s)
				}
			}
			b.ReportMetric(float64(d.bytes)/float64(fan.Stats().Deliveries), "bytes/delivery")
		})
	}
}

// counting is a driver whose sockets take everything.
type counting struct{ bytes int }

func (d *counting) Send(_ relay.Slot, p []byte) (int, error) { d.bytes += len(p); return len(p), nil }
func (*counting) Wake()                                      {}
func (*counting) Closed(relay.Slot, relay.CloseReason)       {}
