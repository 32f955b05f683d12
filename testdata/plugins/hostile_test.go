package shipped_test

import (
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/relay"
	"eventrelay/relay/rawjson"
	shipped "eventrelay/testdata/plugins"
)

// busyConfigs have every filter that ships look at as much of an event as it can.
var busyConfigs = map[string]map[string]any{
	"dedupe":    {"key": "payload"},
	"enrich":    {"set": map[string]any{"a": "b"}, "from": map[string]any{"c": "a.b.c"}, "count": "n", "by": "payload", "into": "meta"},
	"match":     {"field": "a.b.c", "in": []any{1, "x"}},
	"ratelimit": {"events": 1_000_000, "per": "1h", "by": "field a.b.c"},
	"redact":    {"fields": []any{"card", "ssn", "user.card", "päss"}},
	"sample":    {"keep": 1, "by": "field a.b.c"},
	"split":     {"field": "a.b.c", "max": 60},
	"validate":  {"schema": map[string]any{"type": "array", "items": map[string]any{"maxLength": 5, "properties": map[string]any{"a": map[string]any{"type": "integer"}}}}},
}

// desk has a filter that ships on it.
func desk(t testing.TB, name string, limits plugins.Limits) *plugins.Desk {
	d, err := plugins.OpenDesk(t.Context(), plugins.Options{Lanes: 1}, plugins.Filter{Name: name, Use: name, Config: busyConfigs[name], Limits: limits}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(d.Close)
	return d
}

func eventOf(kind relay.Kind, payload string) *relay.Event {
	return &relay.Event{
		Topic: "orders.new", ID: "id", Payload: []byte(payload), Kind: kind, Time: time.Unix(1_700_000_000, 0),
		Attributes: relay.Attributes{{Key: "remote_address", Value: "10.0.0.1:5"}},
	}
}

// kindOf is what relay would call such a payload.
func kindOf(payload string) relay.Kind {
	var s rawjson.Scanner
	s.Reset([]byte(payload))
	if _, fault := s.Document(); fault == nil {
		return relay.KindJSON
	}
	if utf8.ValidString(payload) {
		return relay.KindText
	}
	return relay.KindBinary
}

// hostile are events of up to a MiB that were made to be slow, or to be read beyond their end.
func hostile() map[string]string {
	const mib = 1 << 20
	fill := func(head, unit, tail string) string {
		return head + strings.Repeat(unit, (mib-len(head)-len(tail))/len(unit)) + tail
	}
	return map[string]string{
		"open arrays":        fill("", "[", ""),
		"open objects":       fill("", `{"a":`, ""),
		"open, on the path":  fill("", `{"a":{"b":{"c":[`, ""),
		"nested and closed":  fill(strings.Repeat("[", 500), " ", strings.Repeat("]", 500)),
		"elements":           fill(`{"a":{"b":{"c":[1`, ",1", "]}}}"),
		"objects":            fill(`[{"a":1}`, `,{"a":1}`, "]"),
		"quotes":             fill("{", `"`, ""),
		"backslashes":        fill(`{"`, `\`, ""),
		"an escaped name":    fill(`{"`, `\u0061`, `":1}`),
		"escaped names":      fill(`[{"\u0061":1}`, `,{"c\u0061rd":1}`, `]`),
		"an escaped text":    fill(`["`, `\ud83d\ude00`, `"]`),
		"a long text":        fill(`{"a":{"b":{"c":"`, "x", `"}}}`),
		"a long number":      fill(`[1`, "0", `.5]`),
		"white space":        fill("[", " \n\t", "]"),
		"what is hidden":     fill(`[{"card":1}`, `,{"card":1}`, `]`),
		"names without end":  fill(`{"a":1`, `,"b":2`, ``),
		"colons":             fill("{", `"":`, ""),
		"closed too often":   fill("[1]", "]}", ""),
		"no UTF-8":           fill(`{"a":"`, "\xff\xc0", `"}`),
		"zeros":              fill("", "\x00", ""),
		"a cut surrogate":    `{"a":"\ud83d\u`,
		"a cut escape":       `{"a":"\`,
		"a cut name":         `{"c\u006`,
		"only a name":        `{"card"`,
		"a name and a colon": `{"card":`,
		"nothing":            ``,
		"a quote":            `"`,
		"a mark":             "\xef\xbb\xbf",
	}
}

// own are the failures that filters that ship report themselves, or that come of what they answer: an event that is more
// than it may be once something is in it, and one that is nested too deeply to be followed.
var own = regexp.MustCompile(`^(a payload of \d+ bytes is larger than limits.output \(1MiB\)|.*is nested too deeply to be redacted)$`)

// No event makes a filter that ships trap, take memory that it has not, or time out of proportion to the event's size.
func TestHostile(t *testing.T) {
	const mostFuel = 400_000_000 // of an event of 1 MiB; a tenth of a nanosecond each, or less
	for _, f := range shipped.All() {
		d := desk(t, f.Name, plugins.Limits{Time: 10 * time.Second})
		for name, payload := range hostile() {
			for _, kind := range []relay.Kind{kindOf(payload), relay.KindBinary} {
				got := d.Try(eventOf(kind, payload))
				if got.Verdict == "fail" {
					assert.Regexp(t, own, got.Error, "%s: %s as %v", f.Name, name, kind)
				}
				assert.Less(t, got.Fuel, uint64(mostFuel), "%s: %s as %v took %v", f.Name, name, kind, got.Duration)
			}
		}
	}
}

// FuzzShipped gives every filter that ships any bytes, and then an event that it must treat as if there had been none.
func FuzzShipped(f *testing.F) {
	for _, payload := range hostile() {
		f.Add([]byte(payload[:min(len(payload), 100)]))
		f.Add([]byte(payload[max(0, len(payload)-100):]))
	}
	var desks []*plugins.Desk
	for _, s := range shipped.All() {
		if s.Name != "dedupe" && s.Name != "enrich" && s.Name != "ratelimit" { // they count
			desks = append(desks, desk(f, s.Name, plugins.Limits{Time: 10 * time.Second}))
		}
	}
	check := eventOf(relay.KindJSON, `{"a":{"b":{"c":"x"}},"card":1}`)
	want := make([]string, len(desks))
	for i, d := range desks {
		want[i] = outcome(d.Try(check))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for i, d := range desks {
			for _, kind := range []relay.Kind{kindOf(string(payload)), relay.KindBinary} {
				got := d.Try(eventOf(kind, string(payload)))
				if got.Verdict == "fail" {
					require.Regexp(t, own, got.Error)
				}
			}
			require.Equal(t, want[i], outcome(d.Try(check)))
		}
	})
}

func outcome(t plugins.Trial) string {
	text := t.Verdict + " " + t.Reason + " " + t.Error
	if t.Event != nil && t.Event.Payload != nil {
		text += " " + *t.Event.Payload
	}
	return text
}
