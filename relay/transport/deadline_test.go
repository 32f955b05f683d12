package transport

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// quiet is a peer that notes what its session does.
type quiet struct {
	sent   [][]byte
	closed []relay.CloseReason
	frames [][]byte
}

func (q *quiet) Subscribe(relay.Slot, relay.Subscription, relay.Form) error { return nil }
func (q *quiet) Unsubscribe(relay.Slot, relay.Pattern, relay.Form) bool     { return true }
func (q *quiet) Patterns(relay.Slot) []relay.Pattern                        { return nil }
func (q *quiet) Send(_ relay.Slot, frame []byte) error {
	q.sent = append(q.sent, frame)
	return nil
}
func (q *quiet) Remote(relay.Slot) netip.AddrPort { return netip.AddrPort{} }
func (q *quiet) Reply(relay.Slot, ConnID, []byte) {}
func (q *quiet) Ready(relay.Slot, ConnID)         {}
func (q *quiet) Close(_ relay.Slot, reason relay.CloseReason, f []byte) {
	q.closed, q.frames = append(q.closed, reason), append(q.frames, f)
}

func newSession(t *testing.T) (*session, *quiet) {
	o := DefaultOptions()
	q := new(quiet)
	s := &session{core: &core{options: &o, stats: new(stats), start: time.Now()}, state: new(state), peer: q}
	require.NoError(t, s.begin(&upgrade{grant: relay.Grant{Subscribe: true, Publish: true}}))
	return s, q
}

func TestSession_pingsTheSilent(t *testing.T) {
	s, q := newSession(t)
	at := s.due()
	assert.InDelta(t, 25, at.Seconds(), 1)
	s.expire(at)
	require.Equal(t, [][]byte{pingFrame}, q.sent)
	assert.Equal(t, at+10*time.Second, s.due())

	s.receive(unhex("8a 80 00 00 00 00"), at+time.Second)
	assert.Equal(t, at+26*time.Second, s.due(), "its pong came")

	s.expire(s.due())
	s.expire(s.due())
	assert.Equal(t, []relay.CloseReason{relay.ReasonPong}, q.closed)
	assert.Equal(t, s.seen+closeTimeout, s.due())
	s.expire(s.due())
	require.Equal(t, []relay.CloseReason{relay.ReasonPong, relay.ReasonPong}, q.closed)
	assert.Nil(t, q.frames[1], "it has had its time")
}

// One byte now and then keeps a connection alive, but not a message.
func TestSession_messageTimeout(t *testing.T) {
	s, q := newSession(t)
	begun := time.Minute
	s.receive(unhex("82 8a 00 00 00 00"), begun)
	for now := begun; now < begun+messageTimeout-time.Second; now += 5 * time.Second {
		s.receive([]byte{1}, now)
		require.Greater(t, s.due(), now)
	}
	assert.Equal(t, begun+messageTimeout, s.due())
	s.expire(s.due())
	assert.Equal(t, []relay.CloseReason{relay.ReasonPolicy}, q.closed)
	assert.Contains(t, string(q.frames[0]), "30s")
}

func TestSession_firstReasonCounts(t *testing.T) {
	s, q := newSession(t)
	s.fail(errRSV)
	s.lost()
	s.fail(errUTF8)
	s.receive(unhex("88 80 00 00 00 00"), time.Minute)
	assert.Equal(t, []relay.CloseReason{relay.ReasonProtocol}, q.closed)
	assert.Equal(t, relay.ReasonProtocol, s.closing)
	assert.Empty(t, q.sent)
}
