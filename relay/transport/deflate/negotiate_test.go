package deflate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAccept(t *testing.T) {
	const window = agreed + "; server_max_window_bits=15"
	for _, tc := range []struct {
		name    string
		headers []string
		want    string
		bad     bool
	}{
		{"nothing", nil, "", false},
		{"empty", []string{""}, "", false},
		{"bare", []string{"permessage-deflate"}, agreed, false},
		{"Chromium, Firefox", []string{"permessage-deflate; client_max_window_bits"}, agreed, false},
		{"python3-websockets", []string{"permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"}, "", false},
		{"Safari, once", []string{"x-webkit-deflate-frame"}, "", false},
		{"no takeover", []string{"permessage-deflate; server_no_context_takeover; client_no_context_takeover"}, agreed, false},
		{"the client's window", []string{"permessage-deflate; client_max_window_bits=9"}, agreed, false},
		{"the server's largest window", []string{"permessage-deflate; server_max_window_bits=15"}, window, false},
		{"a smaller window than ours", []string{"permessage-deflate; server_max_window_bits=14"}, "", false},
		{"the first offer that can be met", []string{"permessage-deflate; server_max_window_bits=10, permessage-deflate; server_max_window_bits=15, permessage-deflate"}, window, false},
		{"offers in two headers", []string{"permessage-deflate; server_max_window_bits=10", "permessage-deflate"}, agreed, false},
		{"other extensions", []string{"foo; bar=1, permessage-deflate, baz"}, agreed, false},
		{"quoted", []string{`permessage-deflate; server_max_window_bits="15"`}, window, false},
		{"quoted pair", []string{`permessage-deflate; server_max_window_bits="1\5"`}, window, false},
		{"a comma and a semicolon in quotes are no token", []string{`foo; a="b,c;d", permessage-deflate`}, "", true},
		{"spaces and tabs", []string{" \tpermessage-deflate\t; client_max_window_bits = 10 ,,"}, agreed, false},
		{"empty elements", []string{",, permessage-deflate ,"}, agreed, false},

		{"unknown parameter", []string{"permessage-deflate; foo"}, "", false},
		{"unknown parameter, then a fallback", []string{"permessage-deflate; foo, permessage-deflate"}, agreed, false},
		{"parameter twice", []string{"permessage-deflate; client_no_context_takeover; client_no_context_takeover"}, "", false},
		{"bare parameter twice", []string{"permessage-deflate; client_max_window_bits; client_max_window_bits"}, "", false},
		{"value where there is none", []string{"permessage-deflate; server_no_context_takeover=1"}, "", false},
		{"the server's window without a value", []string{"permessage-deflate; server_max_window_bits"}, "", false},
		{"window 7", []string{"permessage-deflate; client_max_window_bits=7"}, "", false},
		{"window 16", []string{"permessage-deflate; client_max_window_bits=16"}, "", false},
		{"window 015", []string{"permessage-deflate; server_max_window_bits=015"}, "", false},
		{"window +15", []string{"permessage-deflate; server_max_window_bits=+15"}, "", false},
		{"window 0", []string{"permessage-deflate; server_max_window_bits=0"}, "", false},
		{"window -1", []string{"permessage-deflate; server_max_window_bits=-1"}, "", false},
		{"window beyond numbers", []string{"permessage-deflate; server_max_window_bits=99999999999999999999"}, "", false},
		{"a name in other letters", []string{"Permessage-Deflate"}, "", false},

		{"no name", []string{"; a"}, "", true},
		{"no parameter", []string{"permessage-deflate;"}, "", true},
		{"no parameter between", []string{"permessage-deflate;;a"}, "", true},
		{"no value", []string{"permessage-deflate; client_max_window_bits="}, "", true},
		{"two words", []string{"permessage-deflate client_max_window_bits"}, "", true},
		{"no token", []string{"permessage-deflate; a=é"}, "", true},
		{"open quotes", []string{`permessage-deflate; a="b`}, "", true},
		{"open quoted pair", []string{`permessage-deflate; a="b\`}, "", true},
		{"empty quotes", []string{`permessage-deflate; a=""`}, "", true},
		{"spaces in quotes", []string{`permessage-deflate; a="b c"`}, "", true},
		{"malformed after a good one", []string{"permessage-deflate, ="}, "", true},
		{"malformed second header", []string{"permessage-deflate", "="}, "", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			answer, err := Accept(tc.headers)
			assert.Equal(t, tc.bad, err != nil, "%v", err)
			assert.Equal(t, tc.want, answer)
		})
	}
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		answer string
		want   bool
		bad    bool
	}{
		{"", false, false},
		{agreed, true, false},
		{"permessage-deflate; server_no_context_takeover", true, false},
		{"permessage-deflate; server_no_context_takeover; server_max_window_bits=9", true, false},
		{"permessage-deflate", false, true},
		{"permessage-deflate; client_no_context_takeover", false, true},
		{agreed + "; client_max_window_bits=15", false, true},
		{agreed + "; client_max_window_bits", false, true},
		{agreed + "; server_max_window_bits", false, true},
		{agreed + "; foo", false, true},
		{agreed + ", " + agreed, false, true},
		{"foo", false, true},
		{"=", false, true},
	} {
		ok, err := Check([]string{tc.answer})
		assert.Equal(t, tc.bad, err != nil, "%s: %v", tc.answer, err)
		assert.Equal(t, tc.want, ok, tc.answer)
	}
	ok, err := Check(nil)
	assert.NoError(t, err)
	assert.False(t, ok)
}

func TestAccept_allocations(t *testing.T) {
	headers := []string{"foo; bar=1, permessage-deflate; server_max_window_bits=10, permessage-deflate; client_max_window_bits"}
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = Accept(headers) }))
}

// FuzzAccept: what is accepted is a valid answer, and follows from what was offered.
func FuzzAccept(f *testing.F) {
	for _, s := range []string{
		"permessage-deflate; client_max_window_bits", `permessage-deflate; server_max_window_bits="1\5", foo;a=b`, "permessage-deflate; server_max_window_bits=10,,permessage-deflate", "=", ";", `"`,
	} {
		f.Add(s, "")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		answer, err := Accept([]string{a, b})
		if err != nil {
			require.Empty(t, answer)
			return
		}
		_, err = Accept([]string{a + "," + b})
		require.NoError(t, err, "two headers are one, joined by a comma")
		joined, _ := Accept([]string{a + "," + b})
		require.Equal(t, joined, answer)
		if answer == "" {
			return
		}
		require.True(t, strings.Contains(a, name) || strings.Contains(b, name))
		ok, err := Check([]string{answer})
		require.NoError(t, err)
		require.True(t, ok)
		again, err := Accept([]string{answer})
		require.NoError(t, err)
		require.Equal(t, answer, again)
	})
}
