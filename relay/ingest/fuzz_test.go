package ingest

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

var fuzzTargets = []struct{ target, contentType string }{
	{"/publish", "application/json"},
	{"/publish/a", "text/plain"},
	{"/publish/a", "application/x-ndjson"},
	{"/publish", "application/x-ndjson"},
	{"/publish?batch", "application/json"},
	{"/publish/a?batch", "application/json"},
	{"/publish", "application/cloudevents+json"},
	{"/publish", "application/cloudevents-batch+json"},
}

// FuzzHandler holds the whole path of a body against what must be true of any: an answer that is JSON, one result per
// item, an event for each 200 and none else, payloads of the kind they claim.
func FuzzHandler(f *testing.F) {
	for _, seed := range []string{
		`{"hello":1}`, "1\n2\n\n{", `[{"topic":"a","data":1},{"topic":"b.c","data_base64":"AP8=","event_id":"x","attributes":{"k":"v"}}]`,
		`{"topic":"a","data":"x\u00e9","type":"text"}` + "\n" + `{"topic":"a","topic":"b"}`,
		`{"specversion":"1.0","id":"1","source":"/s","type":"t","topic":"x","datacontenttype":"text/plain","data":"hi"}`,
		`[{"specversion":"1.0","id":"1","source":"/s","type":"t","data_base64":"e30="},{}]`, "\xff", "[1,2,\n3", "[]",
	} {
		for i := range fuzzTargets {
			f.Add(uint8(i), []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		to := fuzzTargets[int(which)%len(fuzzTargets)]
		r := open(t)
		w := r.post(to.target, string(body), "Content-Type: "+to.contentType)
		require.Contains(t, []int{200, 400}, w.Code)
		got := read(t, w)
		events := r.fake.events()
		for _, ev := range events {
			checkEvent(t, ev)
		}
		switch {
		case w.Code != 200:
			require.Empty(t, events)
		case got.Results == nil:
			require.Len(t, events, 1)
		default:
			checkResults(t, got, events)
		}
		checkSecondReading(t, w, to.target, to.contentType, body, events)
	})
}

func checkEvent(t *testing.T, ev *relay.Event) {
	_, err := relay.ParseTopic(string(ev.Topic))
	require.NoError(t, err)
	require.Empty(t, checkEventID(ev.ID))
	require.True(t, slices.IsSortedFunc(ev.Attributes, func(a, b relay.Attribute) int {
		if a.Key == b.Key {
			t.Fatalf("attribute %q twice", a.Key)
		}
		return bytes.Compare([]byte(a.Key), []byte(b.Key))
	}))
	switch ev.Kind {
	case relay.KindJSON:
		require.True(t, json.Valid(ev.Payload), "%q", ev.Payload)
		require.Equal(t, bytes.Trim(ev.Payload, " \t\r\n"), ev.Payload)
	case relay.KindText:
		require.True(t, utf8.Valid(ev.Payload))
	}
}

func checkResults(t *testing.T, got reply, events []*relay.Event) {
	require.Len(t, got.Results, got.Items)
	failed := 0
	for _, res := range got.Results {
		if res.Status != 200 {
			require.Positive(t, res.Line)
			require.NotEmpty(t, res.Detail)
			failed++
			continue
		}
		require.NotEmpty(t, events)
		require.Equal(t, events[0].ID, res.EventID)
		require.Equal(t, string(events[0].Topic), res.Topic)
		events = events[1:]
	}
	require.Empty(t, events)
	require.Equal(t, failed, got.Failed)
}

// checkSecondReading reads wrapped lines with encoding/json, and must see the same events.
func checkSecondReading(t *testing.T, w *httptest.ResponseRecorder, target, contentType string, body []byte, events []*relay.Event) {
	if target != "/publish" || contentType != "application/x-ndjson" || w.Code != 200 {
		return
	}
	next := 0
	for line := range bytes.Lines(body) {
		var second struct {
			Topic   string
			Data    json.RawMessage
			Data64  []byte `json:"data_base64"`
			Type    string
			EventID string `json:"event_id"`
		}
		if json.Unmarshal(line, &second) != nil || next == len(events) || second.Topic != string(events[next].Topic) {
			continue // refused, by us too or by us alone
		}
		ev := events[next]
		if second.Data64 == nil && second.Type != "text" && !bytes.Equal(second.Data, ev.Payload) {
			continue
		}
		next++
	}
	require.Equal(t, len(events), next, "an event that encoding/json does not see")
}
