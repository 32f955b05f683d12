package broadcaster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/broadcaster"
	"eventrelay/relay"
)

// A subscription has the name that its client gave it in its envelopes, and for Unsubscribe; plain clients share a feed.
func TestSubscribeAs(t *testing.T) {
	b := open(t, broadcaster.Options{})
	server, client := pair(t)
	c, err := b.Attach(server)
	require.NoError(t, err)
	for _, name := range []relay.Pattern{"orders.>", "mine.>", "acme.orders.>"} {
		require.NoError(t, c.SubscribeAs(relay.Subscription{Name: name, Pattern: "acme.orders.>"}, relay.Envelope))
	}
	require.ErrorIs(t, c.SubscribeAs(relay.Subscription{Name: "mine.>", Pattern: "elsewhere"}, relay.Envelope), relay.ErrSubscribed)
	require.ErrorIs(t, c.Subscribe("acme.orders.>", relay.Envelope), relay.ErrSubscribed, "a pattern is its own name")
	assert.Equal(t, []relay.Pattern{"acme.orders.>", "acme.orders.>", "acme.orders.>"}, c.Patterns())
	assert.Equal(t, 3, b.Stats().Feeds)

	_, err = b.Broadcast("acme.orders.new", 1)
	require.NoError(t, err)
	var got []string
	for range 3 {
		got = append(got, string(readFrame(t, client).payload))
	}
	for _, name := range []string{"orders.>", "mine.>", "acme.orders.>"} {
		begins := func(text string) bool { return strings.HasPrefix(text, `{"subscription":"`+name+`",`) }
		assert.True(t, slices.ContainsFunc(got, begins), "%s in %q", name, got)
	}
	require.True(t, c.Unsubscribe("mine.>", relay.Envelope))
	require.False(t, c.Unsubscribe("mine.>", relay.Envelope))

	require.NoError(t, c.SubscribeAs(relay.Subscription{Name: "x", Pattern: "acme.x"}, relay.Plain))
	require.ErrorIs(t, c.Subscribe("acme.x", relay.Plain), relay.ErrSubscribed)
	require.True(t, c.Unsubscribe("acme.x", relay.Plain))
}

// The names of one pattern are a list, so they are bounded; by itself it can always be subscribed to.
func TestSubscribeAs_names(t *testing.T) {
	b := open(t, broadcaster.Options{})
	server, _ := pair(t)
	c, err := b.Attach(server)
	require.NoError(t, err)
	for i := range 256 {
		require.NoError(t, c.SubscribeAs(relay.Subscription{Name: relay.Pattern(fmt.Sprint("n", i)), Pattern: "one"}, relay.Envelope))
	}
	require.ErrorIs(t, c.SubscribeAs(relay.Subscription{Name: "more", Pattern: "one"}, relay.Envelope), relay.ErrNames)
	require.NoError(t, c.SubscribeAs(relay.Subscription{Name: "more", Pattern: "another"}, relay.Envelope))
	require.NoError(t, c.Subscribe("one", relay.Envelope))
	require.NoError(t, c.Subscribe("one", relay.Plain))
}
