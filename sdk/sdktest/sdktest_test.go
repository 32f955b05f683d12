package sdktest

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/sdk"
	"eventrelay/sdk/grant"
)

// handler is what the tests of this package put under test.
var handler func(e *sdk.Event) sdk.Verdict

// register makes handler the program's filter. The example's filter is registered already in the same binary, so the
// hooks that it leaves free are used.
func init() {
	sdk.OnSubscribe(func(e *sdk.Event) sdk.Verdict { return handler(e) })
	sdk.OnConnect(func(e *sdk.Event) sdk.Verdict { return handler(e) })
	sdk.OnDisconnect(func(e *sdk.Event) { handler(e) })
}

func start(t *testing.T, h func(e *sdk.Event) sdk.Verdict) *Filter {
	t.Helper()
	f, err := Start("")
	require.NoError(t, err)
	handler = h
	return f
}

func TestFilter_SeesWhatRelaySends(t *testing.T) {
	in := sdk.Event{
		Topic:      "orders.*",
		Attributes: sdk.Attributes(nil).With("path", "/ws").With("header.cookie", "a=b"),
		UnixNano:   time.Date(2026, 5, 4, 3, 2, 1, 123456789, time.UTC).UnixNano(),
		Inbound:    true,
		Kind:       sdk.JSON,
		Payload:    []byte("{}"),
	}
	var saw sdk.Event
	f := start(t, func(e *sdk.Event) sdk.Verdict { saw = *e; return sdk.Pass() })
	got := f.Subscribe(in)
	assert.Equal(t, Passed, got.Outcome)
	assert.Equal(t, in, got.Event)
	assert.Equal(t, in, saw)
	assert.Equal(t, "2026-05-04T03:02:01.123456789Z", time.Unix(0, saw.UnixNano).UTC().Format(time.RFC3339Nano))
	assert.Equal(t, "/ws", saw.Attributes.Get("path"))

	saw = sdk.Event{}
	f.Disconnect(in)
	assert.Equal(t, in, saw)
}

func TestFilter_Verdicts(t *testing.T) {
	in := sdk.Event{Topic: "a.>", UnixNano: 7, Attributes: sdk.Attributes(nil).With("tenant", "acme")}
	tests := []struct {
		name    string
		verdict sdk.Verdict
		want    Result
	}{
		{"pass", sdk.Pass(), Result{Outcome: Passed, Event: in}},
		{"drop", sdk.Drop("why"), Result{Outcome: Refused, Status: 403, Reason: "why"}},
		{"reject", sdk.Reject("why"), Result{Outcome: Refused, Status: 403, Reason: "why"}},
		{"refuse", sdk.Refuse(429, "why"), Result{Outcome: Refused, Status: 429, Reason: "why"}},
		{"fail", sdk.Fail("why"), Result{Outcome: Failed, Reason: "why"}},
		{
			"another pattern", sdk.ReplaceEvent(&sdk.Event{Topic: "acme.a.>", Inbound: true}),
			Result{Outcome: Changed, Event: sdk.Event{Topic: "acme.a.>", UnixNano: 7, Attributes: in.Attributes}},
		},
		{"no pattern", sdk.ReplaceEvent(&sdk.Event{}), Result{Outcome: Failed, Reason: `"" is not a topic pattern`}},
		{
			"a payload in a record", sdk.ReplaceEvent(&sdk.Event{Topic: "b", Payload: []byte("1")}),
			Result{Outcome: Failed, Reason: "a payload is no answer to this hook"},
		},
		{
			"a payload that answers a subscription", sdk.Replace([]byte("y")),
			Result{Outcome: Failed, Reason: "a payload is no answer to this hook"},
		},
		{
			"attributes out of order", sdk.ReplaceEvent(&sdk.Event{Topic: "b", Attributes: sdk.Attributes("\x01\x00\x00\x00\x00\x00b\x01\x00\x00\x00\x00\x00a")}),
			Result{Outcome: Failed, Reason: "attribute keys are out of order, or twice the same"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := start(t, func(*sdk.Event) sdk.Verdict { return tt.verdict })
			assert.Equal(t, tt.want, f.Subscribe(in))
		})
	}
}

func TestFilter_Connect(t *testing.T) {
	request := sdk.Attributes(nil).With("header.authorization", "Bearer s3cret").With("path", "/ws").With("query", "token=s3cret").
		With("remote", "192.0.2.1:5").With("connection", "7")
	in := sdk.Event{Topic: "orders", UnixNano: 7, Attributes: request}
	f := start(t, func(e *sdk.Event) sdk.Verdict {
		e.Attributes = e.Attributes.With("tenant", "acme").With("remote_address", "192.0.2.9")
		return sdk.ReplaceEvent(e)
	})
	want := in
	want.Attributes = sdk.Attributes(nil).With("tenant", "acme").With("remote_address", "192.0.2.9")
	assert.Equal(t, Result{Outcome: Changed, Event: want}, f.Connect(in), "the request is not kept")

	f = start(t, func(*sdk.Event) sdk.Verdict { return sdk.ReplaceEvent(&sdk.Event{Topic: "acme.>"}) })
	assert.Equal(t, "acme.>", f.Connect(in).Event.Topic)
	f = start(t, func(*sdk.Event) sdk.Verdict { return sdk.ReplaceEvent(&sdk.Event{}) })
	assert.Equal(t, "orders", f.Connect(in).Event.Topic, "an empty topic changes nothing")
	f = start(t, func(*sdk.Event) sdk.Verdict { return sdk.ReplaceEvent(&sdk.Event{Topic: "a..b"}) })
	assert.Equal(t, Failed, f.Connect(in).Outcome)
}

func TestRefuse_OddStatus(t *testing.T) {
	for _, status := range []int{0, 1, 200, 399, 600, -1, 1 << 20} {
		assert.Panics(t, func() { sdk.Refuse(status, "") }, "%d", status)
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name  string
		event sdk.Event
		want  string
	}{
		{"good", sdk.Event{Topic: "a.b", Kind: sdk.JSON, Payload: []byte(`{"a":[1]}`)}, ""},
		{"binary may be anything", sdk.Event{Topic: "ä", Payload: []byte("\xff")}, ""},
		{"no topic", sdk.Event{}, `"" is not a topic`},
		{"empty token", sdk.Event{Topic: "a..b"}, `"a..b" is not a topic`},
		{"wildcard", sdk.Event{Topic: "a.>"}, `"a.>" is not a topic`},
		{"too long", sdk.Event{Topic: strings.Repeat("a", 257)}, "is not a topic"},
		{"empty JSON", sdk.Event{Topic: "a", Kind: sdk.JSON}, "the payload is not JSON, but the event says so"},
		{"JSON with a name twice", sdk.Event{Topic: "a", Kind: sdk.JSON, Payload: []byte(`{"a":1,"a":2}`)}, "the payload is not JSON"},
		{"JSON with bad UTF-8", sdk.Event{Topic: "a", Kind: sdk.JSON, Payload: []byte("\"\xff\"")}, "the payload is not JSON"},
		{"text with bad UTF-8", sdk.Event{Topic: "a", Kind: sdk.Text, Payload: []byte("\xff")}, "the payload is not UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := check(tt.event)
			if tt.want == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestValidPattern(t *testing.T) {
	for _, p := range []string{"a", "*", ">", "a.*", "*.>", "*.b.*", "a.>"} {
		assert.True(t, validPattern(p), p)
	}
	for _, p := range []string{"", "a.", ">.a", "a*", "a.>b", "a b", "**"} {
		assert.False(t, validPattern(p), p)
	}
}

func TestFilter_World(t *testing.T) {
	f := start(t, func(*sdk.Event) sdk.Verdict {
		_, ok := grant.KVGet("k")
		assert.False(t, ok)
		require.NoError(t, grant.KVSet("k", []byte(strings.Repeat("v", 500)), 0))
		v, ok := grant.KVGet("k")
		assert.True(t, ok)
		assert.Len(t, v, 500)
		grant.KVDelete("k")
		_, ok = grant.KVGet("k")
		assert.False(t, ok)
		for want := int64(2); want <= 4; want += 2 {
			sum, err := grant.KVAdd("n", 2, time.Second)
			require.NoError(t, err)
			assert.Equal(t, want, sum)
		}
		assert.Equal(t, int64(5), grant.Now().Unix())
		grant.Count("seen", 2)
		sdk.Log(sdk.Error, "line")
		return sdk.Pass()
	})
	f.Now = time.Unix(5, 0)
	f.Subscribe(sdk.Event{Topic: "a"})
	assert.Equal(t, map[string]int64{"seen": 2}, f.Counts)
	assert.Equal(t, []Line{{sdk.Error, "line"}}, f.Logs)
	assert.NotContains(t, f.KV, "k")
}

func TestFilter_AddsToNumbersOnly(t *testing.T) {
	for _, value := range []string{"", "1", "123456789"} {
		f := start(t, func(*sdk.Event) sdk.Verdict {
			_, _ = grant.KVAdd("k", 1, 0)
			return sdk.Pass()
		})
		f.KV["k"] = []byte(value)
		assert.Panics(t, func() { f.Subscribe(sdk.Event{Topic: "a"}) }, "%d bytes", len(value))
	}
}

func TestFilter_Emit(t *testing.T) {
	var errs []error
	f := start(t, func(e *sdk.Event) sdk.Verdict {
		errs = append(errs, sdk.Emit("b", sdk.JSON, []byte("1")), sdk.EmitEvent(e), sdk.Emit("b", sdk.JSON, []byte("3")))
		return sdk.Drop("split")
	})
	f.MaxEmit = 2
	in := sdk.Event{Topic: "a", Inbound: true, UnixNano: 9, Attributes: sdk.Attributes{}.With("k", "v"), Payload: []byte("2")}
	got := f.Subscribe(in)
	assert.Equal(t, []error{nil, nil, sdk.ErrEmitRefused}, errs)
	want := sdk.Event{Topic: "b", Kind: sdk.JSON, Payload: []byte("1"), Inbound: true, UnixNano: 9, Attributes: sdk.Attributes{}}
	assert.Equal(t, []sdk.Event{want, in}, got.Emitted)

	assert.Panics(t, func() { f.Connect(in) }, "emitting while a client connects is a trap")
}
