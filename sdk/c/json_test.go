package c_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/relay"
	"eventrelay/sdk/jsonscan"
)

// probe compiles and opens testdata/probe.c.
func probe(t testing.TB) *plugins.Desk {
	return open(t, compile(t, "testdata/probe.c", "-O2"), nil)
}

// ask returns what the probe says to a payload; attributes in pairs, sorted.
func ask(t *testing.T, d *plugins.Desk, payload string, attributes ...string) string {
	t.Helper()
	ev := &relay.Event{Topic: "t", Payload: []byte(payload)}
	for i := 0; i < len(attributes); i += 2 {
		ev.Attributes = append(ev.Attributes, relay.Attribute{Key: attributes[i], Value: attributes[i+1]})
	}
	got := d.Try(ev)
	switch {
	case got.Verdict == "pass":
		return payload // its answer is the payload as it was
	case got.Event == nil:
		require.Failf(t, "no answer", "%q: %.300v", payload, got)
	case got.Event.Payload == nil:
		return string(got.Event.PayloadBase64)
	}
	return *got.Event.Payload
}

var documents = []string{
	`{}`, `[]`, `""`, `0`, `-1.5e+3`, `true`, `null`, ` { "a" : [ 1 , 2 , { "b" : null } ] , "c" : "x:,{}[]" } `,
	`{"name":"\"","b":"\\","c":"\\\""}`, "[\t1,\n\r2 ]", `[[[]],{"a":{}},false]`, `{"":"","ü":"\u00fc\ud83d\ude9a"}`,
	`"` + strings.Repeat("x", 100) + `\n"`, `[` + strings.Repeat(`[`, 300) + strings.Repeat(`]`, 300) + `]`,
}

// tokensOf are the tokens as the SDK for Go sees them.
func tokensOf(t *testing.T, doc string) string {
	var b strings.Builder
	kinds := map[jsonscan.Kind]string{
		jsonscan.BeginObject: "{", jsonscan.EndObject: "}", jsonscan.BeginArray: "[", jsonscan.EndArray: "]", jsonscan.Name: ":",
		jsonscan.String: `"`, jsonscan.Number: "0", jsonscan.True: "t", jsonscan.False: "f", jsonscan.Null: "n",
	}
	s := jsonscan.New([]byte(doc))
	for {
		tok, err := s.Next()
		if err != nil {
			break
		}
		require.Contains(t, kinds, tok.Kind)
		b.WriteString(kinds[tok.Kind] + string(s.Bytes(tok)) + "\n")
	}
	return b.String()
}

func TestJSON_Tokens(t *testing.T) {
	d := probe(t)
	for _, doc := range documents {
		assert.Equal(t, tokensOf(t, doc), ask(t, d, doc, "do", "tokens"), doc)
	}
}

func TestJSON_Text(t *testing.T) {
	d := probe(t)
	for _, s := range []string{
		`""`, `"plain"`, `"größe 🚚"`, `"\"\\\/\b\f\n\r\t"`, `"\u0000\u0041\u007f\u0080\u07ff\u0800\uffff"`, `"\uD83D\uDE9A\ud83d\ude9a"`,
		`"a\u00e9b"`, `"\\u0041"`, `"\\"`, `"\u2028x"`,
	} {
		var want string
		require.NoError(t, json.Unmarshal([]byte(s), &want))
		assert.Equal(t, want, ask(t, d, s, "do", "text"), s)
	}
	for in, want := range map[string]string{ // what is no well-formed string has an answer, too
		`"\ud83d"`: "\ufffd", `"\ude9a\ud83d"`: "\ufffd\ufffd", `"\ud83dx"`: "\ufffdx", `"\ud83d\u0041"`: "\ufffdA", `"\u00"`: "u00",
		`12`: "12", `{}`: "{}", ``: "", `"`: `"`, `"\"`: `\`,
	} {
		assert.Equal(t, want, ask(t, d, in, "do", "text"), in)
	}
}

func TestJSON_Field(t *testing.T) {
	d := probe(t)
	const doc = ` {"a": 1, "\u00fc" : [2, {"b": 3}], "s\"": "x", "empty": {}, "last":null}`
	for name, want := range map[string]string{
		"a": "1", "ü": `[2, {"b": 3}]`, `s"`: `"x"`, "empty": "{}", "last": "null", "b": "absent", "": "absent", `\u00fc`: "absent",
	} {
		assert.Equal(t, want, ask(t, d, doc, "do", "field", "name", name), name)
	}
	for _, none := range []string{``, `[]`, `["a",1]`, `"a"`, `{`, `{"a"`, `{"a":`, `{"a"1}`} {
		assert.Equal(t, "absent", ask(t, d, none, "do", "field", "name", "a"), none)
	}
}

func TestJSON_MemberOf(t *testing.T) {
	d := probe(t)
	const doc = ` {"a": 1, "b" : [2, {"a": 3}], "\u0061": 4,"aa":5 , "a" :{"a":"}"} , "":6,"a":null}`
	for name, want := range map[string]string{
		`"a"`: "1\n{\"a\":\"}\"}\nnull\n", `"\u0061"`: "4\n", `"b"`: "[2, {\"a\": 3}]\n", `""`: "6\n", `"c"`: "", `a`: "", ``: "",
	} {
		assert.Equal(t, want, ask(t, d, doc, "do", "spelled", "name", name), name)
	}
	for _, none := range []string{``, `[]`, `["a",1]`, `{`, `{"a"`, `{"a":`, `{"a"1}`, `{"a":}`} {
		assert.Empty(t, ask(t, d, none, "do", "spelled", "name", `"a"`), none)
	}
}

func TestInts(t *testing.T) {
	d := probe(t)
	for _, s := range []string{
		"0", "-0", "7", "-7", "007", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
		"18446744073709551615", "18446744073709551616", "99999999999999999999999", "", "-", "+1", "1.0", "1e3", " 1", "1 ", "x", "--1",
	} {
		want := "none"
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && !strings.HasPrefix(s, "+") {
			want = strconv.FormatInt(n, 10)
		}
		assert.Equal(t, want, ask(t, d, s, "do", "int"), s)
	}
}

func TestBuilder(t *testing.T) {
	d := probe(t)
	for _, s := range []string{"", "plain", "\"\\/\b\f\n\r\t\x00\x1f", "größe 🚚\u2028"} {
		var back string
		require.NoError(t, json.Unmarshal([]byte(ask(t, d, s, "do", "quote")), &back))
		assert.Equal(t, s, back)
	}
	for _, n := range []int{0, 1, 63, 64, 65, 1000, 20_000} {
		forth := make([]byte, n)
		for i := range forth {
			forth[i] = byte(i)
		}
		back := bytes.Clone(forth)
		for i := range back {
			back[n-1-i] = forth[i]
		}
		assert.True(t, ask(t, d, string(forth), "do", "interleave") == string(forth)+string(back), "%d", n)
	}
	got := d.Try(&relay.Event{Topic: "t", Attributes: relay.Attributes{{Key: "do", Value: "exhaust"}}})
	assert.Equal(t, "trap", got.Cause, "%+v", got)
	assert.Equal(t, "7", ask(t, d, "7", "do", "int"), "it begins anew")
}

// FuzzJSON reads any bytes as JSON: what lies behind them, left by an earlier event, makes no difference, and what is
// JSON is read as the SDK for Go reads it.
func FuzzJSON(f *testing.F) {
	for _, doc := range documents {
		f.Add([]byte(doc))
		f.Add([]byte(doc[:len(doc)/2]))
	}
	f.Add([]byte("\"\\"))
	f.Add([]byte{'[', 0, ']', '"', 0xff, '\\', 'u'})
	d := probe(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		for verb, name := range map[string]string{"tokens": "", "text": "", "field": "a", "spelled": `"a"`, "quote": ""} {
			var said []string
			for _, behind := range []string{`"`, `}`, `\`, `1`, "\x00"} {
				ask(t, d, strings.Repeat(behind, len(doc)+200), "do", "int") // at least as long, whatever the attributes
				said = append(said, ask(t, d, string(doc), "do", verb, "name", name))
			}
			for _, s := range said[1:] {
				assert.Equal(t, said[0], s, "%s: what lies behind the payload matters", verb)
			}
		}
		if json.Valid(doc) && utf8.Valid(doc) {
			assert.Equal(t, tokensOf(t, string(doc)), ask(t, d, string(doc), "do", "tokens"))
		}
	})
}
