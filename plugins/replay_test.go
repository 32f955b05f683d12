package plugins

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// What broke a filter in a lane breaks it on a desk, in the same way and for the same fuel.
func TestDesk_ReplaysTheQuarantine(t *testing.T) {
	f := steady(puppet("f"))
	r := openRig(t, Options{Lanes: 1}, f)
	events := []*relay.Event{
		event("t", "u"), event("a.b", "Nbad luck"), event("t", "x\xff"), event("t", "o"),
		{Topic: "t", ID: "json", Kind: relay.KindJSON, Source: relay.Inbound, Payload: []byte(`z{"a": 1}`), Time: time.Unix(7, 8).UTC(), Attributes: relay.Attributes{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}}},
	}
	r.publish(events...)
	desk, err := OpenDesk(t.Context(), Options{}, f, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer desk.Close()
	n := 0
	require.NoError(t, r.Quarantine("f", func(line []byte) {
		q, err := ReadQuarantined(line)
		require.NoError(t, err)
		ev, err := q.Event.Relay()
		require.NoError(t, err)
		assert.Equal(t, events[n].Payload, ev.Payload)
		assert.Equal(t, events[n].Attributes, ev.Attributes)
		assert.True(t, events[n].Time.Equal(ev.Time))
		assert.Equal(t, []any{events[n].Topic, events[n].ID, events[n].Kind, events[n].Source}, []any{ev.Topic, ev.ID, ev.Kind, ev.Source})
		got := desk.Try(ev)
		assert.Equal(t, "fail", got.Verdict)
		assert.Equal(t, []any{q.Cause, q.Error, q.Functions, q.Fuel}, []any{got.Cause, got.Error, got.Functions, got.Fuel})
		n++
	}))
	assert.Equal(t, len(events), n)
	assert.ErrorIs(t, r.Quarantine("nobody", nil), relay.ErrNoPlugin)
}

func TestDesk_Verdicts(t *testing.T) {
	desk, err := OpenDesk(t.Context(), Options{}, steady(puppet("f")), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer desk.Close()
	assert.Equal(t, "pass", desk.Try(event("t", "p")).Verdict)
	assert.Equal(t, "not now", desk.Try(event("t", "dnot now")).Reason)
	changed := desk.Try(event("t", "Pnew"))
	assert.Equal(t, "new", *changed.Event.Payload)
	assert.Equal(t, "child", desk.Try(event("t", "E"+record(0, "child", "x"))).Emitted[0].Topic)
	_, err = OpenDesk(t.Context(), Options{}, Filter{Name: "f", Path: guest("no_hooks")}, slog.New(slog.DiscardHandler))
	assert.ErrorContains(t, err, "the filter has no hook")
	_, err = OpenDesk(t.Context(), Options{}, Filter{Name: "f"}, nil)
	assert.ErrorContains(t, err, "filters[0].path")
}

func FuzzReadQuarantined(f *testing.F) {
	f.Add([]byte(`{"plugin":"f","event":{"topic":"a.b","kind":"json","source":"inbound","payload":"{}","attributes":{"k":"v"}}}`))
	f.Add([]byte(`{"event":{"topic":"a","payload_base64":"/w==","payload_omitted":3}}`))
	f.Add([]byte(`{"event":{"topic":"a..b","kind":"xml"}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		q, err := ReadQuarantined(line)
		if err != nil {
			return
		}
		ev, err := q.Event.Relay()
		if err != nil {
			return
		}
		_, err = relay.ParseTopic(string(ev.Topic))
		require.NoError(t, err)
		again := exportEvent(ev)
		back, err := again.Relay()
		require.NoError(t, err)
		require.Equal(t, string(ev.Payload), string(back.Payload))
		require.Equal(t, ev.Kind, back.Kind)
		require.Equal(t, len(ev.Attributes), len(back.Attributes))
	})
}
