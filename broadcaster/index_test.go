package broadcaster

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// What the index remembers is bounded, and what left it leaves nothing behind.
func TestIndex_Memory(t *testing.T) {
	x := newIndex()
	var feeds []*feed
	for i := range 100 {
		for _, pattern := range []relay.Pattern{"a.*.c.>", relay.Pattern(fmt.Sprintf("a.b%d.*", i)), relay.Pattern(fmt.Sprintf("l%d", i))} {
			if f, _ := x.find(relay.Subscription{Name: pattern, Pattern: pattern}, relay.Plain); f == nil {
				feeds = append(feeds, newFeed(pattern, relay.Plain))
				x.add(feeds[len(feeds)-1])
			}
		}
	}
	matched := 0
	for i := range 2*maxCached + 1 {
		x.match(relay.Topic(fmt.Sprintf("a.b%d.c.d", i)), func(*feed) { matched++ })
		require.LessOrEqual(t, len(x.cache), maxCached)
	}
	assert.Equal(t, 2*maxCached+1, matched)
	for _, f := range feeds {
		x.remove(f)
	}
	assert.Empty(t, x.literals)
	assert.Empty(t, x.wilds)
	assert.Empty(t, x.root.children)
	assert.Empty(t, x.cache)
}
