package sdk_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/sdk"
	"eventrelay/sdk/abi"
)

const (
	bare       = "testdata/bare"
	everything = "testdata/everything"
	conforming = "conformance/guests/go"
	redact     = "../testdata/plugins/redactgo"
)

// A filter must not import what it does not use, since relay refuses what it was not granted.
func TestGuest_ImportsOnlyWhatItUses(t *testing.T) {
	g, _ := load(t, buildGuest(t, bare), "{}")
	assert.Equal(t, []string{"reason"}, g.imports)
	assert.Equal(t, abi.OnEvent, g.hooks)

	g, _ = load(t, buildGuest(t, redact), `{"fields":["card"]}`)
	assert.Equal(t, []string{"reason"}, g.imports)

	g, _ = load(t, buildGuest(t, conforming), "{}")
	assert.ElementsMatch(t, []string{"log", "reason", "emit", "kv_get", "kv_set", "kv_add", "now", "random", "metric"}, g.imports)
	assert.Equal(t, abi.Hooks, g.hooks)
}

// Each package that the SDK draws in costs every filter; this tells when one did.
func TestGuest_Size(t *testing.T) {
	assert.Less(t, len(buildGuest(t, bare)), 2_000_000)
	assert.Less(t, len(buildGuest(t, redact)), 2_100_000)
}

func TestGuest_Answers(t *testing.T) {
	g, _ := load(t, buildGuest(t, everything), "{}")
	tests := []struct {
		payload string
		kind    abi.AnswerKind
		bytes   string
	}{
		{payload: "inplace it is", kind: abi.AnswerPayload, bytes: "INPLACE it is"},
		{payload: "literal", kind: abi.AnswerPayload, bytes: "literal"},
		{payload: "size " + strings.Repeat("x", 100_000), kind: abi.AnswerPayload, bytes: "100005"},
		{payload: "size " + strings.Repeat("x", 3_000_000), kind: abi.AnswerPayload, bytes: "3000005"},
		{payload: "size again", kind: abi.AnswerPayload, bytes: "10"},
		{payload: "garbage", kind: abi.AnswerPass},
		{payload: "quick", kind: abi.AnswerPass},
	}
	for _, tt := range tests {
		t.Run(tt.payload[:min(len(tt.payload), 20)], func(t *testing.T) {
			got := g.event(tt.payload)
			assert.Equal(t, tt.kind, got.kind, got.kind.String())
			assert.Equal(t, tt.bytes, string(got.bytes))
		})
	}
}

func TestGuest_Traps(t *testing.T) {
	for _, payload := range []string{"exit", "block", "no such verb"} {
		t.Run(payload, func(t *testing.T) {
			g, _ := load(t, buildGuest(t, everything), "{}")
			_, err := g.call(abi.ExportOnEvent, sdk.Event{Topic: "t", Payload: []byte(payload)})
			assert.Error(t, err)
		})
	}
}

func TestGuest_PassDoesNotAllocate(t *testing.T) {
	g, _ := load(t, buildGuest(t, everything), "{}")
	count := func() int {
		n, err := strconv.Atoi(string(g.event("mallocs").bytes))
		require.NoError(t, err)
		return n
	}
	count()
	idle := -count() + count() // what counting itself takes
	before := count()
	for range 1000 {
		require.Equal(t, abi.AnswerPass, g.event("quick").kind)
	}
	assert.InDelta(t, before+idle, count(), 20, "1000 events that pass")
}

func TestGuest_TopicsMayBeKept(t *testing.T) {
	g, _ := load(t, buildGuest(t, everything), "{}")
	var got answer
	topics := []string{
		"a.b", "c.d", "a.b", "a.b", "eightchr", "eightchs", "long.topic.of.27.characters", "long.topic.of.28.characters",
		"Long.topic.of.28.characters", "long.topic.of.28.characterS", "long.topic.of.28.character",
	}
	for _, topic := range topics {
		var err error
		got, err = g.call(abi.ExportOnEvent, sdk.Event{Topic: topic, Payload: []byte("keep")})
		require.NoError(t, err)
	}
	assert.Equal(t, strings.Join(topics, " "), string(got.bytes))
}

func TestGuest_Redact(t *testing.T) {
	g, why := load(t, buildGuest(t, redact), `{"fields":["card","ssn"]}`)
	require.Empty(t, why)
	got := g.event(`{ "n": 1e400, "who": {"\u0063ard": "4111"}, "ssn":[1] }`)
	assert.Equal(t, `{ "n": 1e400, "who": {"\u0063ard": "[redacted]"}, "ssn":"[redacted]" }`, string(got.bytes))
	assert.Equal(t, abi.AnswerPass, g.event(`{"a":"card"}`).kind)

	_, why = load(t, buildGuest(t, redact), `{}`)
	assert.Equal(t, "config: fields: name at least one field to redact", why)
}

func BenchmarkGuest(b *testing.B) {
	g, _ := load(b, buildGuest(b, bare), "{}")
	wire := encode(sdk.Event{Topic: "orders.eu", Kind: sdk.JSON, Payload: make([]byte, 235)})
	f, stack := g.mod.ExportedFunction(abi.ExportOnEvent), make([]uint64, 1)
	b.ReportAllocs()
	for b.Loop() {
		g.mod.Memory().Write(g.buffer, wire)
		stack[0] = uint64(len(wire))
		if err := f.CallWithStack(b.Context(), stack); err != nil || stack[0] != 0 {
			b.Fatal(err, stack[0])
		}
	}
}
