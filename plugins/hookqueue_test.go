package plugins

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// Hooks and events of a lane take turns, so that a flood of one does not keep the other waiting.
func TestHookQueue(t *testing.T) {
	var clock int64
	look := func() int64 { clock++; return clock } // each takes as long as the other
	l := &lane{hooks: hookQueue{most: [hookKinds]int{0, 3, 3, 3}, clock: look}, room: 1 << 20}
	l.busy = true
	for range 3 {
		require.NoError(t, l.put(task{event: event("t", "p")}))
		require.NoError(t, l.ask(&hookCall{hook: onConnect}))
		require.NoError(t, l.ask(&hookCall{hook: onDisconnect, visit: &relay.Visit{}}))
	}
	require.ErrorIs(t, l.ask(&hookCall{hook: onConnect}), relay.ErrBusy)
	require.ErrorIs(t, l.ask(&hookCall{hook: onDisconnect}), relay.ErrBusy)
	var order strings.Builder
	for {
		task, ok := l.take()
		if !ok {
			break
		}
		order.WriteByte("eh"[min(1, len(hookWord(task.hook)))])
	}
	assert.Equal(t, "hehehehhh", order.String())
	require.NoError(t, l.hooks.put(&hookCall{hook: onConnect}))
}

// Those who connect, who subscribe and who go take turns; but nobody's end comes before what he asked for.
func TestHookQueue_turns(t *testing.T) {
	q := hookQueue{most: [hookKinds]int{0, 9, 9, 9}}
	visits := []*relay.Visit{{ID: 1}, {ID: 2}, {ID: 3}}
	for range 3 {
		require.NoError(t, q.put(&hookCall{hook: onConnect}))
	}
	for _, v := range visits {
		require.NoError(t, q.put(&hookCall{hook: onDisconnect, visit: v}))
	}
	for _, v := range []*relay.Visit{visits[1], visits[2], visits[2]} {
		require.NoError(t, q.put(&hookCall{hook: onSubscribe, visit: v}))
	}
	var order []string
	for q.len() > 0 {
		h := q.pop()
		word := h.hook.String()
		if h.visit != nil {
			word += fmt.Sprintf(" %d", h.visit.ID)
		}
		order = append(order, word)
	}
	assert.Equal(t, []string{
		"connect", "subscribe 2", "disconnect 1", "connect", "subscribe 3", "disconnect 2", "connect", "subscribe 3", "disconnect 3",
	}, order)
	assert.Nil(t, q.pop())
}

// However long calls take, events that wait have as much time, whether calls wait all the time or come one by one.
func TestHookQueue_next(t *testing.T) {
	var clock int64
	q := hookQueue{clock: func() int64 { return clock }, most: [hookKinds]int{0, 3, 3, 3}}
	step := func(took int64, events bool, want bool, what string) {
		t.Helper()
		clock += took
		require.Equal(t, want, q.next(events), what)
		if want {
			q.pop()
		}
	}
	ask := func() { require.NoError(t, q.put(&hookCall{hook: onConnect})) }
	step(0, true, false, "no calls")
	ask()
	ask()
	step(5, true, true, "the first call does not wait for more than the event at hand")
	step(100, true, false, "it took 100")
	step(40, true, false, "the first event took 40")
	step(40, true, false, "the second, too")
	step(40, true, true, "they have had 120")
	step(100, true, false, "no call waits, and 100 are owed")
	ask()
	step(40, true, false, "a call that comes now has to wait")
	step(10, false, true, "but not for no event")
	step(1000, false, false, "nothing waits")
	ask()
	step(1000, true, true, "and nothing is owed any more")
}

// Clients come in one after the other, not all at the end; one that asks for a lot does not keep the others waiting.
func TestHooks_ConnectOrder(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, hooksFilter("gate"), Filter{Name: "puppet", Path: guest("puppet")})
	r.sink.block = make(chan struct{})
	require.NoError(t, r.Submit(event("t", "p"), nil, nil)) // the lane is held
	many := make([]relay.Pattern, 3*topicsInTurn)
	for i := range many {
		many[i] = relay.Pattern(fmt.Sprintf("p.%d", i))
	}
	var order []uint64
	var clients sync.WaitGroup
	clients.Add(4)
	for id, topics := range [][]relay.Pattern{many, many[:topicsInTurn], {"p"}, {}} {
		require.NoError(t, r.Connect(arrival(uint64(id), topics...), func(adm relay.Admission) {
			assert.Nil(t, adm.Refusal)
			assert.Len(t, adm.Topics, len(topics))
			order = append(order, uint64(id)) // by the lane's holder
			clients.Done()
		}))
	}
	asked := r.custom("gate", "subscribe")
	close(r.sink.block)
	clients.Wait()
	assert.Equal(t, []uint64{1, 2, 3, 0}, order)
	assert.EqualValues(t, 4*topicsInTurn+1, r.custom("gate", "subscribe")-asked)
}

// Clients that keep a slow hook busy take at most half of a lane from the events.
func TestHooks_EventsGoOn(t *testing.T) {
	gate := hooksFilter("gate")
	gate.Breaker.Failures = 1000
	r := openRig(t, Options{Lanes: 1}, gate, Filter{Name: "puppet", Path: guest("puppet")})
	answers := make(chan relay.Admission, 20)
	for id := range uint64(20) {
		require.NoError(t, r.Connect(arrival(id, "l"), func(adm relay.Admission) { answers <- adm }))
	}
	var events sync.WaitGroup
	events.Add(50)
	for range 50 {
		require.NoError(t, r.Submit(event("t", "p"), func(relay.Result) { events.Done() }, nil))
	}
	before := r.custom("gate", "connect")
	events.Wait()
	assert.Less(t, r.custom("gate", "connect")-before, 10.0, "each of them takes 100 ms, 50 events not one")
	for range 20 {
		<-answers
	}
}

func hookWord(h *hookCall) string {
	if h == nil {
		return ""
	}
	return h.hook.String()
}
