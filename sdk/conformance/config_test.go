package conformance

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
)

func TestConfig(t *testing.T) {
	tests := []struct {
		name, config string
		want         string // what the guest says it is
	}{
		{"nothing", `{}`, "word none\nlimit 7\non false\nstart 0\nnames 0"},
		{
			"everything", `{"word": "größe 東京 🚚", "limit": -12, "on": true, "names": ["card", "\u2028", "a\"]", "}{"], "start": 3}`,
			"word größe 東京 🚚\nlimit -12\non true\nstart 3\nnames 4\ncard\n\u2028\na\"]\n}{",
		},
		{
			"a list of one", `{"word": "\"\\/\b\f\r\t\u0001\u003c", "limit": 9007199254740991, "on": false, "names": "ß", "start": -1}`,
			"word \"\\/\b\f\r\t\u0001<\nlimit 9007199254740991\non false\nstart -1\nnames 1\nß",
		},
		{"large numbers", `{"limit": 9223372036854775807, "start": -9223372036854775808}`, "word none\nlimit 9223372036854775807\non false\nstart -9223372036854775808\nnames 0"},
		{"empty", `{"word": "", "limit": 0, "names": [], "start": 0}`, "word \nlimit 0\non false\nstart 0\nnames 0"},
	}
	each(t, func(t *testing.T, f plugins.Filter) {
		for _, tt := range tests {
			if f.Script != "" && tt.name == "large numbers" {
				continue // its numbers are doubles
			}
			t.Run(tt.name, func(t *testing.T) {
				d := start(t, f, parse(t, tt.config))
				assert.Equal(t, tt.want, d.text(t, "config"))
			})
		}
	})
}

func TestConfig_Faults(t *testing.T) {
	tests := []struct{ name, config, want string }{
		{"unknown", `{"limit": 1, "words": "x"}`, `config: "words" is unknown; there are: word, limit, on, names, start`},
		{"no text", `{"word": 1}`, "config: word: want text"},
		{"null", `{"word": null}`, "config: word: want text"},
		{"fraction", `{"limit": 1.5}`, "config: limit: want a whole number"},
		{"number as text", `{"limit": "7"}`, "config: limit: want a whole number"},
		{"too large", `{"limit": 9223372036854775808}`, "config: limit: want a whole number"},
		{"no bool", `{"on": 1}`, "config: on: want true or false"},
		{"no list", `{"names": {"a": "b"}}`, "config: names: want a list of texts"},
		{"mixed list", `{"names": ["a", 1]}`, "config: names: want a list of texts"},
		{"nested list", `{"names": [["a"]]}`, "config: names: want a list of texts"},
		{"the guest's own", `{"word": "wrong"}`, "config: word: is wrong"},
	}
	each(t, func(t *testing.T, f plugins.Filter) {
		for _, tt := range tests {
			if f.Script != "" && tt.name == "too large" {
				continue
			}
			t.Run(tt.name, func(t *testing.T) {
				log := &lines{}
				d, err := plugins.OpenDesk(context.Background(), plugins.Options{}, equip(f, parse(t, tt.config)), log.logger())
				if err == nil {
					d.Close()
				}
				require.Error(t, err)
				assert.Contains(t, err.Error(), tt.want)
			})
		}
	})
}

// parse reads a configuration as the relay does, numbers included.
func parse(t *testing.T, config string) map[string]any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(config))
	dec.UseNumber()
	var m map[string]any
	require.NoError(t, dec.Decode(&m))
	return m
}
