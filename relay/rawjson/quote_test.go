package rawjson

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAppendQuoted(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"empty", "", `""`},
		{"plain", "plain > <&> text", `"plain > <&> text"`},
		{"quote and backslash", `a"b\c`, `"a\"b\\c"`},
		{"controls", "a\nb\r\x00\x1f\x7f", "\"a\\nb\\u000d\\u0000\\u001f\x7f\""},
		{"beyond ASCII", "ключ 😀\u2028", "\"ключ 😀\u2028\""},
		{"no UTF-8", "a\xffb\xe2\x82", "\"a\ufffdb\ufffd\ufffd\""},
		{"a lone surrogate, encoded", "\xed\xa0\x80", "\"\ufffd\ufffd\ufffd\""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			assert.Equal(t, "x"+tc.want, string(AppendQuoted([]byte("x"), tc.in)))
			assert.Equal(t, "x"+tc.want, string(AppendQuoted([]byte("x"), []byte(tc.in))))
		})
	}
}

func TestAppendQuoted_allocates_nothing(t *testing.T) {
	dst, text := make([]byte, 0, 1024), []byte(strings.Repeat("text \" ü \xff\n", 20))
	assert.Zero(t, testing.AllocsPerRun(100, func() { dst = AppendQuoted(dst[:0], text) }))
}

// What was quoted is a string to the scanner, and stands for what was given.
func FuzzAppendQuoted(f *testing.F) {
	for _, seed := range []string{"", "text", "a\"\\\n\x00", "ü😀\xff\xe2\x82"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted := AppendQuoted(nil, text)
		var s Scanner
		s.Reset(quoted)
		value, fault := s.Document()
		require.Nil(t, fault)
		want := string([]rune(text)) // each byte that is no UTF-8 is a U+FFFD of its own
		assert.Equal(t, want, string(AppendString(nil, value)))
		var std string
		require.NoError(t, json.Unmarshal(quoted, &std))
		assert.Equal(t, want, std)
	})
}
