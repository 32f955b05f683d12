package transport

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

func TestParseCommand(t *testing.T) {
	for in, want := range map[string]command{
		`{"id":1,"subscribe":{"topic":"a.>"}}`:                            {id: 1, verb: verbSubscribe, pattern: "a.>"},
		" {\n\"unsubscribe\" : { \"topic\" : \"*\" } ,\t\"id\" : 2 } ":    {id: 2, verb: verbUnsubscribe, pattern: "*"},
		`{"id":9007199254740991,"ping":{}}`:                               {id: maxCommandID, verb: verbPing},
		`{"\u0069d":3,"p\u0069ng":{}}`:                                    {id: 3, verb: verbPing},
		`{"id":4,"publish":{"topic":"a","data":{"topic":"b","data":1}}}`:  {id: 4, verb: verbPublish, publish: publication{topic: "a", kind: relay.KindJSON, payload: []byte(`{"topic":"b","data":1}`)}},
		`{"id":5,"publish":{"data":"]}\\\"","topic":"a","event_id":"e"}}`: {id: 5, verb: verbPublish, publish: publication{topic: "a", id: "e", kind: relay.KindJSON, payload: []byte(`"]}\\\""`)}},
		`{"id":6,"publish":{"topic":"a","data_base64":""}}`:               {id: 6, verb: verbPublish, publish: publication{topic: "a", kind: relay.KindBinary, payload: []byte{}}},
		`{"id":7,"publish":{"topic":"a","data":"","type":"text/html"}}`:   {id: 7, verb: verbPublish, publish: publication{topic: "a", kind: relay.KindText, payload: []byte{}, contentType: "text/html"}},
	} {
		c, err := parseCommand([]byte(in))
		require.Nil(t, err, in)
		assert.Equal(t, want, c, in)
	}
}

func TestTooDeep(t *testing.T) {
	nested := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	assert.Nil(t, tooDeep(nested(maxDepth)))
	assert.NotNil(t, tooDeep(nested(maxDepth+1)))
	assert.Nil(t, tooDeep([]byte(`"`+strings.Repeat("[", 100)+`"`)), "brackets in strings do not count")
	assert.Nil(t, tooDeep([]byte(`"\"`+strings.Repeat("[", 100)+`"`)))
	assert.Nil(t, tooDeep([]byte(`"\`)))
}

// parseCommand agrees with encoding/json on what the members of an object are, and never takes what that refuses.
func FuzzCommand(f *testing.F) {
	for _, s := range []string{
		`{"id":1,"subscribe":{"topic":"a.>"}}`, `{"id":2,"publish":{"topic":"a","data":{"x":[1,2,{"y":"\\\""}]}}}`,
		`{"id":3,"publish":{"topic":"a","data_base64":"AP8=","type":"image/png","event_id":"e"}}`, `{"id":4,"ping":{}}`,
		`{"id":1,"id":2}`, `[]`, `{}`, ` { "a" : [ ] , "b":{},"c":"}" } `, `{"\u0061":1}`, `"`, `{"a`, `nul`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		c, err := parseCommand(bytes.Clone(in))
		if tooDeep(in) != nil {
			require.NotNil(t, err)
			return
		}
		var all map[string]json.RawMessage
		ms, fault := members(in)
		if json.Unmarshal(in, &all) != nil || all == nil {
			require.NotNil(t, fault)
			return
		}
		if fault == nil {
			require.Len(t, ms, len(all))
			for _, m := range ms {
				require.JSONEq(t, string(all[m.key]), string(m.value))
			}
		}
		if err != nil {
			require.NotEmpty(t, err.Message)
			return
		}
		require.Contains(t, all, c.verb)
		require.Equal(t, string(all["id"]), json.Number(string(all["id"])).String())
		if c.publish.kind == relay.KindJSON && c.verb == verbPublish {
			require.True(t, json.Valid(c.publish.payload))
		}
	})
}

func TestReply_encoding(t *testing.T) {
	f := reply{ID: 1, Subscribe: &topicReply{"a.>"}}.frame()
	assert.Equal(t, `{"id":1,"subscribe":{"topic":"a.>"}}`, string(f[2:]))
	long := reply{ID: 1, Error: badCommand("%s", strings.Repeat("x", 70000))}.frame()
	assert.Equal(t, []byte{0x81, 127, 0, 0, 0, 0, 0, 1}, long[:8])
	mid := reply{ID: 1, Error: badCommand("%s", strings.Repeat("x", 200))}.frame()
	assert.Equal(t, []byte{0x81, 126}, mid[:2])
}

func TestBucket(t *testing.T) {
	r := rate{Every: time.Second, Burst: 3}
	var b bucket
	now := time.Hour
	for range 3 {
		assert.True(t, b.take(now, r))
	}
	assert.False(t, b.take(now, r), "the burst is used up")
	assert.False(t, b.take(now+time.Second-1, r))
	assert.True(t, b.take(now+time.Second, r), "one came back")
	assert.False(t, b.take(now+time.Second, r))
	for range 3 {
		assert.True(t, b.take(now+time.Minute, r), "never more than the burst")
	}
	assert.False(t, b.take(now+time.Minute, r))
}

func TestDeparture(t *testing.T) {
	d := newDeparture([]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	gone := 0
	for _, c := range []struct {
		share float64
		want  int
	}{{0, 0}, {0.1, 1}, {0.5, 5}, {0.4, 5}, {1, 10}, {1, 10}} {
		gone += len(d.next(c.share))
		assert.Equal(t, c.want, gone, "%v", c.share)
	}
	assert.Empty(t, newDeparture([]int(nil)).next(0.5))
}
