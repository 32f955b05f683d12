package relay_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		in             string
		topic, pattern string // the rule it breaks; "" for none
	}{
		{"events", "", ""},
		{"orders.eu.new", "", ""},
		{"ärger.日本.🙂", "", ""},
		{`a"b\c/d`, "", ""},
		{strings.Repeat("a", 256), "", ""},
		{strings.Repeat("a", 257), "longer than 256 bytes", "longer than 256 bytes"},
		{"", "is empty", "is empty"},
		{".", "empty token", "empty token"},
		{".a", "empty token", "empty token"},
		{"a.", "empty token", "empty token"},
		{"a..b", "empty token", "empty token"},
		{"a b", "white space", "white space"},
		{"a\u00a0b", "white space", "white space"},
		{"a\nb", "white space", "white space"},
		{"a\x00", "control character", "control character"},
		{"a\u0085", "control character", "control character"},
		{"a\xff", "not UTF-8", "not UTF-8"},
		{"\xed\xa0\x80", "not UTF-8", "not UTF-8"},
		{"*", "wildcard", ""},
		{">", "wildcard", ""},
		{"a.*.c", "wildcard", ""},
		{"a.>", "wildcard", ""},
		{"*.>", "wildcard", ""},
		{"a.>.b", "wildcard", "'>' before its last token"},
		{"a*.b", "wildcard", "beside other characters"},
		{"a.>>", "wildcard", "beside other characters"},
	} {
		t.Run(tc.in, func(t *testing.T) {
			_, err := relay.ParseTopic(tc.in)
			check(t, err, relay.ErrTopic, tc.topic)
			_, err = relay.ParsePattern(tc.in)
			check(t, err, relay.ErrPattern, tc.pattern)
		})
	}
}

func check(t *testing.T, err, kind error, rule string) {
	t.Helper()
	if rule == "" {
		require.NoError(t, err)
		return
	}
	require.ErrorIs(t, err, kind)
	require.ErrorContains(t, err, rule)
}

func TestPattern_Matches(t *testing.T) {
	for _, tc := range []struct {
		pattern  relay.Pattern
		yes, not []relay.Topic
	}{
		{"a", []relay.Topic{"a"}, []relay.Topic{"b", "a.b", "aa"}},
		{"*", []relay.Topic{"a", "b"}, []relay.Topic{"a.b"}},
		{">", []relay.Topic{"a", "a.b", "a.b.c"}, nil},
		{"a.*", []relay.Topic{"a.b"}, []relay.Topic{"a", "a.b.c", "b.b"}},
		{"a.>", []relay.Topic{"a.b", "a.b.c"}, []relay.Topic{"a", "b.a", "ab.c"}},
		{"*.b.>", []relay.Topic{"a.b.c", "x.b.c.d"}, []relay.Topic{"a.b", "a.c.b"}},
		{"a.*.c", []relay.Topic{"a.b.c", "a.x.c"}, []relay.Topic{"a.c", "a.b.c.d"}},
	} {
		for _, topic := range tc.yes {
			assert.True(t, tc.pattern.Matches(topic), "%s should match %s", tc.pattern, topic)
		}
		for _, topic := range tc.not {
			assert.False(t, tc.pattern.Matches(topic), "%s should not match %s", tc.pattern, topic)
		}
		assert.Equal(t, !strings.ContainsAny(string(tc.pattern), "*>"), tc.pattern.Literal())
	}
}

// Covers and Overlaps must say what trying all topics says. Three tokens suffice: patterns here are up to two tokens long,
// so a topic of three stands for all longer ones; and one token that no pattern names stands for all those.
func TestPattern_CoversAndOverlaps(t *testing.T) {
	patterns := []relay.Pattern{"a", "b", "*", ">"}
	for _, first := range []string{"a", "b", "*"} {
		for _, second := range []string{"a", "b", "*", ">"} {
			patterns = append(patterns, relay.Pattern(first+"."+second))
		}
	}
	var topics []relay.Topic
	tokens := []string{"a", "b", "other"}
	for _, x := range tokens {
		topics = append(topics, relay.Topic(x))
		for _, y := range tokens {
			topics = append(topics, relay.Topic(x+"."+y))
			for _, z := range tokens {
				topics = append(topics, relay.Topic(x+"."+y+"."+z))
			}
		}
	}
	for _, p := range patterns {
		for _, q := range patterns {
			want := true
			for _, topic := range topics {
				want = want && (!q.Matches(topic) || p.Matches(topic))
			}
			assert.Equal(t, want, p.Covers(q), "%s covers %s", p, q)
			both := slices.ContainsFunc(topics, func(topic relay.Topic) bool { return p.Matches(topic) && q.Matches(topic) })
			assert.Equal(t, both, p.Overlaps(q), "%s overlaps %s", p, q)
		}
	}
}

// FuzzTopic: what ParseTopic takes obeys the rules, is a pattern too, and matches itself and '>'.
func FuzzTopic(f *testing.F) {
	for _, s := range []string{"a", "a.b", "a..b", "*", "a.>", "ä.🙂", "a\xff", " ", strings.Repeat("x.", 128) + "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		topic, err := relay.ParseTopic(s)
		plain := len(s) >= 1 && len(s) <= relay.MaxTopic && utf8.ValidString(s) && !strings.ContainsAny(s, "*>") &&
			strings.IndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) < 0
		for _, tok := range strings.Split(s, ".") {
			plain = plain && tok != ""
		}
		require.Equal(t, plain, err == nil, "%q: %v", s, err)
		if err != nil {
			return
		}
		p, err := relay.ParsePattern(s)
		require.NoError(t, err)
		assert.True(t, p.Literal() && p.Matches(topic) && relay.Pattern(">").Matches(topic))
	})
}

func TestParseTopic_Allocations(t *testing.T) {
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = relay.ParseTopic("orders.eu.new") }))
	p := relay.Pattern("orders.*.>")
	assert.Zero(t, testing.AllocsPerRun(100, func() { p.Matches("orders.eu.new") }))
}
