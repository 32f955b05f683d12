package main

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"eventrelay/relay"
)

func TestEventLine(t *testing.T) {
	tests := []struct {
		name string
		kind relay.Kind
		in   string
		want string
	}{
		{"JSON", relay.KindText, `{"a": 1}`, `{"a": 1}`},
		{"JSON over lines", relay.KindText, "{\n  \"a\": 1\n}", `{"a":1}`},
		{"text", relay.KindText, "grüß dich\t<b>", "grüß dich\t<b>"},
		{"text over lines", relay.KindText, "a\n<b>", `"a\n<b>"`},
		{"an escape sequence", relay.KindText, "\x1b[2J", `"\u001b[2J"`},
		{"a C1 command", relay.KindText, "\u009b2J", `"\u009b2J"`},
		{"a C1 command in JSON", relay.KindText, "{\"a\":\"\u009b2J\u2028\"}", `{"a":"\u009b2J\u2028"}`},
		{"bytes", relay.KindBinary, "\x00\xff", "AP8="},
		{"nothing", relay.KindText, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, string(eventLine(tt.kind, []byte(tt.in))))
		})
	}
}

func FuzzEventLine(f *testing.F) {
	for _, seed := range []string{"{\n\"a\":1}", "a\nb", "\x1b[2J", "\u0085", "\u2028"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return // a text message is UTF-8
		}
		for _, r := range string(eventLine(relay.KindText, []byte(s))) {
			if breaksLine(r) {
				t.Fatalf("%q breaks the line with %q", s, r)
			}
		}
	})
}

func TestPrintable(t *testing.T) {
	assert.Equal(t, `say "hi" to grüß`, printable(`say "hi" to grüß`))
	assert.Equal(t, `\x1b[2J "x"\n`, printable("\x1b[2J \"x\"\n"))
	assert.Equal(t, `\xff`, printable("\xff"))
}
