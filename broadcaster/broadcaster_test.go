package broadcaster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/broadcaster"
	"eventrelay/relay"
)

func TestBroadcast_EncodesOncePerWireForm(t *testing.T) {
	b, d := broadcaster.New(broadcaster.Options{}), newSim()
	s := b.NewShard(d)
	for i := range relay.Slot(300) {
		d.open(s, i)
		for _, p := range []relay.Pattern{"orders.new", "orders.*", "orders.>", ">"}[:1+i%4] {
			require.NoError(t, s.Subscribe(i, p, relay.Form(i%2)))
		}
	}
	_, err := b.Broadcast("orders.new", map[string]any{"total": 9})
	require.NoError(t, err)
	passAll(s)
	st := b.Stats()
	assert.EqualValues(t, 300*10/4, st.Deliveries)
	assert.EqualValues(t, 2, st.Encodes, "the value once, its envelope once")
}

func TestBroadcast_Values(t *testing.T) {
	for _, tc := range []struct {
		name     string
		v        any
		plain    frame
		envelope string
	}{
		{"map", map[string]any{"a": 1}, frame{1, `{"a":1}`}, `"data":{"a":1}`},
		{"string", "hi", frame{1, `"hi"`}, `"data":"hi"`},
		{"nil", nil, frame{1, `null`}, `"data":null`},
		{"raw JSON", json.RawMessage(`[1, 2]`), frame{1, `[1, 2]`}, `"data":[1, 2]`},
		{"bytes", []byte{0, 255}, frame{2, "\x00\xff"}, `"type":"application/octet-stream","data_base64":"AP8="`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, d := broadcaster.New(broadcaster.Options{}), newSim()
			s := b.NewShard(d)
			k := d.open(s, 0)
			require.NoError(t, s.Subscribe(0, "t.>", relay.Plain))
			require.NoError(t, s.Subscribe(0, "t.*", relay.Envelope))
			at, err := b.Broadcast(`t."q`, tc.v)
			require.NoError(t, err)
			assert.Equal(t, b.Epoch()+".1", at.String())
			passAll(s)
			got := frames(t, k.got)
			require.Len(t, got, 2)
			if got[0].payload[0] == '{' && len(got[0].payload) > len(got[1].payload) {
				got[0], got[1] = got[1], got[0]
			}
			assert.Equal(t, tc.plain, got[0])
			assert.Contains(t, got[1].payload, `{"subscription":"t.*","topic":"t.\"q","id":"`+at.String()+`","event_id":"`)
			assert.Contains(t, got[1].payload, tc.envelope+"}")
			assert.True(t, json.Valid([]byte(got[1].payload)))
		})
	}
}

func TestBroadcast_Refuses(t *testing.T) {
	b := broadcaster.New(broadcaster.Options{})
	_, err := b.Broadcast("a.*", 1)
	require.ErrorIs(t, err, relay.ErrTopic)
	_, err = b.Broadcast("a", func() {})
	require.ErrorContains(t, err, "broadcast to a: json: unsupported type")
	_, err = b.Broadcast("a", json.RawMessage(`{"cut":`))
	require.ErrorContains(t, err, "not JSON", "it would break the envelope")
	require.NoError(t, b.Close())
	require.NoError(t, b.Close())
	_, err = b.Broadcast("a", 1)
	require.ErrorIs(t, err, relay.ErrClosed)
}

func TestBroadcast_VisitsOnlyItsSubscriber(t *testing.T) {
	const topics = 10_000
	b, d := broadcaster.New(broadcaster.Options{}), newSim()
	s := b.NewShard(d)
	for i := range relay.Slot(topics) {
		d.open(s, i)
		require.NoError(t, s.Subscribe(i, relay.Pattern(fmt.Sprintf("user.%d", i)), relay.Plain))
	}
	passAll(s)
	for i := range topics {
		d.sends = 0
		b.Append(event(relay.Topic(fmt.Sprintf("user.%d", i)), "x"))
		passAll(s)
		require.Equal(t, 1, d.sends, "one subscriber is visited")
	}
	st := b.Stats()
	assert.EqualValues(t, topics, st.Deliveries)
	assert.Equal(t, topics, st.Feeds)
	assert.Zero(t, st.Events, "feeds at rest hold no event")
	assert.Zero(t, st.Bytes, "feeds at rest hold no bytes")
	assert.Zero(t, b.HeldRings(), "feeds at rest hold no ring")
}

// TestPass_Coalesces: what waits is one write per client.
func TestPass_Coalesces(t *testing.T) {
	b, d := broadcaster.New(broadcaster.Options{}), newSim()
	s := b.NewShard(d)
	for i := range relay.Slot(100) {
		d.open(s, i)
		require.NoError(t, s.Subscribe(i, "t", relay.Plain))
	}
	for i := range 50 {
		b.Append(event("t", fmt.Sprint(i)))
	}
	passAll(s)
	assert.Equal(t, 100, d.sends)
	assert.Len(t, frames(t, d.socks[99].got), 50)
}

func TestPass_LargeBacklogKeepsOrder(t *testing.T) {
	b, d := broadcaster.New(broadcaster.Options{MaxLag: relay.GiB}), newSim()
	s := b.NewShard(d)
	socks := []*sock{d.open(s, 0), d.open(s, 1)}
	require.NoError(t, s.Subscribe(0, "t", relay.Plain))
	require.NoError(t, s.Subscribe(1, "t", relay.Plain))
	big := string(make([]byte, 50_000))
	for range 20 {
		b.Append(event("t", big))
		b.Append(event("t", "small"))
	}
	passAll(s)
	for _, k := range socks {
		got := frames(t, k.got)
		require.Len(t, got, 40)
		for i, f := range got {
			require.Equal(t, i%2 == 0, len(f.payload) > 5)
		}
	}
}

// What a socket that drained is behind by may be more than one send carries; no event need come to have the rest sent.
func TestWritable_ServesAllThatWaits(t *testing.T) {
	for _, tc := range []struct {
		name         string
		events, size int
	}{
		{"one send", 1, 100},
		{"many sends", 100, 2000},
		{"events larger than a send", 3, 200_000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, d := broadcaster.New(broadcaster.Options{}), newSim()
			s := b.NewShard(d)
			k := d.open(s, 0)
			k.room = 0
			require.NoError(t, s.Subscribe(0, "t", relay.Plain))
			for range tc.events {
				b.Append(event("t", strings.Repeat("x", tc.size)))
			}
			passAll(s)
			k.room = -1
			s.Writable(0)
			assert.False(t, s.Sleep(), "there is work")
			passAll(s)
			require.Len(t, frames(t, k.got), tc.events)
			assert.Zero(t, b.Stats().Events)
			assert.True(t, s.Sleep())
			assert.LessOrEqual(t, d.largest, max(64<<10, tc.size)+100)
		})
	}
}

// Connections that come and go leave nothing behind in their shard.
func TestShard_UsesItsMemoryAgain(t *testing.T) {
	b, d := broadcaster.New(broadcaster.Options{}), newSim()
	s := b.NewShard(d)
	round := func(i int) {
		k := d.open(s, 0)
		k.room = 0
		topic := relay.Topic(fmt.Sprintf("t%d", i))
		require.NoError(t, s.Subscribe(0, relay.Pattern(topic), relay.Plain))
		b.Append(event(topic, "x"))
		b.Append(event(topic, "y"))
		passAll(s)
		require.NoError(t, s.Send(0, []byte("\x8a\x00")))
		if i%2 == 0 {
			k.room = -1
			s.Writable(0)
			passAll(s)
		}
		s.Close(0, relay.ReasonClient, nil)
		passAll(s)
	}
	round(0)
	round(1)
	before := broadcaster.Held(s)
	for i := range 100 {
		round(i)
	}
	assert.Equal(t, before, broadcaster.Held(s))
}

func TestSlow(t *testing.T) {
	for _, tc := range []struct {
		name   string
		events int
		size   int
		slow   bool
	}{
		{"within the limit", 10, 500, false},
		{"past the limit", 30, 500, true},
		{"one event larger than the limit", 1, 50_000, false},
		{"the newest never counts", 2, 9_000, false},
		{"those before it do", 3, 9_000, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, d := broadcaster.New(broadcaster.Options{MaxLag: 10 * relay.KiB}), newSim()
			s := b.NewShard(d)
			stuck, other := d.open(s, 0), d.open(s, 1)
			stuck.room = 0
			require.NoError(t, s.Subscribe(0, "t", relay.Plain))
			require.NoError(t, s.Subscribe(1, "t", relay.Plain))
			for range tc.events {
				b.Append(event("t", string(make([]byte, tc.size))))
				passAll(s)
			}
			assert.Len(t, frames(t, other.got), tc.events, "nobody waits for it")
			assert.Empty(t, d.closed)
			if tc.slow {
				assert.Zero(t, b.Stats().Bytes, "what it pinned is released at once")
			}
			stuck.room = -1
			s.Writable(0)
			passAll(s)
			got := frames(t, stuck.got)
			if !tc.slow {
				assert.Len(t, got, tc.events)
				return
			}
			assert.Equal(t, []frame{{8, "\x10\x04" + relay.ReasonSlow.Text()}}, got, "told why, when it reads on")
			assert.Equal(t, relay.ReasonSlow, d.closed[0])
		})
	}
}

// TestSlow_NeverReads: who does not read on is not told, and cut after a while. Its slot may be another's by then.
func TestSlow_NeverReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, d := broadcaster.New(broadcaster.Options{MaxLag: 1000}), newSim()
		s := b.NewShard(d)
		for slot := range relay.Slot(2) {
			d.open(s, slot).room = 3
			require.NoError(t, s.Subscribe(slot, "t", relay.Plain))
		}
		for range 3 {
			b.Append(event("t", string(make([]byte, 600))))
			passAll(s)
		}
		s.Tick()
		passAll(s)
		require.Empty(t, d.closed, "it has a moment")
		s.Close(1, relay.ReasonGone, nil)
		passAll(s)
		assert.Equal(t, relay.ReasonSlow, d.closed[1], "the first reason counts")
		d.open(s, 1)
		time.Sleep(time.Second) // of the bubble's clock: as long as it has to read on
		s.Tick()
		passAll(s)
		assert.Equal(t, map[relay.Slot]relay.CloseReason{0: relay.ReasonSlow}, d.closed)
	})
}

func TestTick_TimeLimit(t *testing.T) {
	b, d := broadcaster.New(broadcaster.Options{MaxLagTime: time.Nanosecond}), newSim()
	s := b.NewShard(d)
	k := d.open(s, 0)
	k.room = 3
	require.NoError(t, s.Subscribe(0, "t", relay.Plain))
	b.Append(event("t", "first"))
	passAll(s)
	s.Tick()
	passAll(s)
	require.EqualValues(t, 1, b.Stats().Subscriptions, "the newest event may wait")
	b.Append(event("t", "second"))
	passAll(s)
	s.Tick()
	passAll(s)
	k.room = -1
	s.Writable(0)
	passAll(s)
	assert.Equal(t, relay.ReasonSlow, d.closed[0])
	assert.Equal(t, []frame{{1, "first"}, {8, "\x10\x04" + relay.ReasonSlow.Text()}}, frames(t, k.got), "the frame it was in is completed")
}

func TestOutbox_Limit(t *testing.T) {
	b, d := broadcaster.New(broadcaster.Options{Outbox: 100}), newSim()
	s := b.NewShard(d)
	k := d.open(s, 0)
	k.room = 5
	pong := append([]byte{0x8a, 48}, make([]byte, 48)...)
	require.NoError(t, s.Send(0, pong))
	require.NoError(t, s.Send(0, pong))
	require.ErrorIs(t, s.Send(0, pong), relay.ErrOutbox)
	k.room = -1
	s.Writable(0)
	passAll(s)
	require.Len(t, frames(t, k.got), 2)
	require.NoError(t, s.Send(0, pong))
}

// What is left of an event's frame waits in the outbox, but is no reply that the client fails to read.
func TestOutbox_EventsDoNotCount(t *testing.T) {
	b, d := broadcaster.New(broadcaster.Options{Outbox: 100}), newSim()
	s := b.NewShard(d)
	k := d.open(s, 0)
	k.room = 50
	require.NoError(t, s.Subscribe(0, "t", relay.Plain))
	large := strings.Repeat("x", 1000)
	b.Append(event("t", large))
	passAll(s)
	require.True(t, s.Unsubscribe(0, "t", relay.Plain))
	pong := append([]byte{0x8a, 48}, make([]byte, 48)...)
	require.NoError(t, s.Send(0, pong))
	k.room = 500
	s.Writable(0)
	passAll(s)
	require.NoError(t, s.Send(0, pong))
	require.ErrorIs(t, s.Send(0, pong), relay.ErrOutbox, "replies do count")
	k.room = -1
	s.Writable(0)
	passAll(s)
	text := string(pong[2:])
	assert.Equal(t, []frame{{1, large}, {10, text}, {10, text}}, frames(t, k.got))
}

func TestClose_CompletesTheFrameItIsIn(t *testing.T) {
	b, d := broadcaster.New(broadcaster.Options{}), newSim()
	s := b.NewShard(d)
	k := d.open(s, 0)
	k.room = 4
	require.NoError(t, s.Subscribe(0, "t", relay.Plain))
	b.Append(event("t", "begun"))
	b.Append(event("t", "not begun"))
	passAll(s)
	s.Close(0, relay.ReasonShutdown, broadcaster.CloseFrame(relay.ReasonShutdown))
	s.Close(0, relay.ReasonPolicy, nil)
	assert.NotContains(t, d.closed, relay.Slot(0), "closed at the end of a pass")
	passAll(s)
	assert.Equal(t, relay.ReasonShutdown, d.closed[0], "the first reason counts")

	k = d.open(s, 0)
	k.room = 4
	require.NoError(t, s.Subscribe(0, "t", relay.Plain))
	b.Append(event("t", "begun"))
	b.Append(event("t", "not begun"))
	passAll(s)
	s.Close(0, relay.ReasonShutdown, broadcaster.CloseFrame(relay.ReasonShutdown))
	passAll(s)
	k.room = -1
	s.Writable(0)
	passAll(s)
	assert.Equal(t, []frame{{1, "begun"}, {8, "\x03\xe9" + relay.ReasonShutdown.Text()}}, frames(t, k.got))
	assert.Equal(t, relay.ReasonShutdown, d.closed[0])

	k = d.open(s, 0)
	k.room = 0
	require.NoError(t, s.Send(0, []byte("\x8a\x00")))
	s.Close(0, relay.ReasonPolicy, broadcaster.CloseFrame(relay.ReasonPolicy))
	k.dead = true
	s.Writable(0)
	passAll(s)
	assert.Equal(t, relay.ReasonPolicy, d.closed[0], "not that it is gone now")
}

func TestTick_SparesWhoHasLeft(t *testing.T) {
	b, d := broadcaster.New(broadcaster.Options{MaxLagTime: time.Nanosecond}), newSim()
	s := b.NewShard(d)
	d.open(s, 0).room = 0
	require.NoError(t, s.Subscribe(0, "t", relay.Plain))
	b.Append(event("t", "first"))
	b.Append(event("t", "second"))
	passAll(s)
	require.True(t, s.Unsubscribe(0, "t", relay.Plain))
	s.Tick()
	passAll(s)
	assert.Empty(t, d.closed)
}

func TestSleep_WakesForNewWork(t *testing.T) {
	b, d := broadcaster.New(broadcaster.Options{}), newSim()
	s := b.NewShard(d)
	d.open(s, 0)
	require.NoError(t, s.Subscribe(0, "t", relay.Plain))
	passAll(s)
	require.True(t, s.Sleep())
	b.Append(event("other", "x"))
	assert.Empty(t, d.wakes, "nobody here wants it")
	b.Append(event("t", "x"))
	assert.Len(t, d.wakes, 1)
	b.Append(event("t", "x"))
	assert.Len(t, d.wakes, 1, "woken once")
	<-d.wakes
	s.Awake()
	require.False(t, s.Sleep(), "there is work")
	b.Append(event("t", "x"))
	assert.Empty(t, d.wakes, "it does not sleep")
	passAll(s)
	require.True(t, s.Sleep())
	b.AppendBatch([]*relay.Event{event("other", "x"), event("t", "x")}, make([]relay.Position, 2))
	assert.Len(t, d.wakes, 1, "a batch wakes too")
	s.Awake()
	passAll(s)
	s.Close(0, relay.ReasonClient, nil)
	require.False(t, s.Sleep(), "someone is to be closed")
	passAll(s)
	require.True(t, s.Sleep())
}

func TestFlush(t *testing.T) {
	b, d := broadcaster.New(broadcaster.Options{}), newSim()
	s := b.NewShard(d)
	k := d.open(s, 0)
	require.NoError(t, s.Subscribe(0, "t", relay.Plain))
	require.NoError(t, b.Flush(t.Context()))
	k.room = 3
	b.Append(event("t", "waits"))
	passAll(s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, b.Flush(ctx), context.Canceled)
	done := make(chan error, 1)
	go func() { done <- b.Flush(t.Context()) }()
	require.Eventually(t, func() bool { return b.Flushes() == 1 }, 5*time.Second, time.Millisecond)
	k.room = -1
	s.Writable(0)
	passAll(s)
	require.NoError(t, <-done)
}

// TestAllocations states the bounds: a delivery allocates nothing, and neither does an Append, in the steady state.
func TestAllocations(t *testing.T) {
	b, d := broadcaster.New(broadcaster.Options{}), newSim()
	s := b.NewShard(d)
	for i := range relay.Slot(1000) {
		d.open(s, i)
		require.NoError(t, s.Subscribe(i, "t", relay.Form(i%2)))
	}
	ev := event("t", string(make([]byte, 128)))
	allocs := testing.AllocsPerRun(200, func() {
		b.Append(ev)
		passAll(s)
		for _, k := range d.socks {
			k.got = k.got[:0]
		}
	})
	assert.Zero(t, allocs, "per event with 1000 deliveries")
}

func TestOptions_Validate(t *testing.T) {
	require.NoError(t, broadcaster.Options{}.Validate())
	require.NoError(t, broadcaster.DefaultOptions().Validate())
	err := broadcaster.Options{MaxLag: -1, MaxLagTime: -1, Outbox: -1}.Validate()
	for _, key := range []string{"max_lag:", "max_lag_time:", "outbox:"} {
		require.ErrorContains(t, err, key)
	}
}
