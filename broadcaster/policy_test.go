package broadcaster_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/broadcaster"
	"eventrelay/relay"
)

// stuck is a broadcaster with one client of one pattern whose socket takes nothing more.
type stuck struct {
	b    *broadcaster.Broadcaster
	d    *sim
	s    relay.Shard
	sock *sock
}

func newStuck(t *testing.T, o broadcaster.Options, p relay.Pattern, form relay.Form, room int) *stuck {
	k := &stuck{b: broadcaster.New(o), d: newSim()}
	k.s = k.b.NewShard(k.d)
	k.sock = k.d.open(k.s, 0)
	k.sock.room = room
	require.NoError(t, k.s.Subscribe(0, p, form))
	return k
}

func (k *stuck) append(topic relay.Topic, payload string) {
	k.b.Append(event(topic, payload))
	passAll(k.s)
}

// drained returns all that the client gets when its socket drains.
func (k *stuck) drained(t *testing.T) (texts []string) {
	k.sock.room = -1
	k.s.Writable(0)
	passAll(k.s)
	for _, f := range frames(t, k.sock.got) {
		text := f.payload
		if i := strings.Index(text, `"data":`); i >= 0 {
			text = strings.TrimSuffix(text[i+len(`"data":`):], "}")
		}
		texts = append(texts, text)
	}
	return texts
}

func TestSkip(t *testing.T) {
	const lag = 1000 // seven events of 132 to 134 bytes beside the newest
	o := broadcaster.Options{Slow: broadcaster.Skip, MaxLag: lag}
	for _, tc := range []struct {
		name         string
		form         relay.Form
		room, events int
		want         []string
	}{
		{"within the limit", relay.Envelope, 0, 8, []string{`"0"`, `"1"`, `"2"`, `"3"`, `"4"`, `"5"`, `"6"`, `"7"`}},
		{"past the limit", relay.Envelope, 0, 12, []string{`{"subscription":"t.>","missed":8}`, `"8"`, `"9"`, `"10"`, `"11"`}},
		{"in the middle of a frame", relay.Envelope, 5, 12, []string{`"0"`, `{"subscription":"t.>","missed":7}`, `"8"`, `"9"`, `"10"`, `"11"`}},
		{"plain", relay.Plain, 0, 12, []string{"8", "9", "10", "11"}},
		{"many times", relay.Envelope, 0, 203, []string{`{"subscription":"t.>","missed":200}`, `"200"`, `"201"`, `"202"`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := newStuck(t, o, "t.>", tc.form, tc.room)
			for i := range tc.events {
				k.append("t.x", fmt.Sprint(i))
				require.LessOrEqual(t, k.b.Stats().Bytes, uint64(lag+300), "what waits is bounded")
			}
			assert.Equal(t, tc.want, k.drained(t))
			assert.Empty(t, k.d.closed)
			assert.Zero(t, k.b.Stats().Bytes)
			missed := 0
			for _, text := range tc.want {
				_, _ = fmt.Sscanf(text, `{"subscription":"t.>","missed":%d}`, &missed)
			}
			if tc.form == relay.Plain {
				missed = 8
			}
			assert.EqualValues(t, missed, metric(k.b, "relay_missed_events_total", "skip"), "plain clients' count too")
		})
	}
}

// metric returns a sample of b's, by name and label value.
func metric(b *broadcaster.Broadcaster, name, label string) (v float64) {
	b.Metrics(func(m relay.Metric) {
		if m.Name == name && (len(m.Labels) == 0 || m.Labels[1] == label) {
			v = m.Value
		}
	})
	return v
}

func TestSkip_ByTime(t *testing.T) {
	k := newStuck(t, broadcaster.Options{Slow: broadcaster.Skip, MaxLagTime: time.Nanosecond}, "t", relay.Envelope, 0)
	for i := range 5 {
		k.append("t", fmt.Sprint(i))
	}
	k.s.Tick()
	k.append("t", "5")
	assert.Equal(t, []string{`{"subscription":"t","missed":4}`, `"4"`, `"5"`}, k.drained(t))
}

func TestLatest(t *testing.T) {
	o := broadcaster.Options{Slow: broadcaster.Latest}
	prices := []struct{ topic, payload string }{{"p.a", "a0"}, {"p.b", "b0"}, {"p.a", "a1"}, {"p.a", "a2"}, {"p.c", "c0"}, {"p.a", "a3"}, {"p.c", "c1"}}
	for _, tc := range []struct {
		name    string
		pattern relay.Pattern
		form    relay.Form
		room    int
		o       broadcaster.Options
		want    []string
	}{
		{"the newest of each topic", "p.*", relay.Envelope, 0, o, []string{`{"subscription":"p.*","missed":4}`, `"b0"`, `"a3"`, `"c1"`}},
		{"of one topic", "p.a", relay.Envelope, 0, o, []string{`{"subscription":"p.a","missed":3}`, `"a3"`}},
		{"in the middle of a frame", "p.*", relay.Envelope, 9, o, []string{`"a0"`, `{"subscription":"p.*","missed":3}`, `"b0"`, `"a3"`, `"c1"`}},
		{"plain", "p.>", relay.Plain, 0, o, []string{"b0", "a3", "c1"}},
		{"as much as may wait", "p.>", relay.Plain, 0, broadcaster.Options{Slow: broadcaster.Latest, MaxLag: 140}, []string{"a3", "c1"}},
		{"the newest always", "p.>", relay.Plain, 0, broadcaster.Options{Slow: broadcaster.Latest, MaxLag: 1}, []string{"c1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := newStuck(t, tc.o, tc.pattern, tc.form, tc.room)
			for _, e := range prices {
				k.append(relay.Topic(e.topic), e.payload)
			}
			assert.LessOrEqual(t, k.b.Stats().Events, 3, "no more is held")
			assert.Zero(t, k.b.HeldRings(), "nor a ring")
			k.s.Tick()
			assert.Equal(t, tc.want, k.drained(t))
			feeds, entries := k.b.Kept()
			assert.Zero(t, feeds+entries)
			assert.Zero(t, k.b.Stats().Bytes)
		})
	}
}

// A client that keeps up gets everything, whatever others that are stuck are left with.
func TestLatest_OthersMissNothing(t *testing.T) {
	k := newStuck(t, broadcaster.Options{Slow: broadcaster.Latest}, "t", relay.Envelope, 0)
	other := k.d.open(k.s, 1)
	require.NoError(t, k.s.Subscribe(1, "t", relay.Envelope))
	for i := range 100 {
		for range 10 {
			k.b.Append(event("t", fmt.Sprint(i)))
		}
		passAll(k.s)
	}
	assert.Len(t, frames(t, other.got), 1000)
	assert.Equal(t, []string{`{"subscription":"t","missed":999}`, `"99"`}, k.drained(t))
}

// What is told before it is sent is not told again when the rest was replaced meanwhile.
func TestLatest_ToldOnce(t *testing.T) {
	k := newStuck(t, broadcaster.Options{Slow: broadcaster.Latest}, "p.*", relay.Envelope, 0)
	for i := range 10 {
		k.append(relay.Topic(fmt.Sprintf("p.%d", i%3)), fmt.Sprint(i))
	}
	k.sock.room = 60 // the notice, and some of the first
	k.s.Writable(0)
	passAll(k.s)
	k.append("p.2", "10")
	assert.Equal(t, []string{`{"subscription":"p.*","missed":7}`, `"7"`, `{"subscription":"p.*","missed":1}`, `"9"`, `"10"`}, k.drained(t))
}

func TestLatest_ByTime(t *testing.T) {
	k := newStuck(t, broadcaster.Options{Topics: []broadcaster.Topic{{Match: "p.>", Slow: broadcaster.Latest, MaxLagTime: time.Nanosecond}}}, "p.*", relay.Plain, 0)
	for _, topic := range []relay.Topic{"p.a", "p.b", "p.c"} {
		k.append(topic, "x"+string(topic))
	}
	k.s.Tick()
	assert.Equal(t, []string{"xp.c"}, k.drained(t))
}

// The settings of a subscription are those of the first entry that matches all of it.
func TestTopics(t *testing.T) {
	o := broadcaster.Options{MaxLag: 300, Topics: []broadcaster.Topic{
		{Match: "prices.>", Slow: broadcaster.Latest},
		{Match: "logs.*", Slow: broadcaster.Skip, MaxLag: 200},
		{Match: "logs.>", Slow: broadcaster.Skip},
		{Match: "audit", MaxLag: relay.MiB},
	}}
	require.NoError(t, o.Validate())
	for pattern, want := range map[relay.Pattern]string{
		"prices.a": "latest", "prices.>": "latest", ">": "disconnect", "*.a": "disconnect", "logs.a": "skip 200", "logs.>": "skip",
		"logs.a.b": "skip", "audit": "never", "other": "disconnect",
	} {
		t.Run(string(pattern), func(t *testing.T) {
			k := newStuck(t, o, pattern, relay.Plain, 0)
			topic := relay.Topic(strings.NewReplacer("*", "logs", ">", "a").Replace(string(pattern)))
			for range 6 {
				k.append(topic, "x")
			}
			held := k.b.Stats().Events
			got := k.drained(t)
			switch want {
			case "latest":
				assert.Equal(t, 1, held)
			case "skip 200", "skip":
				assert.Equal(t, map[string]int{"skip": 3, "skip 200": 2}[want], held)
				assert.Len(t, got, held)
			case "disconnect":
				assert.Equal(t, relay.ReasonSlow, k.d.closed[0])
			case "never":
				assert.Len(t, got, 6)
			}
		})
	}
}

func TestReconfigure(t *testing.T) {
	k := newStuck(t, broadcaster.Options{MaxLag: relay.GiB}, "t", relay.Envelope, 0)
	for i := range 10 {
		k.append("t", fmt.Sprint(i))
	}
	k.b.Reconfigure(broadcaster.Options{Topics: []broadcaster.Topic{{Match: "t", Slow: broadcaster.Latest}}})
	k.append("t", "10")
	assert.Equal(t, 1, k.b.Stats().Events, "in force for those that stand")
	k.b.Reconfigure(broadcaster.Options{Slow: broadcaster.Skip, MaxLag: 1})
	k.append("t", "11")
	k.append("t", "12")
	assert.Equal(t, []string{`{"subscription":"t","missed":12}`, `"12"`}, k.drained(t))
}

func TestTopics_Validate(t *testing.T) {
	err := broadcaster.Options{Slow: "drop", Topics: []broadcaster.Topic{
		{Match: "a.>", Slow: "drop"}, {Match: "a..b", MaxLag: -1}, {MaxLagTime: -1}, {Match: "a.*"},
	}}.Validate()
	for _, want := range []string{
		`slow: "drop" is none; write disconnect, skip or latest`, `topics[0].slow: "drop" is none`, "topics[1].match: not a topic pattern",
		"topics[1].max_lag: -1B is negative", "topics[2].match: is missing", "topics[2].max_lag_time: -1ns is negative",
		`topics[3].match: "a.*" has no effect, as topics[0] matches all of it and comes first`,
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.Equal(t, 1, strings.Count(err.Error(), "has no effect"), "what is no pattern has one fault: %v", err)
	assert.ErrorContains(t, broadcaster.Options{Topics: make([]broadcaster.Topic, 256)}.Validate(), "topics: has 256 entries; at most 255 are possible")
}
