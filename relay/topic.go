package relay

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxTopic is the longest topic or pattern, in bytes of UTF-8.
const MaxTopic = 256

// DefaultTopic is the topic of clients and publishers that name none.
const DefaultTopic Topic = "events"

// Topic names a stream of events: tokens joined by dots, such as "orders.eu.new". A Topic made by ParseTopic is 1 to
// MaxTopic bytes of UTF-8 without white space, control characters, '*', '>' and empty tokens.
type Topic string

// Pattern selects topics: a topic in which a whole token may be '*' (any one token), and the last may be '>' (one or
// more tokens), as in NATS subjects. A topic is a pattern that selects itself.
type Pattern string

var (
	// ErrTopic is returned when a string is no topic. The wrapping error says which rule it breaks.
	ErrTopic = errors.New("not a topic")
	// ErrPattern is returned when a string is no pattern. The wrapping error says which rule it breaks.
	ErrPattern = errors.New("not a topic pattern")
)

// ParseTopic returns s as a Topic, or an error that wraps ErrTopic. It does not allocate for a valid topic.
func ParseTopic(s string) (Topic, error) {
	if rule := checkTokens(s, false); rule != "" {
		return "", fmt.Errorf("%w: %.64q %s", ErrTopic, s, rule)
	}
	return Topic(s), nil
}

// ParsePattern returns s as a Pattern, or an error that wraps ErrPattern.
func ParsePattern(s string) (Pattern, error) {
	if rule := checkTokens(s, true); rule != "" {
		return "", fmt.Errorf("%w: %.64q %s", ErrPattern, s, rule)
	}
	return Pattern(s), nil
}

// checkTokens returns the rule that s breaks, or "".
func checkTokens(s string, wildcards bool) string {
	switch {
	case s == "":
		return "is empty"
	case len(s) > MaxTopic:
		return fmt.Sprintf("is longer than %d bytes", MaxTopic)
	}
	start := 0
	for i := 0; i <= len(s); {
		if i == len(s) || s[i] == '.' {
			if rule := checkToken(s[start:i], i == len(s), wildcards); rule != "" {
				return rule
			}
			i++
			start = i
			continue
		}
		if isTopicByte[s[i]] {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			return "is not UTF-8"
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return "holds white space or a control character"
		}
		i += n
	}
	return ""
}

// isTopicByte tells the ASCII characters that may stand anywhere in a token.
var isTopicByte = func() (t [256]bool) {
	for c := '!'; c <= '~'; c++ {
		t[c] = c != '.'
	}
	return t
}()

func checkToken(tok string, last, wildcards bool) string {
	switch {
	case tok == "":
		return "has an empty token (two dots in a row, or one at an end)"
	case strings.IndexByte(tok, '*') < 0 && strings.IndexByte(tok, '>') < 0:
		return ""
	case !wildcards:
		return "holds a wildcard; an event goes to one literal topic"
	case tok == "*" || tok == ">" && last:
		return ""
	case tok == ">":
		return "has '>' before its last token"
	}
	return "has a wildcard beside other characters in one token"
}

// Literal reports whether p holds no wildcard, so that it selects exactly the topic it spells.
func (p Pattern) Literal() bool { return !strings.ContainsAny(string(p), "*>") }

// Matches reports whether p selects t. Both must be valid.
func (p Pattern) Matches(t Topic) bool {
	pat, top := string(p), string(t)
	for {
		pt, pRest, pMore := strings.Cut(pat, ".")
		tt, tRest, tMore := strings.Cut(top, ".")
		switch {
		case pt == ">":
			return true
		case pt != "*" && pt != tt:
			return false
		case !pMore || !tMore:
			return pMore == tMore
		}
		pat, top = pRest, tRest
	}
}

// Covers reports whether p selects every topic that q selects. Both must be valid.
func (p Pattern) Covers(q Pattern) bool {
	pat, sub := string(p), string(q)
	for {
		pt, pRest, pMore := strings.Cut(pat, ".")
		st, sRest, sMore := strings.Cut(sub, ".")
		switch {
		case pt == ">":
			return true
		case st == ">", pt != "*" && pt != st:
			return false
		case !pMore || !sMore:
			return pMore == sMore
		}
		pat, sub = pRest, sRest
	}
}

// Overlaps reports whether some topic is selected by both p and q. Both must be valid.
func (p Pattern) Overlaps(q Pattern) bool {
	a, b := string(p), string(q)
	for {
		at, aRest, aMore := strings.Cut(a, ".")
		bt, bRest, bMore := strings.Cut(b, ".")
		switch {
		case at == ">" || bt == ">":
			return true
		case at != "*" && bt != "*" && at != bt:
			return false
		case !aMore || !bMore:
			return aMore == bMore
		}
		a, b = aRest, bRest
	}
}
