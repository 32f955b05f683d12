package conformance

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"eventrelay/relay"
)

// most is the default of max_event.
const most = 1 << 20

// large is a text as long as an event may be by default, with letters of two bytes.
func large() string {
	return string(bytes.Repeat([]byte("größe und straße "), most/19+1)[:most-3]) + "end"
}

func tryPayloads(t *testing.T, d *desk) {
	binary := string(bytes.Repeat([]byte{0, 1, 0x7f, 0x80, 0xff, '\n', '"', 0xc3}, most/8))
	tests := []struct {
		name    string
		kind    relay.Kind
		payload string
	}{
		{"empty text", relay.KindText, ""},
		{"empty bytes", relay.KindBinary, ""},
		{"one byte", relay.KindBinary, "\x00"},
		{"bytes", relay.KindBinary, "\xff\xfe\x00\r\n\xc3\x28"},
		{"text", relay.KindText, "größe 東京 🚚 \u2028\u0000 \ufeff"},
		{"JSON", relay.KindJSON, "{ \"ü\" : [1e3, -0.0, 9007199254740993, \"\\ud83d\\ude9a\\u0000\", null] }"},
		{"most text", relay.KindText, large()},
		{"most bytes", relay.KindBinary, binary},
		{"most JSON", relay.KindJSON, `"` + string(bytes.Repeat([]byte("j"), most-2)) + `"`},
		{"short again", relay.KindText, "short"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, "pass", d.do(tt.kind, tt.payload, "echo").Verdict, "each byte as it was, which is no change")
			got := d.do(relay.KindBinary, tt.payload, "reverse")
			want := []byte(tt.payload)
			slices.Reverse(want)
			if string(want) == tt.payload {
				assert.Equal(t, "pass", got.Verdict, "%.200v", got)
				return
			}
			assert.True(t, string(want) == payloadOf(t, got), "each byte")
		})
	}

	for _, with := range []string{"", "x", "größe 🚚", large()[:60_000]} {
		got := d.do(relay.KindText, "before", "replace", "with", with)
		assert.Equal(t, with, payloadOf(t, got))
		assert.Equal(t, "text", got.Event.Kind)
	}
	assert.Equal(t, `{"a":[]}`, payloadOf(t, d.do(relay.KindJSON, "1", "replace", "with", `{"a":[]}`)))
	got := d.do(relay.KindJSON, "1", "replace", "with", "no JSON")
	assert.Equal(t, "bad_answer", got.Cause, "%+v", got)
}
