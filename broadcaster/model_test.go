package broadcaster_test

import (
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
	t *testing.T
	modelOptions
	rng    *rand.Rand
	b      *broadcaster.Broadcaster
	d      *sim
	shards [2]relay.Shard // one has the even slots, one the odd
	conns  map[relay.Slot]*modelConn
	n      int // events appended
	priv   int // private frames sent
	told   int // notices of missed events
}

// modelOptions are the settings of one run, and what they promise.
type modelOptions struct {
	name    string
	options broadcaster.Options
	lossy   bool // clients may miss events, and are told
	scatter bool // those that they miss may be any, not a stretch
	newest  bool // but never the newest of a topic
	tick    bool // limits in time, of no time at all, are applied now and then
	large   int  // events and sockets' room are so many times as large
	fickle  bool // the settings change now and then, to any of the others
}

var modelRuns = []modelOptions{
	{name: "disconnect", options: broadcaster.Options{MaxLag: relay.GiB}},
	{name: "disconnect soon", options: broadcaster.Options{MaxLag: 500, MaxLagTime: 1}, tick: true},
	{name: "skip", options: broadcaster.Options{Slow: broadcaster.Skip, MaxLag: 500}, lossy: true},
	{name: "skip by time", options: broadcaster.Options{Slow: broadcaster.Skip, MaxLagTime: 1}, lossy: true, tick: true},
	{name: "latest", options: broadcaster.Options{Slow: broadcaster.Latest}, lossy: true, scatter: true, newest: true},
	{name: "latest, little of it", options: broadcaster.Options{Slow: broadcaster.Latest, MaxLag: 500}, lossy: true, scatter: true},
	{name: "latest, large events", options: broadcaster.Options{Slow: broadcaster.Latest}, lossy: true, scatter: true, newest: true, large: 300},
	{name: "mixed", options: broadcaster.Options{Slow: broadcaster.Skip, MaxLag: 700, Topics: []broadcaster.Topic{
		{Match: "a.>", Slow: broadcaster.Latest, MaxLagTime: 1}, {Match: "b", Slow: broadcaster.Disconnect}, {Match: "*.x", Slow: broadcaster.Latest},
	}}, lossy: true, scatter: true, tick: true},
	{name: "disconnect, little memory", options: broadcaster.Options{MaxLag: relay.GiB, Memory: 5000}},
	{name: "skip, little memory", options: broadcaster.Options{Slow: broadcaster.Skip, MaxLag: relay.GiB, Memory: 5000}, lossy: true},
	{name: "latest, little memory", options: broadcaster.Options{Slow: broadcaster.Latest, MaxLag: relay.GiB, Memory: 5000}, lossy: true, scatter: true},
	{name: "fickle", options: broadcaster.Options{Slow: broadcaster.Latest}, lossy: true, scatter: true, tick: true, fickle: true},
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
	want    []wanted
}

type wanted struct {
	topic   relay.Topic
	payload string
}

var (
	modelTopics   = []relay.Topic{"a", "b", "a.x", "a.y", "a.x.z", "b.x"}
	modelPatterns = []relay.Pattern{"a", "b", "a.x", "a.*", "*.x", "a.>", ">", "*", "a.x.z"}
)

func TestShard_AgainstModel(t *testing.T) {
	for _, o := range modelRuns {
		told := 0
		seeds := uint64(20)
		if o.large > 0 {
			seeds = 3
		}
		for seed := range seeds {
			t.Run(fmt.Sprint(o.name, " ", seed), func(t *testing.T) {
				m := &model{t: t, modelOptions: o, rng: rand.New(rand.NewPCG(seed, 1)), d: newSim(), conns: map[relay.Slot]*modelConn{}}
				o.options.Compression.MinSize = 50
				m.b = broadcaster.New(o.options)
				m.shards = [2]relay.Shard{m.b.NewShard(m.d), m.b.NewShard(m.d)}
				for range 3000 {
					m.step()
				}
				m.finish()
				told += m.told
			})
		}
		assert.Equal(t, o.lossy, told > 0, "%s: %d clients were told that they missed something", o.name, told)
	}
}

func (m *model) step() {
	slot := relay.Slot(m.rng.IntN(8))
	c := m.conns[slot]
	if c != nil && !broadcaster.Live(m.shard(slot), slot) {
		m.cutOff(slot, c)
		return
	}
	if m.fickle && m.rng.IntN(100) == 0 {
		m.b.Reconfigure(modelRuns[m.rng.IntN(len(modelRuns))].options)
	}
	if m.tick && m.rng.IntN(50) == 0 {
		m.shards[m.rng.IntN(2)].Tick()
		return
	}
	switch op := m.rng.IntN(20); {
	case c == nil && op < 10:
		if _, closing := m.d.socks[slot]; !closing || m.d.closed[slot] != relay.ReasonNone {
			m.conns[slot] = &modelConn{sock: m.d.open(m.shard(slot), slot), deflated: m.rng.IntN(2) == 0}
		}
	case op < 7:
		m.append()
	case op < 9:
		m.shards[m.rng.IntN(2)].Pass(1 + m.rng.IntN(10))
	case c == nil:
	case op < 12:
		m.subscribe(slot, c)
	case op < 13:
		m.unsubscribe(slot, c)
	case op < 15:
		c.sock.room = m.rng.IntN(200) * max(m.large, 1)
	case op < 18:
		m.drain(slot, c, m.rng.IntN(400)*max(m.large, 1))
	case op < 19:
		m.private(slot, c)
	case m.rng.IntN(4) == 0:
		m.leave(slot, c)
	}
}

func (m *model) shard(slot relay.Slot) relay.Shard { return m.shards[slot%2] }

func (m *model) passAll() {
	for _, s := range m.shards {
		passAll(s)
	}
}

func (m *model) append() { m.appendTo(modelTopics[m.rng.IntN(len(modelTopics))]) }

func (m *model) appendTo(topic relay.Topic) {
	m.n++
	payload := fmt.Sprintf("%d%s", m.n, strings.Repeat(".", m.rng.IntN(150)*max(m.large, 1)))
	m.b.Append(event(topic, payload))
	for _, c := range m.conns {
		for _, s := range c.subs {
			if !s.ended && s.pattern.Matches(topic) {
				s.want = append(s.want, wanted{topic, payload})
			}
		}
	}
}

func (m *model) subscribe(slot relay.Slot, c *modelConn) {
	s := &modelSub{pattern: modelPatterns[m.rng.IntN(len(modelPatterns))], form: relay.Form(m.rng.IntN(2))}
	if c.deflated {
		s.form = s.form.Deflated()
	}
	err := m.shard(slot).Subscribe(slot, s.pattern, s.form)
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
			require.True(m.t, m.shard(slot).Unsubscribe(slot, s.pattern, s.form))
			require.False(m.t, m.shard(slot).Unsubscribe(slot, s.pattern, s.form))
			return
		}
	}
}

func (m *model) drain(slot relay.Slot, c *modelConn, room int) {
	c.sock.room = room
	if c.sock.full {
		c.sock.full = false
		m.shard(slot).Writable(slot)
	}
}

func (m *model) private(slot relay.Slot, c *modelConn) {
	m.priv++
	text := fmt.Sprintf("private %d", m.priv)
	f := append([]byte{0x8a, byte(len(text))}, text...)
	if err := m.shard(slot).Send(slot, f); err == nil {
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
		m.shard(slot).Close(slot, relay.ReasonGone, nil)
	case 1:
		m.shard(slot).Close(slot, relay.ReasonClient, nil)
	case 2:
		m.shard(slot).Close(slot, relay.ReasonPolicy, broadcaster.CloseFrame(relay.ReasonPolicy))
		m.drain(slot, c, -1)
		m.passAll()
		got := frames(m.t, c.sock.got)
		require.NotEmpty(m.t, got)
		require.EqualValues(m.t, 8, got[len(got)-1].op, "the close frame is the last")
		m.check(c, got[:len(got)-1])
	}
	m.passAll()
	require.Contains(m.t, m.d.closed, slot)
	require.ErrorIs(m.t, m.shard(slot).Send(slot, nil), relay.ErrGone)
}

// cutOff is what happens to a client that was too slow: it gets the rest of what it is in, and is told.
func (m *model) cutOff(slot relay.Slot, c *modelConn) {
	for _, s := range c.subs {
		s.ended = true
	}
	delete(m.conns, slot)
	m.drain(slot, c, -1)
	m.passAll()
	require.Equal(m.t, relay.ReasonSlow, m.d.closed[slot])
	got := frames(m.t, c.sock.got)
	require.Equal(m.t, frame{8, "\x10\x04" + relay.ReasonSlow.Text()}, got[len(got)-1])
	m.check(c, got[:len(got)-1])
}

func (m *model) finish() {
	for slot, c := range m.conns {
		if !broadcaster.Live(m.shard(slot), slot) {
			m.cutOff(slot, c)
			continue
		}
		m.drain(slot, c, -1)
	}
	m.passAll()
	for _, topic := range modelTopics { // what was missed is told before the next event
		m.appendTo(topic)
	}
	m.passAll()
	for slot, c := range m.conns {
		m.check(c, frames(m.t, c.sock.got))
		m.shard(slot).Close(slot, relay.ReasonClient, nil)
	}
	m.passAll()
	st := m.b.Stats()
	assert.Zero(m.t, st.Clients)
	assert.Zero(m.t, st.Subscriptions)
	assert.Zero(m.t, st.Feeds)
	assert.Zero(m.t, st.Events)
	assert.Zero(m.t, st.Bytes)
	assert.Zero(m.t, st.Memory)
	for _, s := range m.shards {
		s.Free()
	}
}
