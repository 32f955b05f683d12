package plugins

import (
	"encoding/binary"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// pinned tries events on a fresh desk, with all grants, and returns the payloads that come out.
func pinned(t *testing.T, p Pin, events ...*relay.Event) (payloads []string) {
	t.Helper()
	f := steady(puppet("f"))
	f.Allow = []string{"now", "random"}
	desk, err := LoadDesk(t.Context(), Options{}, f, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer desk.Close()
	require.NoError(t, desk.Start(t.Context(), nil, &p))
	for _, ev := range events {
		out := desk.Try(ev)
		require.Equal(t, "transform", out.Verdict, out.Error)
		back, err := out.Event.Relay()
		require.NoError(t, err)
		payloads = append(payloads, string(back.Payload))
	}
	return payloads
}

func TestDesk_PinnedTimeIsTheEvents(t *testing.T) {
	at := time.Unix(1_700_000_000, 5)
	ev := event("t", "t")
	ev.Kind, ev.Time = relay.KindBinary, at
	got := pinned(t, Pin{}, ev)
	assert.EqualValues(t, at.UnixNano(), binary.LittleEndian.Uint64([]byte(got[0])))
}

func TestDesk_PinnedChanceIsTheSeeds(t *testing.T) {
	ev := event("t", "v")
	ev.Kind = relay.KindBinary
	first := pinned(t, Pin{Seed: 1}, ev, ev)
	assert.Equal(t, first, pinned(t, Pin{Seed: 1}, ev, ev))
	assert.NotEqual(t, first[0], first[1])
	assert.NotEqual(t, first, pinned(t, Pin{Seed: 2}, ev, ev))
}

func TestKV_ExpiresByItsClock(t *testing.T) {
	var clock time.Time
	w := pinnedWorld(Pin{Now: time.Unix(1000, 0)}, &clock)
	s := newKV(1 << 20)
	s.now = w.now
	require.True(t, s.set([]byte("k"), []byte("v"), 1000))
	_, ok := s.get([]byte("k"), nil)
	assert.True(t, ok)
	clock = clock.Add(time.Second)
	_, ok = s.get([]byte("k"), nil)
	assert.False(t, ok)
}

func TestDesk_Run(t *testing.T) {
	desk, err := OpenDesk(t.Context(), Options{}, steady(puppet("f")), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer desk.Close()
	each := make([]time.Duration, 4)
	lap := desk.Run([]*relay.Event{event("t", "p"), event("t", "u"), event("t", "E"+record(0, "child", "x")), event("t", "p")}, each)
	assert.Equal(t, []int{4, 1}, []int{lap.Calls, lap.Failures})
	assert.Contains(t, lap.Failure, "trap: unreachable")
	assert.Positive(t, lap.Fuel)
	var sum time.Duration
	for _, d := range each {
		assert.Positive(t, d)
		sum += d
	}
	assert.Equal(t, lap.Elapsed, sum)
	bytes, _ := desk.Memory()
	assert.EqualValues(t, 20*64<<10, bytes)
}

// What one start left is not there after the next.
func TestDesk_StartsAnew(t *testing.T) {
	f := Filter{Name: "f", Path: guest("counts"), Allow: []string{"kv", "metric"}}
	desk, err := LoadDesk(t.Context(), Options{}, f, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer desk.Close()
	for range 2 {
		require.NoError(t, desk.Start(t.Context(), nil, nil))
		for want := range byte(3) {
			ev := event("t", "")
			ev.Kind = relay.KindBinary
			got, err := desk.Try(ev).Event.Relay()
			require.NoError(t, err)
			assert.Equal(t, want+1, got.Payload[0])
		}
	}
}

func TestDesk_StartsAfterARefusal(t *testing.T) {
	f := Filter{Name: "f", Path: samples + "/dropfield/dropfield.wasm"}
	desk, err := LoadDesk(t.Context(), Options{}, f, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer desk.Close()
	require.ErrorContains(t, desk.Start(t.Context(), nil, nil), "want {field: NAME, value:")
	require.NoError(t, desk.Start(t.Context(), map[string]any{"field": "a", "value": 1}, nil))
	assert.Equal(t, "drop", desk.Try(jsonEvent("t", `{"a":1}`)).Verdict)
}

func TestDesk_Hooks(t *testing.T) {
	d, err := OpenDesk(t.Context(), Options{}, steady(hooksFilter("gate")), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer d.Close()
	request := arrival(1).Request
	got := d.Connect(&relay.Event{Topic: "a", Attributes: request})
	assert.Equal(t, "transform", got.Verdict, "%+v", got)
	assert.Equal(t, map[string]string{"remote_address": "1.2.3.4:5", "tenant": "acme"}, got.Event.Attributes)
	got = d.Subscribe(&relay.Event{Topic: "r.b"})
	assert.Equal(t, "refuse", got.Verdict)
	assert.Equal(t, 429, got.Status)
	assert.Equal(t, "r.b", got.Reason)
	assert.Len(t, d.Subscribe(&relay.Event{Topic: "e.b"}).Emitted, 1)
	assert.Equal(t, "pass", d.Disconnect(&relay.Event{}).Verdict)
	got = d.Try(event("t", "p"))
	assert.Equal(t, "fail", got.Verdict)
	assert.Contains(t, got.Error, "no relay_on_event")
	_, err = d.TryAs("nonsense", &relay.Event{})
	require.ErrorIs(t, err, ErrEvent)
}
