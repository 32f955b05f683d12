package ingest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

const (
	structured = "Content-Type: application/cloudevents+json; charset=UTF-8"
	ceBatch    = "Content-Type: application/cloudevents-batch+json"
	required   = `"specversion":"1.0","id":"A-1","source":"/shop","type":"order.created"`
)

func TestHandler_structuredCloudEvents(t *testing.T) {
	tests := []struct {
		name, target, members string
		want                  relay.Event
		contentType           string
	}{
		{"json", "/publish/a", `,"data":{"n": 1}`, relay.Event{Topic: "a", Kind: relay.KindJSON, Payload: []byte(`{"n": 1}`)}, "application/json"},
		{"json by type", "/publish", `,"datacontenttype":"application/json","data":"x"`, relay.Event{Topic: "events", Kind: relay.KindJSON, Payload: []byte(`"x"`)}, "application/json"},
		{"text", "/publish?topic=a", `,"datacontenttype":"text/xml","data":"<a\u003e"`, relay.Event{Topic: "a", Kind: relay.KindText, Payload: []byte(`<a>`)}, "text/xml"},
		{"other type as string", "/publish/a", `,"datacontenttype":"application/x-ndjson","data":"1\n2"`, relay.Event{Topic: "a", Payload: []byte("1\n2")}, "application/x-ndjson"},
		{"form", "/publish/a", `,"datacontenttype":"application/x-www-form-urlencoded","data":"a=b"`, relay.Event{Topic: "a", Payload: []byte("a=b")}, "application/x-www-form-urlencoded"},
		{"bytes", "/publish/a", `,"datacontenttype":"image/png","data_base64":"AP8="`, relay.Event{Topic: "a", Payload: []byte{0, 255}}, "image/png"},
		{"base64 of json", "/publish/a", `,"data_base64":"eyB9"`, relay.Event{Topic: "a", Kind: relay.KindJSON, Payload: []byte("{ }")}, "application/json"},
		{"no data", "/publish/a", ``, relay.Event{Topic: "a", Payload: []byte{}}, "application/json"},
		{"null data", "/publish/a", `,"data":null`, relay.Event{Topic: "a", Kind: relay.KindJSON, Payload: []byte("null")}, "application/json"},
		{"topic extension", "/publish", `,"topic":"orders.eu","data":1`, relay.Event{Topic: "orders.eu", Kind: relay.KindJSON, Payload: []byte("1")}, "application/json"},
		{"path before extension", "/publish/a", `,"topic":"orders.eu","data":1`, relay.Event{Topic: "a", Kind: relay.KindJSON, Payload: []byte("1")}, "application/json"},
		{"null attribute", "/publish/a", `,"subject":null,"data":1`, relay.Event{Topic: "a", Kind: relay.KindJSON, Payload: []byte("1")}, "application/json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := open(t)
			w := r.post(tt.target, "{"+required+tt.members+"}", structured)
			require.Equal(t, 200, w.Code, w.Body)
			ev := r.only(t)
			tt.want.ID, tt.want.Time = "A-1", ev.Time
			tt.want.Attributes = relay.Attributes{
				{Key: "ce_source", Value: "/shop"},
				{Key: "ce_specversion", Value: "1.0"},
				{Key: "ce_type", Value: "order.created"},
				{Key: "content_type", Value: tt.contentType},
				{Key: "remote_address", Value: "192.0.2.1:1234"},
			}
			assert.Equal(t, tt.want, *ev)
		})
	}
}

func TestHandler_attributesOfCloudEvents(t *testing.T) {
	r := open(t)
	w := r.post("/publish/a", "{"+required+`,"subject":"s","time":"2026-01-02T03:04:05.6Z","ext1":true,"ext2":-7,"dataschema":"http://x/y"}`, structured)
	require.Equal(t, 200, w.Code, w.Body)
	a := r.only(t).Attributes
	for key, want := range map[string]string{
		"ce_subject": "s", "ce_time": "2026-01-02T03:04:05.6Z", "ce_ext1": "true", "ce_ext2": "-7", "ce_dataschema": "http://x/y",
	} {
		assert.Equal(t, want, a.Get(key), key)
	}
}

func TestHandler_refusesCloudEvents(t *testing.T) {
	tests := []struct{ body, detail string }{
		{`{"id":"1","source":"s","type":"t"}`, "has no specversion"},
		{`{"specversion":"1.0","source":"s","type":"t"}`, "has no id"},
		{`{"specversion":"1.0","id":"1","type":"t"}`, "has no source"},
		{`{"specversion":"1.0","id":"1","source":"s"}`, "has no type"},
		{`{"specversion":"0.3","id":"1","source":"s","type":"t"}`, "is not 1.0"},
		{`{` + required + `,"id":"A-1"}`, `key "id" for the second time`},
		{`{` + required + `,"Data":1}`, "is no name of a CloudEvents attribute"},
		{`{` + required + `,"my_ext":"1"}`, "is no name of a CloudEvents attribute"},
		{`{` + required + `,"ext":1.5}`, "is no string, boolean or integer"},
		{`{` + required + `,"ext":3000000000}`, "is no string, boolean or integer"},
		{`{` + required + `,"ext":{}}`, "is no string, boolean or integer"},
		{`{` + required + `,"subject":""}`, "is empty"},
		{`{` + required + `,"subject":"\n"}`, "control character"},
		{`{` + required + `,"time":"yesterday"}`, "RFC 3339"},
		{`{` + required + `,"data":1,"data_base64":""}`, "both data and data_base64"},
		{`{` + required + `,"datacontenttype":"text/plain","data":1}`, "is a string"},
		{`{` + required + `,"datacontenttype":"nonsense","data":1}`, "no media type"},
		{`{` + required + `,"data_base64":"*"}`, "no base64"},
		{`{` + required + `,"data_base64":"AP8="}`, "not what its type says"},
		{`{` + required + `,"topic":"a.*"}`, "wildcard"},
		{`[]`, "an object is expected"},
		{``, "an object is expected"},
	}
	for _, tt := range tests {
		r := open(t)
		w := r.post("/publish", tt.body, structured)
		assert.Equal(t, 400, w.Code, tt.body)
		assert.Contains(t, read(t, w).Detail, tt.detail, tt.body)
		assert.Zero(t, r.fake.calls)
	}
	w := open(t).post("/publish?event_id=1", "{"+required+"}", structured)
	assert.Contains(t, read(t, w).Detail, "has its own id")
}

func TestHandler_batchOfCloudEvents(t *testing.T) {
	r := open(t)
	w := r.post("/publish", `[{`+required+`,"data":1}, {"id":"2"}, {`+required+`,"topic":"b","data":3}]`, ceBatch)
	require.Equal(t, 200, w.Code, w.Body)
	got := read(t, w)
	assert.Equal(t, []string{"events json 1", "b json 3"}, summary(r.fake.events()))
	assert.Equal(t, 1, got.Failed)
	assert.Equal(t, []int{200, 400, 200}, []int{got.Results[0].Status, got.Results[1].Status, got.Results[2].Status})
	assert.Equal(t, "A-1", got.Results[0].EventID)
}

func TestHandler_binaryCloudEvents(t *testing.T) {
	headers := []string{"ce-specversion: 1.0", "ce-id: 7", "ce-source: /s", "ce-type: t"}
	t.Run("json", func(t *testing.T) {
		r := open(t)
		w := r.post("/publish", ` {"n":1}`, append(headers, "ce-topic: b.c", `ce-subject: "a%20\"b%C3%A9"`, "Content-Type: application/json")...)
		require.Equal(t, 200, w.Code, w.Body)
		ev := r.only(t)
		assert.Equal(t, []string{`b.c json {"n":1}`}, summary(r.fake.events()))
		assert.Equal(t, "7", ev.ID)
		assert.Equal(t, `a "bé`, ev.Attributes.Get("ce_subject"))
		assert.Equal(t, "t", ev.Attributes.Get("ce_type"))
	})
	t.Run("bytes", func(t *testing.T) {
		r := open(t)
		r.post("/publish/a", "\xff", append(headers, "Content-Type: image/gif")...)
		assert.Equal(t, []string{"a binary \xff"}, summary(r.fake.events()))
		assert.Equal(t, "image/gif", r.only(t).Attributes.Get("content_type"))
	})
	t.Run("no data", func(t *testing.T) {
		r := open(t)
		w := r.post("/publish/a", "", headers...)
		assert.Equal(t, 200, w.Code, w.Body)
	})
	refused := []struct {
		header, detail string
	}{
		{"ce-id: 8", `header "ce-id" is given twice`},
		{"ce-datacontenttype: text/plain", "Content-Type says it"},
		{"ce-subject: %zz", "percent-encoded"},
		{"ce-subject: %ff", "not UTF-8"},
		{"ce-my-ext: 1", "is no name"},
		{"Content-Type: application/cloudevents+json", "Content-Type says application/cloudevents+json"},
		{"Content-Type: application/x-ndjson", "Content-Type says application/x-ndjson"},
	}
	for _, tt := range refused {
		w := open(t).post("/publish", "1", append(headers, tt.header)...)
		assert.Equal(t, 400, w.Code, tt.header)
		assert.Contains(t, read(t, w).Detail, tt.detail)
	}
	w := open(t).post("/publish", "1", "ce-id: 1")
	assert.Contains(t, read(t, w).Detail, "has no specversion")
}
