package workbench

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseCase(t *testing.T) {
	c, err := parseCase("x.json", []byte(`{
  "about": "all there is",
  "config": {"n": 12345678901234567890, "s": "x"},
  "allow": ["kv"],
  "seed": 7,
  "events": [
    {"topic": "a", "data": {"k": [1,
        2]}},
    {"after": "1m", "topic": "a", "type": "text", "data": "t"},
    {"topic": "a", "data": 1, "time": "2027-01-01T00:00:00Z"},
    {"topic": "a", "after": "1s", "data": 1}
  ],
  "expect": [{"verdict": "pass"}]
}`))
	require.NoError(t, err)
	assert.Equal(t, `{"k":[1,2]}`, string(c.Events[0].Payload), "compact, as programs publish")
	assert.Equal(t, []string{"kv"}, c.Allow)
	assert.EqualValues(t, 7, c.Seed)
	assert.Equal(t, "12345678901234567890", string(compact([]byte(c.Config["n"].(interface{ String() string }).String()))))
	assert.Equal(t, epoch.Add(time.Minute), c.Events[1].Time)
	assert.Equal(t, c.Events[2].Time.Add(time.Second), c.Events[3].Time)
	assert.Len(t, c.Expect, 1)
}

func TestParseCase_Faults(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"unknown key", "{\n  \"evnts\": []\n}", `x:2:12: a case has no "evnts"; is events meant?`},
		{"unknown key of an event", "{\"events\": [\n {\"topic\": \"a\", \"dta\": 1}]}", `x:2:24: an event has no "dta"; is data meant?`},
		{"unknown key of an expectation", "{\"events\":[{\"topic\":\"a\",\"data\":1}],\n\"expect\":[\n{\"verdikt\":\"pass\"}]}", `x:3:12: what is expected of an event has no "verdikt"; is verdict meant?`},
		{"unknown verdict", `{"events":[{"topic":"a","data":1}],"expect":[{"verdict":"ok"}]}`, `"ok" is no verdict; there are pass, transform`},
		{"no verdict", `{"events":[{"topic":"a","data":1}],"expect":[{}]}`, `there is no "verdict"`},
		{"no events", `{}`, `the case has no "events"`},
		{"too much expected", `{"events":[{"topic":"a","data":1}],"expect":[{"verdict":"pass"},{"verdict":"pass"}]}`, `"expect" has 2 items for 1 events`},
		{"refuse and events", `{"refuse":"x","events":[{"topic":"a","data":1}]}`, `or has "events"`},
		{"config is a list", `{"config":[]}`, `x:1:11: config is an object`},
		{"allow is a word", `{"allow":"kv"}`, `allow is a list`},
		{"seed is negative", `{"seed":-1}`, `seed is a whole number`},
		{"after is a number", `{"events":[{"topic":"a","data":1,"after":3}]}`, `after is a string`},
		{"after is back", `{"events":[{"topic":"a","data":1,"after":"-3s"}]}`, `after is a time such as 10s`},
		{"outcome without sense", `{"events":[{"topic":"a","data":1}],"expect":[{"verdict":"transform","event":{"data_base64":"?"}}]}`, `no base64`},
		{"unknown hook", `{"events":[{"hook":"conect"}]}`, `there is no hook "conect"; there are connect`},
		{"a connection with data", `{"events":[{"hook":"connect","data":1}]}`, `a connection or subscription has no data`},
		{"a subscription to nothing", `{"events":[{"hook":"subscribe"}]}`, `the event has no "topic"`},
		{"a pattern of an event", `{"events":[{"topic":"a.>","data":1}]}`, `not a topic: "a.>"`},
		{"no status", `{"events":[{"hook":"connect"}],"expect":[{"verdict":"refuse","status":"x"}]}`, `status is a number`},
		{"not JSON", "{\n  'a': 1}", `x:2:3: not JSON: a single quote`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseCase("x", []byte(tt.in))
			var bad *FileError
			require.ErrorAs(t, err, &bad)
			assert.Contains(t, err.Error(), tt.want)
		})
	}
}

func TestParseCase_ByteOrderMark(t *testing.T) {
	c, err := parseCase("x.json", []byte("\xef\xbb\xbf{\"events\":[{\"topic\":\"t\",\"data\":1}]}"))
	require.NoError(t, err)
	assert.Len(t, c.Events, 1)
}

func TestReadCase_Files(t *testing.T) {
	_, err := ReadCase(t.TempDir())
	assert.ErrorContains(t, err, "is not a regular file")
	_, err = ReadCase("/nonexistent.json")
	assert.ErrorIs(t, err, os.ErrNotExist)
	large := filepath.Join(t.TempDir(), "large.json")
	require.NoError(t, os.WriteFile(large, nil, 0o600))
	require.NoError(t, os.Truncate(large, maxCase+1))
	_, err = ReadCase(large)
	assert.ErrorContains(t, err, "larger than 64MiB")
}

func FuzzCase(f *testing.F) {
	for _, seed := range []string{
		`{"config":{"a":1},"allow":["kv"],"seed":1,"events":[{"topic":"a","data":{},"after":"1s"}],"expect":[{"verdict":"transform","event":{"topic":"b","type":"text","data":"x"},"emitted":[{"topic":"c","data":1}],"log":["l"]}]}`,
		`{"events":[{"hook":"connect","attributes":{"path":"/ws"}},{"hook":"subscribe","topic":"a.>"}],"expect":[{"verdict":"refuse","status":401}]}`,
		`{"config":{},"refuse":"x"}`, `{"events":[{"topic":"a","data_base64":"AA=="}],"expect":[{"verdict":"fail","cause":"trap","error":"x"}]}`,
		`{"about":"","events":[]}`, "{\n\"expect\":[", `{"events":[{"topic":"a","data":1}],"expect":[{"verdict":"drop","reason":"\u0000"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseCase("f", text)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		// What is written into a case is read again, and leaves the rest alone.
		if c.Refuse == nil {
			r := CaseResult{Case: c}
			for i, ev := range c.Events {
				r.Trials = append(r.Trials, Trial{Event: ev, Hook: c.Hooks[i]})
				r.Trials[len(r.Trials)-1].Verdict = "transform"
			}
			out, ok := replaceMember(c.text, "expect", r.expectations())
			require.True(t, ok)
			again, err := parseCase("f", out)
			require.NoError(t, err, "%s", out)
			require.Equal(t, len(c.Events), len(again.Expect))
			for i, ev := range c.Events {
				require.Equal(t, ev.Payload, again.Events[i].Payload)
				want, got := again.Expect[i].compare(ev, &r.Trials[i])
				require.Equal(t, pretty(want), pretty(got), "what was written is what happened")
			}
		}
	})
}
