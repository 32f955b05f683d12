package bench

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A round reaches every topic, and a publisher that is bound to a topic sends to no other.
func TestPlan_round(t *testing.T) {
	for _, r := range []route{routeEvent, routeUnit, routePublisher} {
		for _, o := range []Options{
			{Topics: 1, Publishers: 3, Batch: 1},
			{Topics: 7, Publishers: 7, Batch: 1},
			{Topics: 3, Publishers: 6, Batch: 1},
			{Topics: 10, Publishers: 20, Batch: 4},
		} {
			o.Connections = o.Topics
			p := newPlan(&o, "x", r)
			for first := range uint64(30) {
				seen := map[int]bool{}
				for u := range p.round() {
					unit := first + uint64(u)
					for i := range o.Batch {
						topic := p.topic(unit, i)
						seen[topic] = true
						if r == routePublisher {
							assert.Equal(t, p.publisher(unit)%o.Topics, topic)
						}
					}
				}
				assert.Len(t, seen, o.Topics, "%v %+v from %d", r, o, first)
			}
		}
	}
}

func TestPlan_shares(t *testing.T) {
	o := Options{Connections: 1000, Topics: 2, Publishers: 1, Stuck: .01, Slow: .1, Deflate: .5}
	p := newPlan(&o, "x", routeEvent)
	roles := map[role]int{}
	deflated := map[int32]int{}
	for i, r := range p.roles {
		roles[r]++
		if p.deflate[i] {
			deflated[p.topicOf[i]]++
		}
	}
	assert.Equal(t, map[role]int{stuck: 10, slow: 100, reader: 890}, roles)
	assert.Equal(t, 500, deflated[0]+deflated[1])
	assert.Greater(t, min(deflated[0], deflated[1]), 200, "shares don't fall together with topics")
}

func TestTarget(t *testing.T) {
	tests := []struct{ raw, topic, one, several string }{
		{"ws://h/ws", "bench", "/ws", "/ws"},
		{"ws://h/ws?topic=a.b&x=1", "a.b", "/ws?topic=a.b&x=1", "/ws?topic=T&x=1"},
		{"ws://h/{topic}/ws", "bench", "/T/ws", "/T/ws"},
		{"http://h:1/publish/{topic}", "bench", "/publish/T", "/publish/T"},
		{"ws://h/ws?topic=none&publish={topic}", "none", "/ws?topic=none&publish=T", "/ws?topic=none&publish=T"},
		{"ws://h", "bench", "/", "/"},
	}
	for _, tt := range tests {
		u, err := parseTarget(tt.raw, "ws", "http")
		assert.NoError(t, err, tt.raw)
		assert.Equal(t, tt.topic, u.topic(), tt.raw)
		assert.Equal(t, tt.one, u.uri("T", false), tt.raw)
		assert.Equal(t, tt.several, u.uri("T", true), tt.raw)
	}
	for raw, want := range map[string]string{
		"wss://h/":            "no TLS",
		"ftp://h/":            "write ws://HOST:PORT/PATH",
		"127.0.0.1:80":        "first path segment",
		"ws://me:secret@h/":   "--token-file",
		"ws://h/?token=s3cr3": "--token-file",
	} {
		_, err := parseTarget(raw, "ws")
		assert.ErrorContains(t, err, want, raw)
		assert.NotContains(t, err.Error(), "s3cr")
		assert.NotContains(t, err.Error(), "secret@")
	}
}
