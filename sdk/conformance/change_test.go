package conformance

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/relay"
)

func tryChanges(t *testing.T, d *desk) {
	tests := []struct {
		name                 string
		told                 []string // attributes
		topic, kind, payload string   // "": as it was
		set                  map[string]string
		gone                 []string
		same                 bool
	}{
		{name: "nothing", same: true},
		{name: "topic", told: []string{"topic", "größe.東京"}, topic: "größe.東京"},
		{name: "kind", told: []string{"kind", "text"}, kind: "text"},
		{name: "to binary", told: []string{"kind", "binary"}, kind: "binary"},
		{name: "payload", told: []string{"payload", "[2]"}, payload: "[2]"},
		{name: "kind and payload", told: []string{"kind", "text", "payload", "größe"}, kind: "text", payload: "größe"},
		{name: "everything", told: []string{"topic", "t", "kind", "text", "payload", "p", "set", "a=b", "remove", "zone"}, topic: "t", kind: "text", payload: "p", set: map[string]string{"a": "b"}, gone: []string{"zone"}},
		{name: "first attribute", told: []string{"set", "a=1"}, set: map[string]string{"a": "1"}},
		{name: "last attribute", told: []string{"set", "zz=1"}, set: map[string]string{"zz": "1"}},
		{name: "between", told: []string{"set", "n=1\nm=2\no=3"}, set: map[string]string{"n": "1", "m": "2", "o": "3"}},
		{name: "another value", told: []string{"set", "zone=larger than it was\ntenant="}, set: map[string]string{"zone": "larger than it was", "tenant": ""}},
		{name: "twice", told: []string{"set", "n=1\nn=2"}, set: map[string]string{"n": "2"}},
		{name: "equal signs", told: []string{"set", "n=a=b="}, set: map[string]string{"n": "a=b="}},
		{name: "unicode", told: []string{"set", "größe=東京"}, set: map[string]string{"größe": "東京"}},
		{name: "prefixes", told: []string{"set", "zon=1\nzone2=2\nz=3"}, set: map[string]string{"zon": "1", "zone2": "2", "z": "3"}},
		{name: "unsigned order", told: []string{"set", "\u0080=1\n~=2"}, set: map[string]string{"\u0080": "1", "~": "2"}},
		{name: "remove first", told: []string{"remove", "do"}, gone: []string{"do"}},
		{name: "remove last", told: []string{"remove", "zone"}, gone: []string{"zone"}},
		{name: "remove absent", told: []string{"remove", "absent\nzon\nzone2"}, same: true},
		{name: "set and remove", told: []string{"set", "n=1", "remove", "n\ntenant"}, gone: []string{"n", "tenant"}},
		{name: "long value", told: []string{"set", "long=" + strings.Repeat("x", 30_000)}, set: map[string]string{"long": strings.Repeat("x", 30_000)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := event(relay.KindJSON, `{"a": 1}`, append([]string{"do", "change", "tenant", "acme", "zone", "eu"}, tt.told...)...)
			in.Source = relay.Inbound
			want := plugins.Event{Topic: or(tt.topic, "orders.eu"), Kind: or(tt.kind, "json"), Attributes: map[string]string{}}
			for _, a := range in.Attributes {
				want.Attributes[a.Key] = a.Value
			}
			maps.Copy(want.Attributes, tt.set)
			maps.DeleteFunc(want.Attributes, func(name, _ string) bool { return contains(tt.gone, name) })

			got := d.Try(in)
			if tt.same {
				assert.Equal(t, "pass", got.Verdict, "the host sees that the answer is no change: %.200v", got)
				return
			}
			require.Equal(t, "transform", got.Verdict, "%.200v", got)
			assert.Equal(t, want.Topic, got.Event.Topic)
			assert.Equal(t, want.Kind, got.Event.Kind)
			assert.Equal(t, or(tt.payload, `{"a": 1}`), payload(got.Event))
			assert.Equal(t, want.Attributes, got.Event.Attributes)
			assert.Equal(t, instant, got.Event.Time)
			assert.Equal(t, "inbound", got.Event.Source)
		})
	}

	got := d.do(relay.KindJSON, "{}", "bare", "with", "fresh.topic", "tenant", "acme")
	require.Equal(t, "transform", got.Verdict, "%+v", got)
	assert.Equal(t, []string{"fresh.topic", "text", "bare"}, []string{got.Event.Topic, got.Event.Kind, payload(got.Event)})
	assert.Empty(t, got.Event.Attributes)

	for _, topic := range []string{"", "a..b", "a.*", "a b"} {
		assert.Equal(t, "bad_answer", d.do(relay.KindText, "", "change", "topic", topic).Cause, "%q", topic)
	}
	assert.Equal(t, "bad_answer", d.do(relay.KindBinary, "\xff", "change", "kind", "text").Cause)
	assert.Equal(t, "bad_answer", d.do(relay.KindText, "{", "change", "kind", "json").Cause)
	whole := payloadOf(t, d.do(relay.KindText, large(), "change", "set", "a=b"))
	assert.True(t, whole == large(), "the largest payload in a whole event")
}

func tryManyAttributes(t *testing.T, d *desk) {
	told, want := []string{"set", "k0500x=new", "remove", "k0700"}, map[string]string{"do": "change", "set": "k0500x=new", "remove": "k0700"}
	for i := range 1000 {
		name, value := fmt.Sprintf("k%04d", i), strings.Repeat("v", i%40)
		told, want[name] = append(told, name, value), value
	}
	want["k0500x"] = "new"
	delete(want, "k0700")
	got := d.do(relay.KindText, "", "change", told...)
	require.Equal(t, "transform", got.Verdict, "%.200v", got)
	assert.Equal(t, want, got.Event.Attributes)

	described := payloadOf(t, d.Try(event(relay.KindText, "", told...)))
	assert.Contains(t, described, "\nattributes 1002\n")
	assert.Contains(t, described, "\nk0003=vvv\nk0004=vvvv\n")
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
