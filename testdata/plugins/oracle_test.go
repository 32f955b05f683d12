package shipped_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/relay"
)

// decoded is JSON as a tree, with numbers as they are written.
func decoded(t testing.TB, text string) (v any) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	require.NoError(t, d.Decode(&v), text)
	return v
}

// masked is what redact is to make of a tree whose way from the root is names.
func masked(v any, names []string) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = masked(v[i], names)
		}
	case map[string]any:
		for k := range v {
			if k == "card" || k == "ssn" && len(names) > 0 && names[len(names)-1] == "user" {
				v[k] = "[redacted]"
				continue
			}
			v[k] = masked(v[k], append(names[:len(names):len(names)], k))
		}
	}
	return v
}

// FuzzRedact compares with decoding, masking and encoding.
func FuzzRedact(f *testing.F) {
	for _, seed := range []string{
		`{"a":[{"card":{"ssn":1}},{"\u0063ard":2}],"card":3}`, `{"user":{"ssn":1,"x":{"ssn":2}},"ssn":3}`, `{"us\u0065r":[[{"ssn":1}],{"user":{"ssn":[]}}]}`,
		`{"":{"ssn":[]},"card ":"card","c":"\",\"card\":1"}`, `[1e2,"\\",{"card\\":1,"card":-0.0}]`, ` {"user" : { "ssn" : "}" } } `,
	} {
		f.Add(seed)
	}
	d, err := plugins.OpenDesk(f.Context(), plugins.Options{Lanes: 1}, plugins.Filter{Name: "r", Use: "redact", Config: map[string]any{"fields": []any{"card", "user.ssn"}}}, slog.New(slog.DiscardHandler))
	require.NoError(f, err)
	f.Cleanup(d.Close)
	f.Fuzz(func(t *testing.T, payload string) {
		if kindOf(payload) != relay.KindJSON {
			return // encoding/json, which it is compared with, reads nothing else
		}
		got := d.Try(eventOf(relay.KindJSON, payload))
		after := payload
		if got.Event != nil {
			after = *got.Event.Payload
		} else {
			require.Equal(t, "pass", got.Verdict, got.Error)
		}
		require.Equal(t, masked(decoded(t, payload), nil), decoded(t, after), payload)
	})
}

// randomNumber is a number as JSON may spell it, often near others.
func randomNumber(r *rand.Rand) string {
	digits := func(most int) string {
		n := 1 + r.IntN(most)
		return strings.TrimLeft(fmt.Sprintf("%0*d", n, r.IntN([]int{2, 11, 1000}[r.IntN(3)])), "")
	}
	text := strings.TrimLeft(digits(4), "0")
	if text == "" {
		text = "0"
	}
	if r.IntN(2) == 0 {
		text = "-" + text
	}
	if r.IntN(2) == 0 {
		text += "." + digits(6)
	}
	if r.IntN(2) == 0 {
		text += fmt.Sprintf("%c%s%d", "eE"[r.IntN(2)], []string{"", "+", "-"}[r.IntN(3)], r.IntN(4))
	}
	return text
}

// Numbers are compared as math/big does.
func TestNumbers_AsBigRat(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	d := desk(t, "match", plugins.Limits{})
	for range 60 {
		bound := randomNumber(r)
		b, ok := new(big.Rat).SetString(bound)
		require.True(t, ok, bound)
		for _, key := range []string{"above", "below", "equals"} {
			require.NoError(t, d.Start(t.Context(), map[string]any{"field": "n", key: json.Number(bound)}, nil))
			for range 40 {
				n := randomNumber(r)
				a, _ := new(big.Rat).SetString(n)
				want := map[string]bool{"above": a.Cmp(b) > 0, "below": a.Cmp(b) < 0, "equals": a.Cmp(b) == 0}[key]
				got := d.Try(eventOf(relay.KindJSON, `{"n":`+n+`}`))
				assert.Equal(t, want, got.Verdict == "pass", "%s %s %s", n, key, bound)
			}
		}
	}
}
