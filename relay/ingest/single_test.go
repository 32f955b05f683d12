package ingest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

const formType = "Content-Type: application/x-www-form-urlencoded"

func TestHandler_oneEvent(t *testing.T) {
	tests := []struct {
		name, target, body string
		headers            []string
		want               relay.Event
		contentType        string
	}{
		{"curl -d", "/publish", `{"hello":1}`, []string{formType}, relay.Event{Topic: "events", Kind: relay.KindJSON, Payload: []byte(`{"hello":1}`)}, "application/json"},
		{"no type", "/publish", "[1,\n 2]\n", nil, relay.Event{Topic: "events", Kind: relay.KindJSON, Payload: []byte("[1,\n 2]")}, "application/json"},
		{"json", "/publish/orders.eu", ` "x" `, []string{"Content-Type: application/json; charset=UTF-8"}, relay.Event{Topic: "orders.eu", Kind: relay.KindJSON, Payload: []byte(`"x"`)}, "application/json"},
		{"+json", "/publish/orders", `{}`, []string{"Content-Type: application/ld+json"}, relay.Event{Topic: "orders", Kind: relay.KindJSON, Payload: []byte(`{}`)}, "application/ld+json"},
		{"text", "/publish/a", " é\n", []string{"Content-Type: text/plain; charset=utf-8"}, relay.Event{Topic: "a", Kind: relay.KindText, Payload: []byte(" é\n")}, "text/plain"},
		{"empty text", "/publish/a", "", []string{"Content-Type: text/csv"}, relay.Event{Topic: "a", Kind: relay.KindText, Payload: []byte{}}, "text/csv"},
		{"bytes", "/publish/a", "\x00\xff", []string{"Content-Type: application/octet-stream"}, relay.Event{Topic: "a", Kind: relay.KindBinary, Payload: []byte("\x00\xff")}, "application/octet-stream"},
		{"image", "/publish/a", "\x89PNG", []string{"Content-Type: image/PNG"}, relay.Event{Topic: "a", Kind: relay.KindBinary, Payload: []byte("\x89PNG")}, "image/png"},
		{"decoded topic", "/publish/%C3%A9t%C3%A9.a%2Fb", `1`, nil, relay.Event{Topic: "été.a/b", Kind: relay.KindJSON, Payload: []byte(`1`)}, "application/json"},
		{"topic in query", "/publish?topic=a.b&event_id=7", `1`, nil, relay.Event{Topic: "a.b", ID: "7", Kind: relay.KindJSON, Payload: []byte(`1`)}, "application/json"},
		{"batch=false", "/publish?batch=false", `[1]`, nil, relay.Event{Topic: "events", Kind: relay.KindJSON, Payload: []byte(`[1]`)}, "application/json"},
		{"identity coding", "/publish", `1`, []string{"Content-Encoding: identity"}, relay.Event{Topic: "events", Kind: relay.KindJSON, Payload: []byte(`1`)}, "application/json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := open(t)
			w := r.post(tt.target, tt.body, tt.headers...)
			require.Equal(t, 200, w.Code, w.Body)
			assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
			ev := r.only(t)
			got := read(t, w)
			assert.Equal(t, reply{EventID: ev.ID, ID: "e.1", Topic: string(ev.Topic), Verdict: "accepted"}, got)

			if tt.want.ID == "" {
				assert.Len(t, ev.ID, relay.EventIDLen)
				tt.want.ID = ev.ID
			}
			assert.False(t, ev.Time.IsZero())
			assert.Equal(t, relay.Attributes{{Key: "content_type", Value: tt.contentType}, {Key: "remote_address", Value: "192.0.2.1:1234"}}, ev.Attributes)
			tt.want.Time, tt.want.Attributes = ev.Time, ev.Attributes
			assert.Equal(t, tt.want, *ev)
		})
	}
}

func TestHandler_refuses(t *testing.T) {
	ndjson := "Content-Type: application/x-ndjson"
	tests := []struct {
		name, method, target, body string
		headers                    []string
		status                     int
		detail                     string
	}{
		{"GET", "GET", "/publish", "", nil, 405, "publish with POST"},
		{"PUT", "PUT", "/publish/a", "1", nil, 405, "publish with POST"},
		{"double slash", "POST", "http://h//publish", "1", nil, 404, "POST /publish/TOPIC"},
		{"no topic after the slash", "POST", "/publish/", "1", nil, 404, "POST /publish/TOPIC"},
		{"deeper path", "POST", "/publish/a/b", "1", nil, 404, "POST /publish/TOPIC"},
		{"dot segments", "POST", "/publish/%2e%2e", "1", nil, 404, "POST /publish/TOPIC"},
		{"dot segment before", "POST", "/%2e%2e/publish", "1", nil, 404, "POST /publish/TOPIC"},
		{"path that only begins so", "POST", "/publisher", "1", nil, 404, "POST /publish/TOPIC"},
		{"encoded slash", "POST", "/%2fpublish", "1", nil, 404, "POST /publish/TOPIC"},
		{"empty token", "POST", "/publish/a..b", "1", nil, 400, "has an empty token"},
		{"wildcard", "POST", "/publish/a.*", "1", nil, 400, "holds a wildcard"},
		{"space", "POST", "/publish/a%20b", "1", nil, 400, "white space"},
		{"NUL", "POST", "/publish/a%00b", "1", nil, 400, "control character"},
		{"not UTF-8", "POST", "/publish/a%ff", "1", nil, 400, "not UTF-8"},
		{"long topic", "POST", "/publish/" + strings.Repeat("a", 257), "1", nil, 400, "longer than 256"},
		{"topic twice", "POST", "/publish/a?topic=b", "1", nil, 400, "twice"},
		{"parameter twice", "POST", "/publish?topic=b&topic=c", "1", nil, 400, "twice"},
		{"empty topic", "POST", "/publish?topic=", "1", nil, 400, "is empty"},
		{"unknown parameter", "POST", "/publish?topc=b", "1", nil, 400, `unknown parameter "topc"`},
		{"broken query", "POST", "/publish?topic=%zz", "1", nil, 400, "percent-encoded"},
		{"bad batch", "POST", "/publish?batch=maybe", "1", nil, 400, "true or false"},
		{"empty id", "POST", "/publish?event_id=", "1", nil, 400, "event_id is empty"},
		{"control character in id", "POST", "/publish?event_id=a%0a", "1", nil, 400, "control character"},
		{"long id", "POST", "/publish?event_id=" + strings.Repeat("a", 257), "1", nil, 400, "longer than 256"},
		{"id of a batch", "POST", "/publish?event_id=a", "1", []string{ndjson}, 400, "names one event"},
		{"multipart", "POST", "/publish", "1", []string{"Content-Type: multipart/form-data; boundary=x"}, 415, "Content-Type multipart/form-data"},
		{"no media type", "POST", "/publish", "1", []string{"Content-Type: json"}, 415, `Content-Type "json"`},
		{"wildcard type", "POST", "/publish", "1", []string{"Content-Type: */*"}, 415, "no media type"},
		{"two types", "POST", "/publish", "1", []string{"Content-Type: text/plain", "Content-Type: application/json"}, 415, "twice"},
		{"latin 1", "POST", "/publish", "1", []string{"Content-Type: text/plain; charset=iso-8859-1"}, 415, "send UTF-8"},
		{"gzip", "POST", "/publish", "1", []string{"Content-Encoding: gzip"}, 415, "Content-Encoding"},
		{"avro CloudEvent", "POST", "/publish", "1", []string{"Content-Type: application/cloudevents+avro"}, 415, "send CloudEvents as"},
		{"batch of text", "POST", "/publish?batch", "1", []string{"Content-Type: text/plain"}, 400, "needs a JSON array"},
		{"text not UTF-8", "POST", "/publish", "ab\n\xff", []string{"Content-Type: text/plain"}, 400, "line 2, column 1: the text is not UTF-8"},
		{"empty", "POST", "/publish", "", nil, 400, "the body is empty"},
		{"blank", "POST", "/publish", " \n", nil, 400, "line 2, column 1"},
		{"form", "POST", "/publish", "a=1", []string{formType}, 400, "Content-Type: text/plain"},
		{"NaN", "POST", "/publish", `{"é":NaN}`, nil, 400, `line 1, column 6: bad JSON: "NaN"`},
		{"truncated", "POST", "/publish", "{\"a\":1,\n\"b\"", nil, 400, "line 2, column 4"},
		{"trailing garbage", "POST", "/publish", `{} x`, nil, 400, "column 4"},
		{"byte order mark", "POST", "/publish", "\xef\xbb\xbf{}", nil, 400, "byte order mark"},
		{"lone surrogate", "POST", "/publish", `"\ud800"`, nil, 400, "surrogate"},
		{"key twice", "POST", "/publish", `{"role":"user","role":"admin"}`, nil, 400, `key "role" for the second time`},
		{"depth bomb", "POST", "/publish", strings.Repeat("[", 500_000), nil, 400, "nested deeper"},
		{"too large", "POST", "/publish", strings.Repeat(" ", 1<<20) + "1", nil, 413, "larger than 1MiB"},
		{"empty batch", "POST", "/publish?batch", `[]`, nil, 400, "holds no event"},
		{"empty lines", "POST", "/publish", "\n \n", []string{ndjson}, 400, "holds no event"},
		{"batch that is no array", "POST", "/publish?batch", `{}`, nil, 400, "an array is expected"},
		{"batch that is broken at its end", "POST", "/publish/a?batch", `[1,2`, nil, 400, "the text ends before"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := open(t)
			w := r.do(tt.method, tt.target, tt.body, tt.headers...)
			require.Equal(t, tt.status, w.Code, w.Body)
			assert.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
			got := read(t, w)
			assert.Equal(t, tt.status, got.Status)
			assert.Equal(t, http.StatusText(tt.status), got.Title)
			assert.Contains(t, got.Detail, tt.detail)
			assert.Empty(t, r.fake.events())
			assert.Zero(t, r.fake.calls)
		})
	}
}

func TestHandler_positionOfBadJSON(t *testing.T) {
	got := read(t, open(t).post("/publish", "{\n  \"é\": 1,\n  \"é😀\": nope}"))
	assert.Equal(t, [3]int{3, 9, 25}, [3]int{got.Line, got.Column, got.Offset})
}

func TestHandler_headersOfRefusals(t *testing.T) {
	r := open(t)
	assert.Equal(t, "OPTIONS, POST", r.do("GET", "/publish", "").Header().Get("Allow"))
	assert.Equal(t, "identity", r.post("/publish", "1", "Content-Encoding: br").Header().Get("Accept-Encoding"))
	assert.Equal(t, "nosniff", r.post("/publish", "x").Header().Get("X-Content-Type-Options"))
}

func TestHandler_verdicts(t *testing.T) {
	decided := func(v relay.Verdict, filter, reason string) relay.Result {
		return relay.Result{Verdict: v, Filter: filter, Reason: reason}
	}
	tests := []struct {
		name   string
		result relay.Result
		status int
		want   reply
	}{
		{"transformed", relay.Result{Verdict: relay.Transformed, Filter: "redact", Emitted: 2}, 200, reply{ID: "e.1", Verdict: "transformed", Filter: "redact", Emitted: 2}},
		{"dropped", decided(relay.Dropped, "spam", "told \"so\"\n"), 200, reply{Verdict: "dropped", Filter: "spam", Reason: "told \"so\"\n"}},
		{"rejected", decided(relay.Rejected, "schema", "no id"), 422, reply{Verdict: "rejected", Filter: "schema", Reason: "no id", Detail: "filter schema rejected the event"}},
		{"failed", decided(relay.Failed, "wild", "trap\xff"), 503, reply{Verdict: "failed", Filter: "wild", Reason: "trap\ufffd", Detail: "filter wild failed, and the event was dropped"}},
		{"busy", relay.Result{Err: relay.ErrBusy}, 429, reply{Detail: relay.ErrBusy.Error() + "; the event was not published"}},
		{"closed", relay.Result{Err: relay.ErrClosed}, 503, reply{Detail: relay.ErrClosed.Error() + "; the event was not published"}},
		{"too large", relay.Result{Err: relay.ErrTooLarge}, 413, reply{Detail: relay.ErrTooLarge.Error() + "; the event was not published"}},
		{"cancelled", relay.Result{Err: context.Canceled}, 503, reply{Detail: "context canceled; the event was not published"}},
		{"unknown", relay.Result{Err: errors.New("secret path")}, 500, reply{Detail: "the event could not be published; the relay's log says why"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(Options{}, fakeGate{}, func(context.Context, *relay.Event) relay.Result { return tt.result })
			w := r.post("/publish?event_id=7", "1")
			require.Equal(t, tt.status, w.Code)
			tt.want.EventID = "7"
			if tt.result.Err == nil {
				tt.want.Topic = "events"
			}
			if tt.status != 200 {
				tt.want.Status, tt.want.Title = tt.status, http.StatusText(tt.status)
			}
			assert.Equal(t, tt.want, read(t, w))
			if tt.status == 429 {
				assert.Equal(t, "1", w.Header().Get("Retry-After"))
			}
		})
	}
}
