package transport

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// Each list is answered as gobwas/ws's Upgrader answers it, or refused.
func TestNegotiate(t *testing.T) {
	for _, c := range []struct {
		lines   string // joined by |
		form    relay.Form
		refused bool
	}{
		{lines: "relay.v1.json", form: relay.Envelope},
		{lines: "other, relay.v1.json", form: relay.Envelope},
		{lines: "other|a,\trelay.v1.json ,", form: relay.Envelope},
		{lines: ",,relay.v1.json", form: relay.Envelope},
		{lines: "other"},
		{lines: "Relay.V1.JSON"},
		{lines: "relay.v1.jsonx"},
		{lines: "relay.v1.json x", refused: true},
		{lines: `"relay.v1.json"`, refused: true},
		{lines: "a;b, relay.v1.json", refused: true},
		{lines: "relay.v1.json|", refused: true},
		{lines: ", ,", refused: true},
	} {
		head := libraryHead
		for line := range strings.SplitSeq(c.lines, "|") {
			head = strings.TrimSuffix(head, "\r\n") + "Sec-WebSocket-Protocol: " + line + "\r\n\r\n"
		}
		u := new(upgrade)
		require.Nil(t, u.request.parse([]byte(head)))
		require.Nil(t, checkUpgrade(&u.request))
		refusal := u.negotiate(&u.request, false)
		assert.Equal(t, c.refused, refusal != nil, c.lines)
		if refusal == nil {
			assert.Equal(t, libraryAnswer(t, []byte(head)), string(u.answer), c.lines)
			assert.Equal(t, c.form, u.form, c.lines)
		}
	}
}

// What a head brings does not outlive it: a handshake that says less inherits nothing.
func TestAdmit_again(t *testing.T) {
	s, u := admitter(), new(upgrade)
	many := strings.Replace(libraryHead, "/ws", "/ws?publish=x&topic=a"+strings.Repeat("&k=v", 300)+"&"+strings.Join(names(100), "&"), 1)
	for _, head := range []string{many, browserHead, libraryHead} {
		require.Nil(t, u.admit(s, []byte(head), netip.AddrPort{}))
	}
	assert.Equal(t, []relay.Pattern{relay.Pattern(s.options.DefaultTopic)}, u.patterns)
	assert.Equal(t, relay.Plain, u.form)
	assert.Empty(t, u.publish)
	assert.Empty(t, u.request.query)
	assert.Empty(t, u.request.header["Origin"])
	assert.Equal(t, libraryAnswer(t, []byte(libraryHead)), string(u.answer))
}

func names(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("q%d=", i))
	}
	return list
}
