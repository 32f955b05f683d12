package conformance

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

func tryDescription(t *testing.T, d *desk) {
	at := "\ntime 1700000000123456789\n"
	if d.script() {
		at = "\ntime 1700000000123000000\n"
	}
	describe := func(ev *relay.Event) string { return payloadOf(t, d.Try(ev)) }

	assert.Equal(t, "topic orders.eu\nkind json\ninbound false"+at+"attributes 2\ntenant=acme!\nuser=\npayload 8",
		describe(event(relay.KindJSON, `{"a": 1}`, "user", "", "tenant", "acme!")))
	assert.Equal(t, "topic orders.eu\nkind text\ninbound false"+at+"attributes 0\npayload 0", describe(event(relay.KindText, "")))

	ev := event(relay.KindBinary, "\xff\x00\xfe", "größe", "ⅷ", "z\x00", "a\tb")
	ev.Topic, ev.Source = "bestellungen.größe.東京.🚚", relay.Inbound
	assert.Equal(t, "topic bestellungen.größe.東京.🚚\nkind binary\ninbound true"+at+"attributes 2\ngröße=ⅷ\nz\x00=a\tb\npayload 3", describe(ev))

	ev = event(relay.KindText, "ß")
	ev.Topic = relay.Topic(strings.Repeat("a.", 127) + "aa") // as long as topics may be
	assert.Contains(t, describe(ev), "topic "+string(ev.Topic)+"\n")
	assert.Contains(t, describe(ev), "payload 2", "in bytes")
}

func tryVerdicts(t *testing.T, d *desk) {
	tests := []struct {
		verb, with      string
		verdict, reason string
	}{
		{"pass", "", "pass", ""},
		{"drop", "not today", "drop", "not today"},
		{"drop", "", "drop", ""},
		{"drop", "größe 東京 🚚", "drop", "größe 東京 🚚"},
		{"drop", strings.Repeat("x", 1000), "drop", strings.Repeat("x", 1000)},
		{"reject", "no card", "reject", "no card"},
		{"reject", "", "reject", ""},
		{"drop", "again", "drop", "again"}, // and not rejected, as the last one was
		{"drop", "", "drop", ""},           // without the last one's words
		{"pass", "", "pass", ""},
	}
	for _, tt := range tests {
		got := d.do(relay.KindJSON, "{}", tt.verb, "with", tt.with)
		assert.Equal(t, tt.verdict, got.Verdict, "%+v", got)
		assert.Equal(t, tt.reason, got.Reason, tt.verb)
		assert.Nil(t, got.Event)
		assert.Empty(t, got.Emitted)
	}
}

func tryEmit(t *testing.T, d *desk) {
	got := d.do(relay.KindJSON, "{}", "emit", "with", "audit.größe", "count", "3")
	assert.Equal(t, "pass", got.Verdict, "%+v", got)
	require.Len(t, got.Emitted, 3)
	for i, e := range got.Emitted {
		assert.Equal(t, "audit.größe", e.Topic)
		assert.Equal(t, "text", e.Kind)
		assert.Equal(t, string(rune('0'+i)), payload(&e))
		assert.Empty(t, e.Attributes)
		assert.Equal(t, instant, e.Time, "the parent's")
		assert.Equal(t, "published", e.Source)
	}

	got = d.do(relay.KindText, "", "emit", "with", "audit", "count", "64")
	assert.Equal(t, "pass", got.Verdict, "%+v", got)
	assert.Len(t, got.Emitted, 64)
	got = d.do(relay.KindText, "", "emit", "with", "audit", "count", "65")
	assert.Equal(t, "drop", got.Verdict, "%+v", got)
	assert.Equal(t, "refused 64", got.Reason)
	assert.Len(t, got.Emitted, 64, "those before the cap stay")

	got = d.do(relay.KindBinary, "\xff\x00", "emit-event", "with", "copies", "tenant", "acme", "zone", "eu")
	assert.Equal(t, "drop", got.Verdict, "%+v", got)
	assert.Empty(t, got.Reason)
	require.Len(t, got.Emitted, 1)
	e := got.Emitted[0]
	assert.Equal(t, map[string]string{"do": "emit-event", "emitted": "yes", "tenant": "acme", "with": "copies", "zone": "eu"}, e.Attributes)
	assert.Equal(t, []string{"copies", "binary", "\xff\x00"}, []string{e.Topic, e.Kind, payload(&e)})

	got = d.do(relay.KindText, "", "emit", "with", "no topic", "count", "1")
	assert.Equal(t, "fail", got.Verdict)
	assert.Contains(t, got.Error, "topic")
}
