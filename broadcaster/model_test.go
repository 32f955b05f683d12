package broadcaster_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/broadcaster"
	"eventrelay/relay"
)

// model is what the broadcaster must do, in the simplest terms: each subscription has the list of events that were
// appended while it stood.
type model struct {
	t     *testing.T
	rng   *rand.Rand
	b     *broadcaster.Broadcaster
	d     *sim
	shard relay.Shard
	conns map[relay.Slot]*modelConn
	n     int // events appended
	priv  int // private frames sent
}

type modelConn struct {
	sock     *sock
	subs     []*modelSub // also ended ones
	deflated bool
	priv     []string
}

type modelSub struct {
	pattern relay.Pattern
	form    relay.Form
	ended   bool
	want    []string
}

var (
	modelTopics   = []relay.Topic{"a", "b", "a.x", "a.y", "a.x.z", "b.x"}
	modelPatterns = []relay.Pattern{"a", "b", "a.x", "a.*", "*.x", "a.>", ">", "*", "a.x.z"}
)

func TestShard_AgainstModel(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := &model{t: t, rng: rand.New(rand.NewPCG(seed, 1)), d: newSim(), conns: map[relay.Slot]*modelConn{}}
			m.b = broadcaster.New(broadcaster.Options{MaxLag: relay.GiB, Compression: relay.Compression{MinSize: 50}})
			m.shard = m.b.NewShard(m.d)
			for range 3000 {
				m.step()
			}
			m.finish()
		})
	}
}

func (m *model) step() {
	slot := relay.Slot(m.rng.IntN(8))
	c := m.conns[slot]
	switch op := m.rng.IntN(20); {
	case c == nil && op < 10:
		if _, closing := m.d.socks[slot]; !closing || m.d.closed[slot] != relay.ReasonNone {
			m.conns[slot] = &modelConn{sock: m.d.open(m.shard, slot), deflated: m.rng.IntN(2) == 0}
		}
	case op < 7:
		m.append()
	case op < 9:
		m.shard.Pass(1 + m.rng.IntN(10))
	case c == nil:
	case op < 12:
		m.subscribe(slot, c)
	case op < 13:
		m.unsubscribe(slot, c)
	case op < 15:
		c.sock.room = m.rng.IntN(200)
	case op < 18:
		m.drain(slot, c, m.rng.IntN(400))
	case op < 19:
		m.private(slot, c)
	case m.rng.IntN(4) == 0:
		m.leave(slot, c)
	}
}

func (m *model) append() {
	m.n++
	topic := modelTopics[m.rng.IntN(len(modelTopics))]
	payload := fmt.Sprintf("%d%s", m.n, strings.Repeat(".", m.rng.IntN(150)))
	m.b.Append(event(topic, payload))
	for _, c := range m.conns {
		for _, s := range c.subs {
			if !s.ended && s.pattern.Matches(topic) {
				s.want = append(s.want, payload)
			}
		}
	}
}

func (m *model) subscribe(slot relay.Slot, c *modelConn) {
	s := &modelSub{pattern: modelPatterns[m.rng.IntN(len(modelPatterns))], form: relay.Form(m.rng.IntN(2))}
	if c.deflated {
		s.form = s.form.Deflated()
	}
	err := m.shard.Subscribe(slot, s.pattern, s.form)
	for _, old := range c.subs {
		if !old.ended && old.pattern == s.pattern && old.form == s.form {
			require.ErrorIs(m.t, err, relay.ErrSubscribed)
			return
		}
	}
	require.NoError(m.t, err)
	c.subs = append(c.subs, s)
}

func (m *model) unsubscribe(slot relay.Slot, c *modelConn) {
	for _, s := range c.subs {
		if !s.ended {
			s.ended = true
			require.True(m.t, m.shard.Unsubscribe(slot, s.pattern, s.form))
			require.False(m.t, m.shard.Unsubscribe(slot, s.pattern, s.form))
			return
		}
	}
}

func (m *model) drain(slot relay.Slot, c *modelConn, room int) {
	c.sock.room = room
	if c.sock.full {
		c.sock.full = false
		m.shard.Writable(slot)
	}
}

func (m *model) private(slot relay.Slot, c *modelConn) {
	m.priv++
	text := fmt.Sprintf("private %d", m.priv)
	f := append([]byte{0x8a, byte(len(text))}, text...)
	if err := m.shard.Send(slot, f); err == nil {
		c.priv = append(c.priv, text)
	} else {
		require.ErrorIs(m.t, err, relay.ErrOutbox)
	}
}

// leave ends a connection: dead, closed, or closed with a frame.
func (m *model) leave(slot relay.Slot, c *modelConn) {
	for _, s := range c.subs {
		s.ended = true
	}
	delete(m.conns, slot)
	switch m.rng.IntN(3) {
	case 0:
		c.sock.dead = true
		m.shard.Close(slot, relay.ReasonGone, nil)
	case 1:
		m.shard.Close(slot, relay.ReasonClient, nil)
	case 2:
		m.shard.Close(slot, relay.ReasonPolicy, broadcaster.CloseFrame(relay.ReasonPolicy))
		m.drain(slot, c, -1)
		passAll(m.shard)
		got := frames(m.t, c.sock.got)
		require.NotEmpty(m.t, got)
		require.EqualValues(m.t, 8, got[len(got)-1].op, "the close frame is the last")
		m.check(c, got[:len(got)-1])
	}
	passAll(m.shard)
	require.Contains(m.t, m.d.closed, slot)
	require.ErrorIs(m.t, m.shard.Send(slot, nil), relay.ErrGone)
}

func (m *model) finish() {
	for slot, c := range m.conns {
		m.drain(slot, c, -1)
	}
	passAll(m.shard)
	for slot, c := range m.conns {
		m.check(c, frames(m.t, c.sock.got))
		m.shard.Close(slot, relay.ReasonClient, nil)
	}
	passAll(m.shard)
	st := m.b.Stats()
	assert.Zero(m.t, st.Clients)
	assert.Zero(m.t, st.Subscriptions)
	assert.Zero(m.t, st.Feeds)
	assert.Zero(m.t, st.Events)
	assert.Zero(m.t, st.Bytes)
	m.shard.Free()
}

// check compares what a client got with what its subscriptions should have seen: private frames in order; each envelope
// subscription exactly its events, in order; plain ones together each event as often as they match. A subscription that
// ended may have seen only the beginning of its list.
func (m *model) check(c *modelConn, got []frame) {
	var priv []string
	plain := map[string]int{}
	enveloped := map[relay.Pattern][]string{}
	for _, f := range got {
		switch {
		case f.op == 10:
			priv = append(priv, f.payload)
		case f.payload[0] == '{':
			var e struct {
				Subscription relay.Pattern
				Data         string
			}
			require.NoError(m.t, json.Unmarshal([]byte(f.payload), &e))
			enveloped[e.Subscription] = append(enveloped[e.Subscription], e.Data)
		default:
			plain[f.payload]++
		}
	}
	require.Equal(m.t, c.priv, priv)
	for _, s := range c.subs { // NOTE: an ended plain subscription may claim only what the others leave.
		for _, w := range s.want {
			if s.form.Inflated() == relay.Plain && !s.ended {
				require.Positive(m.t, plain[w], "lost %s of %s", w, s.pattern)
				plain[w]--
			}
		}
	}
	for _, s := range c.subs {
		got := enveloped[s.pattern]
		n := 0
		for _, w := range s.want {
			switch {
			case s.form.Inflated() == relay.Plain:
				if s.ended {
					plain[w]--
				}
			case n < len(got) && got[n] == w:
				n++
			default:
				require.True(m.t, s.ended, "lost %s of %s", w, s.pattern)
			}
		}
		if s.form.Inflated() == relay.Envelope {
			enveloped[s.pattern] = got[n:]
		}
	}
	for p, left := range enveloped {
		require.Empty(m.t, left, "not meant for %s", p)
	}
	for w, n := range plain {
		require.LessOrEqual(m.t, n, 0, "%s more often than subscribed", w)
	}
}
