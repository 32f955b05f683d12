package ingest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

const lines = "Content-Type: application/x-ndjson"

// summary writes events in short.
func summary(evs []*relay.Event) (out []string) {
	for _, ev := range evs {
		out = append(out, fmt.Sprintf("%s %s %s", ev.Topic, ev.Kind, ev.Payload))
	}
	return out
}

func TestHandler_batches(t *testing.T) {
	tests := []struct {
		name, target, body, contentType string
		want                            []string
	}{
		{"lines to one topic", "/publish/a", "1\n\r\n {\"x\":1} \r\n\"y\"", "application/x-ndjson", []string{"a json 1", `a json {"x":1}`, `a json "y"`}},
		{"jsonl", "/publish?topic=a", "1\n", "application/jsonl", []string{"a json 1"}},
		{"?batch with lines", "/publish/a?batch", "1\n2", "application/x-ndjson", []string{"a json 1", "a json 2"}},
		{"array to one topic", "/publish/a?batch=true", "[1,\n [2] , {\"topic\":1}]", "", []string{"a json 1", "a json [2]", `a json {"topic":1}`}},
		{"array by form type", "/publish?batch=true", `[{"topic":"a","data":1}]`, "application/x-www-form-urlencoded", []string{"a json 1"}},
		{"wrappers", "/publish", strings.Join([]string{
			`{"topic":"a","data":{ "n": 1e2 }}`,
			`{"data":null,"topic":"\u0062.c"}`,
			`{"topic":"b.c","data":"x\u00e9\ud83d\ude00\n","type":"text"}`,
			`{"topic":"d","data_base64":"AP8="}`,
			`{"topic":"d","data_base64":"aGk=","type":"text"}`,
			`{"topic":"d","data_base64":"IFsxXQ\u003d=","type":"json"}`,
		}, "\n"), "application/x-ndjson", []string{
			`a json { "n": 1e2 }`, "b.c json null", "b.c text xé😀\n", "d binary \x00\xff", "d text hi", "d json [1]",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := open(t)
			w := r.post(tt.target, tt.body, "Content-Type: "+tt.contentType)
			require.Equal(t, 200, w.Code, w.Body)
			assert.Equal(t, tt.want, summary(r.fake.events()))
			got := read(t, w)
			assert.Equal(t, len(tt.want), got.Items)
			assert.Zero(t, got.Failed)
			require.Len(t, got.Results, len(tt.want))
			for i, ev := range r.fake.events() {
				assert.Equal(t, reply{EventID: ev.ID, ID: fmt.Sprintf("e.%d", i+1), Topic: string(ev.Topic), Verdict: "accepted", Status: 200}, got.Results[i])
			}
		})
	}
}

func TestHandler_brokenItems(t *testing.T) {
	tests := []struct {
		item   string
		column int
		detail string
	}{
		{`{"topic":"a","data":1`, 22, "the text ends before '}'"},
		{`{"topic":"a","data":1}}`, 23, "the end of the text"},
		{`[1]`, 1, "an object is expected"},
		{`{"topic":"a","data":1,"data":2}`, 23, `key "data" for the second time`},
		{`{"topic":"a","data":1,"dat\u0061":2}`, 23, `key "data" for the second time`},
		{`{"Topic":"a","data":1}`, 10, `unknown key "Topic"`},
		{`{"topic":"a","data":1,"extra":2}`, 31, `unknown key "extra"`},
		{`{"data":1}`, 1, `the item has no "topic"`},
		{`{"topic":"","data":1}`, 10, "is empty"},
		{`{"topic":1,"data":1}`, 10, "topic is a string"},
		{`{"topic":"a.>","data":1}`, 10, "wildcard"},
		{`{"topic":"a"}`, 1, `the item has no "data"`},
		{`{"topic":"a","data":1,"data_base64":""}`, 37, "both data and data_base64"},
		{`{"topic":"a","data_base64":"!"}`, 28, "no base64"},
		{`{"topic":"a","data_base64":"AP9="}`, 28, "no base64"},
		{`{"topic":"a","data_base64":7}`, 28, "is a string"},
		{`{"topic":"a","data_base64":"AP8=","type":"text"}`, 28, "not what its type says"},
		{`{"topic":"a","data_base64":"AP8=","type":"json"}`, 28, "not what its type says"},
		{`{"topic":"a","data":1,"type":"xml"}`, 30, `type is "json"`},
		{`{"topic":"a","data":1,"type":null}`, 30, `type is "json"`},
		{`{"topic":"a","data":1,"type":"text"}`, 21, "data is a string"},
		{`{"topic":"a","data":"x","type":"binary"}`, 21, "data_base64 in place of data"},
		{`{"topic":"a","data":1,"event_id":5}`, 34, "event_id is a string"},
		{`{"topic":"a","data":1,"event_id":"\u0000"}`, 34, "control character"},
		{`{"topic":"a","data":1,"attributes":[]}`, 36, "an object of strings"},
		{`{"topic":"a","data":1,"attributes":{"x":1}}`, 41, "is a string"},
		{`{"topic":"a","data":1,"attributes":{"remote_address":"1"}}`, 36, "set by the relay"},
		{`{"topic":"a","data":1,"attributes":{"":"1"}}`, 36, "empty name"},
	}
	body := `{"topic":"first","data":1}` + "\n"
	for _, tt := range tests {
		body += tt.item + "\n"
	}
	body += `{"topic":"last","data":1}`
	r := open(t)
	got := read(t, r.post("/publish", body, lines))
	assert.Equal(t, len(tests)+2, got.Items)
	assert.Equal(t, len(tests), got.Failed)
	require.Len(t, got.Results, got.Items)
	for i, tt := range tests {
		res := got.Results[i+1]
		assert.Equal(t, 400, res.Status, tt.item)
		assert.Equal(t, [2]int{i + 2, tt.column}, [2]int{res.Line, res.Column}, tt.item)
		assert.Contains(t, res.Detail, tt.detail, tt.item)
	}
	assert.Equal(t, []string{"first json 1", "last json 1"}, summary(r.fake.events()))
	assert.Equal(t, "e.2", got.Results[len(tests)+1].ID)
}

func TestHandler_attributesOfItems(t *testing.T) {
	r := open(t)
	r.post("/publish", `{"topic":"a","data":1,"event_id":"x","attributes":{"z":"1","a":"\u00e9","n":""}}`+"\n"+`{"topic":"a","data":1}`, lines)
	require.Len(t, r.fake.events(), 2)
	assert.Equal(t, "x", r.fake.events()[0].ID)
	assert.Equal(t, relay.Attributes{
		{Key: "a", Value: "é"},
		{Key: "content_type", Value: "application/json"},
		{Key: "n", Value: ""},
		{Key: "remote_address", Value: "192.0.2.1:1234"},
		{Key: "z", Value: "1"},
	}, r.fake.events()[0].Attributes)
	assert.Len(t, r.fake.events()[1].Attributes, 2, "the attributes of one item are not those of the next")
}

func TestHandler_longBatch(t *testing.T) {
	const n = 2*chunk + 7
	r := open(t)
	w := r.post("/publish/a", strings.Repeat("1\n", n), lines)
	got := read(t, w)
	assert.Equal(t, n, got.Items)
	assert.Equal(t, 3, r.fake.calls)
	ids := map[string]bool{}
	for i, ev := range r.fake.events() {
		ids[ev.ID] = true
		assert.Equal(t, ev.ID, got.Results[i].EventID)
	}
	assert.Len(t, ids, n, "ids are unique")

	w = newRig(Options{MaxBatch: n - 1}, fakeGate{}, nil).post("/publish/a", strings.Repeat("1\n", n), lines)
	assert.Equal(t, 413, w.Code)
	w = newRig(Options{MaxBatch: 2}, fakeGate{}, nil).post("/publish/a?batch", "[1,2,3]")
	assert.Equal(t, 413, w.Code)
	assert.Contains(t, read(t, w).Detail, "more than 2 events (publish.max_batch)")
}

// An item that finds the relay busy keeps later chunks from overtaking it.
func TestHandler_busyBatch(t *testing.T) {
	count := 0
	r := newRig(Options{}, fakeGate{}, func(_ context.Context, ev *relay.Event) relay.Result {
		if count++; count > chunk-2 {
			return relay.Result{Err: relay.ErrBusy}
		}
		return relay.Result{EventID: ev.ID}
	})
	got := read(t, r.post("/publish/a", strings.Repeat("1\n", 3*chunk), lines))
	assert.Equal(t, 1, r.fake.calls, "no later chunk is tried")
	assert.Equal(t, 2*chunk+2, got.Failed)
	for i, res := range got.Results {
		want := 200
		if i >= chunk-2 {
			want = 429
		}
		require.Equal(t, want, res.Status, i)
	}
}

func TestHandler_verdictsInBatch(t *testing.T) {
	r := newRig(Options{}, fakeGate{}, func(_ context.Context, ev *relay.Event) relay.Result {
		switch string(ev.Payload) {
		case "1":
			return relay.Result{Verdict: relay.Rejected, Filter: "f", Reason: "r"}
		case "2":
			return relay.Result{Err: relay.ErrTooLarge}
		}
		return relay.Result{}
	})
	got := read(t, r.post("/publish/a?batch", "[1,2,3]"))
	assert.Equal(t, 2, got.Failed)
	assert.Equal(t, []int{422, 413, 200}, []int{got.Results[0].Status, got.Results[1].Status, got.Results[2].Status})
	assert.Equal(t, "filter f rejected the event", got.Results[0].Detail)
	assert.Equal(t, "r", got.Results[0].Reason)
}

// What is wrong with a sound array's element is not its Content-Type.
func TestHandler_hintsOnlyAtBadJSON(t *testing.T) {
	got := read(t, open(t).post("/publish?batch", `[{"topic":"a"}]`, formType))
	assert.NotContains(t, got.Results[0].Detail, "Content-Type")
	got = read(t, open(t).post("/publish?batch", `[1`, formType))
	assert.Contains(t, got.Detail, "Content-Type")
}

// Events stay, and the memory of the body is used again: their payloads must not be part of it.
func TestHandler_payloadsOutliveTheRequest(t *testing.T) {
	r := open(t)
	r.post("/publish/a", "\"aaaa\"\n\"bbbb\"", lines)
	r.post("/publish/a", `"cccc"`)
	r.post("/publish", `{"topic":"a","data":"dddd"}`+"\n"+`{"topic":"a","data":"eeee","type":"text"}`, lines)
	for range 20 {
		r.post("/publish/a", strings.Repeat("9", 200))
	}
	assert.Equal(t, []string{`a json "aaaa"`, `a json "bbbb"`, `a json "cccc"`, `a json "dddd"`, "a text eeee"}, summary(r.fake.events()[:5]))
	for _, ev := range r.fake.events()[:5] {
		assert.Equal(t, len(ev.Payload), cap(ev.Payload), "no room to append into a neighbour")
	}
}

// Batches of broken items must not cost more than their bytes: the position of each is found in one walk.
func TestLocator_walksOnce(t *testing.T) {
	data := []byte("ab\né😀c\n\nd")
	l := locator{data: data}
	var got []place
	for _, offset := range []int{0, 1, 2, 3, 5, 9, 10, 11, 12, 12} {
		got = append(got, l.at(offset))
	}
	assert.Equal(t, []place{
		{1, 1, 0}, {1, 2, 1}, {1, 3, 2}, {2, 1, 3}, {2, 2, 5}, {2, 3, 9}, {2, 4, 10}, {3, 1, 11}, {4, 1, 12}, {4, 1, 12},
	}, got)
}
