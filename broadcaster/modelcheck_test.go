package broadcaster_test

import (
	"encoding/json"

	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// item is what an envelope client got: an event, or word that it missed some.
type item struct {
	Subscription relay.Pattern
	Data         string
	Missed       int
}

// check compares what a client got with what its subscriptions should have seen: private frames in order; each
// subscription's events in order, each once; all of them, but for those that an envelope client was told of exactly. A
// subscription that ended may have seen only the beginning of its list.
func (m *model) check(c *modelConn, got []frame) {
	var priv []string
	plain := map[string]int{}
	enveloped := map[relay.Pattern][]item{}
	for _, f := range got {
		switch {
		case f.op == 10:
			priv = append(priv, f.payload)
		case f.payload[0] == '{':
			var e item
			require.NoError(m.t, json.Unmarshal([]byte(f.payload), &e))
			enveloped[e.Subscription] = append(enveloped[e.Subscription], e)
		default:
			plain[f.payload]++
		}
	}
	require.Equal(m.t, c.priv, priv)
	m.checkPlain(c, plain)
	subs := map[relay.Pattern][]*modelSub{}
	for _, s := range c.subs {
		if s.form.Inflated() == relay.Envelope {
			subs[s.pattern] = append(subs[s.pattern], s)
		}
	}
	for p, items := range enveloped {
		require.NotEmpty(m.t, subs[p], "not meant for %s", p)
		m.checkEnveloped(subs[p], items)
	}
	for p, ss := range subs {
		for _, s := range ss {
			require.True(m.t, s.ended || len(s.want) == 0 || len(enveloped[p]) > 0, "lost all of %s", p)
		}
	}
}

// checkPlain counts: events come as often as they match and, where nothing may be missed, no less. What came can't be told
// apart by subscription, so those go first that must have got it.
func (m *model) checkPlain(c *modelConn, plain map[string]int) {
	claim := func(must, may bool) {
		for _, s := range c.subs {
			for i, w := range s.want {
				needs := !s.ended && (!m.lossy || i == len(s.want)-1)
				if s.form.Inflated() == relay.Plain && (needs && must || !needs && may) {
					require.True(m.t, plain[w.payload] > 0 || may, "lost %s of %s", w.payload, s.pattern)
					plain[w.payload]--
				}
			}
		}
	}
	claim(true, false)
	claim(false, true)
	for w, n := range plain {
		require.LessOrEqual(m.t, n, 0, "%s more often than subscribed", w)
	}
}

// checkEnveloped follows what came for the subscriptions that a client had to one pattern, one after the other.
func (m *model) checkEnveloped(subs []*modelSub, items []item) {
	at := -1       // in subs: whose events come
	next := 0      // in its list
	var told []int // since the last event
	missed, got := 0, 0
	for _, it := range items {
		if it.Missed > 0 {
			require.True(m.t, m.lossy)
			m.told++
			told = append(told, it.Missed)
			missed += it.Missed
			continue
		}
		same := true
		for at < 0 || !has(subs[at], it.Data, next) {
			at, next, same = at+1, 0, false
			require.Less(m.t, at, len(subs), "%s is not wanted, comes twice, or out of order", it.Data)
		}
		gap := 0
		for ; subs[at].want[next].payload != it.Data; next++ {
			gap++
		}
		next++
		got++
		if !m.scatter {
			require.True(m.t, suffixSums(told, gap, same), "%d were missed, but %v was told", gap, told)
		}
		told = told[:0]
	}
	last := subs[len(subs)-1]
	if last.ended || len(last.want) == 0 {
		return
	}
	require.Equal(m.t, len(subs)-1, at)
	require.Equal(m.t, len(last.want), next, "the newest is never missed")
	require.Empty(m.t, told)
	if len(subs) > 1 {
		return // what was told last to one that ended can't be told from what the next was told first
	}
	require.Equal(m.t, len(last.want), got+missed, "exactly what was missed was told")
	if m.newest {
		m.checkNewest(last, items)
	}
}

func has(s *modelSub, payload string, from int) bool {
	for _, w := range s.want[from:] {
		if w.payload == payload {
			return true
		}
	}
	return false
}

// suffixSums reports whether the last of told, or all of them, add up to n.
func suffixSums(told []int, n int, all bool) bool {
	for i := len(told) - 1; i >= 0 && (n > 0 || all); i-- {
		n -= told[i]
	}
	return n == 0
}

// checkNewest: the newest event of each topic came, after all others of that topic.
func (m *model) checkNewest(s *modelSub, items []item) {
	newest := map[relay.Topic]string{}
	topics := map[string]relay.Topic{}
	for _, w := range s.want {
		newest[w.topic], topics[w.payload] = w.payload, w.topic
	}
	for _, it := range items {
		if topic := topics[it.Data]; newest[topic] == it.Data {
			delete(newest, topic)
		}
	}
	require.Empty(m.t, newest, "the newest of a topic is never missed")
}
