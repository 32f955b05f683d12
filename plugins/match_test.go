package plugins

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"eventrelay/relay"
	"eventrelay/sdk/abi"
)

func testStep(sources [2]bool, topics ...relay.Pattern) step {
	f := &filter{}
	f.settleHooks(abi.OnEvent)
	return step{filter: f, topics: topics, sources: sources}
}

func TestMatcher(t *testing.T) {
	both := [2]bool{true, true}
	m := newMatcher([]step{
		testStep(both),
		testStep(both, "orders.>"),
		testStep([2]bool{relay.Inbound: true}, "orders.*.new", "chat"),
		testStep([2]bool{relay.Published: true}, ">"),
	})
	tests := []struct {
		topic relay.Topic
		src   relay.Source
		want  filterSet
	}{
		{"orders.eu.new", relay.Published, 0b1011},
		{"orders.eu.new", relay.Inbound, 0b0111},
		{"orders", relay.Inbound, 0b0001},
		{"chat", relay.Inbound, 0b0101},
		{"chat", relay.Published, 0b1001},
	}
	for range 2 { // found, then remembered
		for _, tt := range tests {
			assert.Equal(t, tt.want, m.match(tt.topic, hashTopic(tt.topic), tt.src), "%s %v", tt.topic, tt.src)
		}
	}
}

func TestMatcher_IsBounded(t *testing.T) {
	m := newMatcher([]step{testStep([2]bool{true, true}, "t.>")})
	for i := range 4 * matchShards * maxShardItems {
		topic := relay.Topic(fmt.Sprintf("t.%d", i))
		m.match(topic, hashTopic(topic), relay.Published)
	}
	n := 0
	for i := range m.shards {
		n += len(m.shards[i].sets)
	}
	assert.LessOrEqual(t, n, matchShards*maxShardItems)
}

func TestFilterSet_After(t *testing.T) {
	all := filterSet(1<<64 - 1)
	assert.Equal(t, filterSet(1<<64-2), all.after(0))
	assert.Equal(t, filterSet(1<<63), all.after(62))
	assert.Zero(t, all.after(63))
}

func TestClean(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "hello wörld", "hello wörld"},
		{"control", "a\x00\x1b[2J\r\n", `a\x00\x1b[2J\r\n`},
		{"invalid", "a\xffb", "a\ufffdb"},
		{"bidi and line separator", "a\u202eb\u2028", `a\u202eb\u2028`},
		{"cut within a character", "aaaaaaaaaaaaaaa€", "aaaaaaaaaaaaaaa"},
		{"escapes count", "\x00\x00\x00\x00\x00", `\x00\x00\x00\x00`},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, clean(tt.in, 16)) })
	}
}
