package workbench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

func TestReadRecorded(t *testing.T) {
	now := time.Unix(9, 0).UTC()
	tests := []struct {
		name, in string
		want     relay.Event
	}{
		{"JSON as it stands", `{"topic":"a.b","data": {"n": 1.50}}`, relay.Event{Topic: "a.b", Kind: relay.KindJSON, Payload: []byte(`{"n": 1.50}`), Time: now}},
		{"text", `{"topic":"a","type":"text","data":"x\ny"}`, relay.Event{Topic: "a", Kind: relay.KindText, Payload: []byte("x\ny"), Time: now}},
		{"bytes", `{"topic":"a","data_base64":"/wA="}`, relay.Event{Topic: "a", Payload: []byte{0xff, 0}, Time: now}},
		{"JSON in base64", `{"topic":"a","type":"json","data_base64":"IDE="}`, relay.Event{Topic: "a", Kind: relay.KindJSON, Payload: []byte(" 1"), Time: now}},
		{"an envelope", `{"subscription":"a.>","topic":"a.b","id":"e.1","event_id":"x","type":"text/plain","data":"t"}`, relay.Event{Topic: "a.b", ID: "x", Kind: relay.KindText, Payload: []byte("t"), Time: now}},
		{
			"with everything", `{"topic":"a","data":1,"attributes":{"z":"2","k":"1"},"source":"inbound","time":"2026-01-02T03:04:05.6Z","event_id":"e"}`,
			relay.Event{
				Topic: "a", ID: "e", Kind: relay.KindJSON, Payload: []byte("1"), Source: relay.Inbound, Time: time.Date(2026, 1, 2, 3, 4, 5, 6e8, time.UTC),
				Attributes: relay.Attributes{{Key: "k", Value: "1"}, {Key: "z", Value: "2"}},
			},
		},
		{
			"of a quarantine", `{"plugin":"f","cause":"trap","error":"x","event":{"topic":"a","kind":"json","source":"published","payload":"{\"a\": 1}","time":"1970-01-01T00:00:07Z"}}`,
			relay.Event{Topic: "a", Kind: relay.KindJSON, Payload: []byte(`{"a": 1}`), Time: time.Unix(7, 0).UTC()},
		},
		{"of a quarantine, a subscription", `{"plugin":"f","hook":"subscribe","event":{"topic":"a.>","kind":"binary","payload":"","source":"inbound"}}`, relay.Event{Topic: "a.>", Source: relay.Inbound, Time: now}},
		{"of a quarantine, bytes", `{"plugin":"f","event":{"topic":"a","kind":"binary","payload_base64":"AA=="}}`, relay.Event{Topic: "a", Payload: []byte{0}, Time: now}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, f := readRecorded([]byte(tt.in), now)
			require.Nil(t, f)
			assert.Equal(t, &tt.want, got.Event)
		})
	}
}

func TestReadRecorded_Faults(t *testing.T) {
	tests := []struct{ in, want string }{
		{`{"topic":"a","dta":1}`, `e:1:20: an event has no "dta"; is data meant?`},
		{`{"topic":"a","zzz":1}`, `e:1:20: an event has no "zzz"; there are topic, data, data_base64,`},
		{`{"topic":"a..b","data":1}`, `e:1:10: not a topic: "a..b" has an empty token`},
		{`{"data":1}`, `the event has no "topic"`},
		{`{"topic":"a"}`, `the event has no "data"`},
		{`{"topic":"a","data":1,"data_base64":""}`, `the event has its data twice`},
		{`{"topic":"a","type":"xml","data":"x"}`, `type is "json", "text" or "binary"`},
		{`{"topic":"a","type":"text","data":1}`, `data of an event that is text is a string`},
		{`{"topic":"a","type":"binary","data":"x"}`, `bytes need data_base64`},
		{`{"topic":"a","data_base64":"x"}`, `no base64`},
		{`{"topic":"a","type":"json","data_base64":"eA=="}`, `its type says json, but the data is not`},
		{`{"topic":"a","type":"text","data_base64":"/w=="}`, `not UTF-8`},
		{`{"topic":"a","data":1,"time":"yesterday"}`, `time is one such as`},
		{`{"topic":"a","data":1,"time":"1066-01-01T00:00:00Z"}`, `from 1970 on`},
		{`{"topic":"a","data":1,"source":"outbound"}`, `source is "published" or "inbound"`},
		{`{"topic":"a","data":1,"attributes":{"k":1}}`, `an attribute is a string`},
		{`{"topic":"a","data":1,"after":"1s"}`, `an event has no "after"`},
		{`{"plugin":"f","event":{"topic":"a","payload_omitted":3}}`, `larger than quarantine.bytes`},
		{`{"plugin":"f","event":{"topic":"a","data":1},"x":1}`, `a line of a quarantine has no "x"`},
		{`{"plugin":"f","hook":"connect","event":{"attributes":{"path":"/ws"}}}`, `the request of a connection is not kept`},
		{`{"plugin":"f","hook":"conect","event":{}}`, `there is no hook "conect"; there are connect`},
		{`[1]`, `an event is an object`},
		{`{"topic":"a",}`, `not JSON: a comma before '}'`},
		{`{"topic":"a","topic":"b","data":1}`, `not JSON: key "topic" for the second time`},
		{``, `not JSON`},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			_, f := readRecorded([]byte(tt.in), epoch)
			require.NotNil(t, f)
			assert.Contains(t, f.in("e", []byte(tt.in), 1).Error(), tt.want)
		})
	}
}

func FuzzRecorded(f *testing.F) {
	for _, seed := range []string{
		`{"topic":"a.b","data": {"n": 1.50}}`, `{"topic":"a","type":"text","data":"x\ny"}`, `{"topic":"a","data_base64":"/wA="}`,
		`{"plugin":"f","cause":"trap","event":{"topic":"a","kind":"json","payload":"{}","attributes":{"k":"v"}}}`,
		`{"subscription":"a.>","topic":"a.b","id":"e.1","event_id":"x","type":"text/plain","data":"t"}`, `{"event":{"event":{}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, fault := readRecorded(text, epoch)
		if fault != nil {
			require.NotEmpty(t, fault.in("f", text, 1).Error())
			return
		}
		line := AppendEvent(nil, r.Event)
		require.NotContains(t, string(line), "\n")
		again, fault := readRecorded(line, epoch)
		require.Nil(t, fault, "%s", line)
		require.Equal(t, r.Event.Topic, again.Event.Topic)
		require.Equal(t, r.Event.Kind, again.Event.Kind)
		require.Equal(t, r.Event.Attributes, again.Event.Attributes)
		if r.Event.Kind == relay.KindJSON {
			require.Equal(t, tree(r.Event.Payload), tree(again.Event.Payload))
		} else {
			require.Equal(t, string(r.Event.Payload), string(again.Event.Payload))
		}
	})
}
