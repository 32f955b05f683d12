package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/sdk"
	"eventrelay/sdk/sdktest"
)

const config = `{"fields": ["card", "ssn", "päss"], "mask": "***"}`

func TestRedact(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"top", `{"card":"4111","n":1}`, `{"card":"***","n":1}`},
		{"spacing and order stay", "{ \"z\" : 1 ,\r\n\t\"card\" :  \"4111\" , \"a\":2 }", "{ \"z\" : 1 ,\r\n\t\"card\" :  \"***\" , \"a\":2 }"},
		{"any depth", `{"a":[{"b":{"ssn":"1"}},[{"card":2}]]}`, `{"a":[{"b":{"ssn":"***"}},[{"card":"***"}]]}`},
		{
			"any kind", `[{"card":null},{"card":true},{"card":-1e9},{"card":{"n":"1"}},{"card":[1,{"x":2}]}]`,
			`[{"card":"***"},{"card":"***"},{"card":"***"},{"card":"***"},{"card":"***"}]`,
		},
		{"name in escapes", `{"\u0063ard":1,"s\u0073n":2,"p\u00e4ss":3}`, `{"\u0063ard":"***","s\u0073n":"***","p\u00e4ss":"***"}`},
		{"quotes and brackets in the value", `{"card":"a\"}],{\\","x":1}`, `{"card":"***","x":1}`},
		{"a hidden field within a hidden field", `{"card":{"ssn":1},"x":2}`, `{"card":"***","x":2}`},
		{
			"big numbers and odd escapes beside it", `{"n":123456789012345678901234567890.10e+05,"s":"\/\u0041\ud83d\ude00","card":1}`,
			`{"n":123456789012345678901234567890.10e+05,"s":"\/\u0041\ud83d\ude00","card":"***"}`,
		},
		{"at the end of the text", "{\"card\":1} \n", "{\"card\":\"***\"} \n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := event(t, sdk.JSON, tt.in)
			assert.Equal(t, sdktest.Changed, got.Outcome)
			assert.Equal(t, tt.want, string(got.Event.Payload))
		})
	}
}

// What relay does not call JSON, since readers differ on it, may be read as JSON by a client all the same.
func TestRedact_TextThatIsJSON(t *testing.T) {
	for in, want := range map[string]string{
		`{"card":1,"card":2}`:               `{"card":"***","card":"***"}`,
		`{"p\u00e4ss":3,"päss":4}`:          `{"p\u00e4ss":"***","päss":"***"}`,
		`{"s":"\ud800","n":1e400,"card":1}`: `{"s":"\ud800","n":1e400,"card":"***"}`,
	} {
		got := event(t, sdk.Text, in)
		assert.Equal(t, sdktest.Changed, got.Outcome, in)
		assert.Equal(t, want, string(got.Event.Payload))
	}
}

func TestRedact_Passes(t *testing.T) {
	tests := []struct {
		name string
		kind sdk.Kind
		in   string
	}{
		{"no such field", sdk.JSON, `{"cards":1,"car":2,"CARD":3,"x":"card","y":["card"]}`},
		{"scalar", sdk.JSON, `"card"`},
		{"text", sdk.Text, `card: 4111`},
		{"nearly JSON", sdk.Text, `{"card":1,}`},
		{"two values", sdk.Text, `{"card":1} {"card":2}`},
		{"bytes", sdk.Binary, "\xff\x00"},
		{"empty", sdk.Binary, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, sdktest.Passed, event(t, tt.kind, tt.in).Outcome)
		})
	}
}

func TestRedact_JSONSentAsText(t *testing.T) {
	assert.Equal(t, `{"card":"***"}`, string(event(t, sdk.Text, `{"card":1}`).Event.Payload))
}

func TestRedact_FailsRatherThanLeaks(t *testing.T) {
	got := event(t, sdk.JSON, `{"card":1`)
	assert.Equal(t, sdktest.Failed, got.Outcome)
	assert.Equal(t, "not JSON at byte 9: want more text", got.Reason)
}

func TestRedact_Deep(t *testing.T) {
	const depth = 5000
	in := strings.Repeat(`{"a":[`, depth) + `{"card":1}` + strings.Repeat(`]}`, depth)
	got := event(t, sdk.Text, in)
	assert.Equal(t, strings.Replace(in, `:1`, `:"***"`, 1), string(got.Event.Payload))
}

func TestConfigure(t *testing.T) {
	tests := []struct{ config, want string }{
		{`{"fields":["card"]}`, ""},
		{`{"fields":"card"}`, ""},
		{`{}`, "config: fields: name at least one field to redact"},
		{`{"fields":[]}`, "config: fields: name at least one field to redact"},
		{`{"fields":[1]}`, "config: fields: want a list of texts"},
		{`{"fields":["a"],"mask":5}`, "config: mask: want text"},
		{`{"feilds":["a"],"fields":["b"]}`, `config: "feilds" is unknown; there are: fields, mask`},
	}
	for _, tt := range tests {
		t.Run(tt.config, func(t *testing.T) {
			_, err := sdktest.Start(tt.config)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			assert.EqualError(t, err, tt.want)
		})
	}
}

func TestConfigure_DefaultMaskIsQuoted(t *testing.T) {
	r, err := configure(sdk.Config(`{"fields":["a"]}`))
	require.NoError(t, err)
	assert.Equal(t, `"[redacted]"`, string(r.mask))
	r, err = configure(sdk.Config(`{"fields":["a"],"mask":"\"\\\n"}`))
	require.NoError(t, err)
	assert.Equal(t, `"\"\\\u000a"`, string(r.mask))
}

func TestRedactor_DoesNotAllocate(t *testing.T) {
	r := newRedactor([]string{"card"}, "***")
	in := []byte(`{"a":[1,2,{"card":"4111"}],"b":"x"}`)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if out, err := r.redact(in); err != nil || out == nil {
			t.Fatal(err)
		}
	}))
}

// FuzzRedact compares with decoding, masking and encoding.
func FuzzRedact(f *testing.F) {
	for _, seed := range []string{`{"a":[{"card":{"ssn":1}},{"\u0063ard":2}],"card":3,"card":4}`, `[1e2,"\ud800"]`, `{"card":`, `{"":{"ssn":[]}}`} {
		f.Add(seed)
	}
	r := newRedactor([]string{"card", "ssn"}, "***")
	f.Fuzz(func(t *testing.T, text string) {
		out, err := r.redact([]byte(text))
		var before any
		if json.Unmarshal([]byte(text), &before) != nil || !utf8.ValidString(text) {
			if err == nil { // encoding/json also refuses numbers beyond float64
				require.True(t, json.Valid([]byte(text)))
			}
			return
		}
		require.NoError(t, err)
		masked, found := mask(before)
		if out == nil {
			require.False(t, found)
			return
		}
		var after any
		require.NoError(t, json.Unmarshal(out, &after))
		require.True(t, reflect.DeepEqual(masked, after), "%s", out)
		again, err := r.redact([]byte(string(out)))
		require.NoError(t, err)
		require.Equal(t, string(r.out), string(again), "masking twice is masking once")
	})
}

// mask is what redact should do, on decoded JSON.
func mask(v any) (masked any, found bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			if name == "card" || name == "ssn" {
				v[name], found = "***", true
				continue
			}
			m, ok := mask(x)
			v[name], found = m, found || ok
		}
	case []any:
		for i, x := range v {
			m, ok := mask(x)
			v[i], found = m, found || ok
		}
	}
	return v, found
}

func event(t *testing.T, kind sdk.Kind, payload string) sdktest.Result {
	t.Helper()
	f, err := sdktest.Start(config)
	require.NoError(t, err)
	return f.Event(sdk.Event{Topic: "orders", Kind: kind, Payload: []byte(payload)})
}

func BenchmarkRedact(b *testing.B) {
	r := newRedactor([]string{"card", "ssn"}, "***")
	text := []byte(`{"id":"01J8","type":"order.created","amount":129.90,"currency":"EUR","customer":{"name":"Ada","card":"4111111111111111"},"items":[{"sku":"A-1","qty":2},{"sku":"B-7","qty":1}],"note":"leave at the door, please; ring twice if nobody answers"}`)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := r.redact(text); err != nil {
			b.Fatal(err)
		}
	}
}
