package plugins

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"eventrelay/relay"
	"eventrelay/sdk/abi"
)

// FuzzChanged reads what a guest answered: any bytes, as payload and as record.
func FuzzChanged(f *testing.F) {
	f.Add(true, uint8(0), []byte(record(abi.JSON, "a.b", `{"x":1}`, "k", "v")))
	f.Add(true, uint8(2), []byte(record(0, "a..b", "\xff")))
	f.Add(false, uint8(2), []byte(`{"a":`))
	f.Fuzz(func(t *testing.T, full bool, k uint8, view []byte) {
		in := &instance{filter: &filter{limits: Limits{Output: 1 << 10}}}
		ev := &relay.Event{Topic: "a.b", ID: "id", Payload: []byte(`{"x":1}`), Kind: relay.Kind(k % 3)}
		was := *ev
		kind := abi.AnswerPayload
		if full {
			kind = abi.AnswerRecord
		}
		a, failed := in.changed(kind, view, ev)
		require.Equal(t, was, *ev)
		if failed != nil {
			require.Equal(t, causeBadAnswer, failed.cause)
			require.LessOrEqual(t, len(failed.text), maxErrorText)
			require.True(t, isClean(failed.text))
			return
		}
		if a.said == saidPass {
			return
		}
		got := a.event
		_, err := relay.ParseTopic(string(got.Topic))
		require.NoError(t, err)
		require.LessOrEqual(t, len(got.Payload), 1<<10)
		require.True(t, got.Kind == relay.KindBinary || utf8.Valid(got.Payload))
		require.True(t, got.Kind != relay.KindJSON || json.Valid(got.Payload))
		for i := range got.Attributes[:max(len(got.Attributes)-1, 0)] {
			require.Less(t, got.Attributes[i].Key, got.Attributes[i+1].Key)
		}
		if len(view) > 0 {
			before := string(got.Payload)
			clear(view)
			require.Equal(t, before, string(got.Payload), "copied")
		}
	})
}
