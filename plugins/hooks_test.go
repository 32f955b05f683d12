package plugins

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// hooksFilter has the three hooks, and does what the first letter of the topic says.
func hooksFilter(name string) Filter {
	return Filter{Name: name, Path: guest("hooks"), Allow: []string{"metric"}, Limits: Limits{Time: 100 * time.Millisecond}}
}

// arrival is a client that asks for topics.
func arrival(id uint64, topics ...relay.Pattern) *relay.Arrival {
	return &relay.Arrival{
		Visit: relay.Visit{ID: id, Attributes: relay.Attributes{{Key: "connection", Value: "7"}, {Key: "remote_address", Value: "192.0.2.1:5"}}},
		Request: relay.Attributes{
			{Key: "header.authorization", Value: "Bearer s3cret"},
			{Key: "path", Value: "/ws"},
			{Key: "query", Value: "token=s3cret"},
			{Key: "remote", Value: "192.0.2.1:5"},
		},
		Topics: topics,
	}
}

// connect asks about an arrival and waits for the answer.
func (r *rig) connect(a *relay.Arrival) relay.Admission {
	r.t.Helper()
	answers := make(chan relay.Admission, 1)
	require.NoError(r.t, r.Connect(a, func(adm relay.Admission) { answers <- adm }))
	return <-answers
}

func (r *rig) subscribe(v *relay.Visit, p relay.Pattern) (relay.Subscription, *relay.Refusal) {
	r.t.Helper()
	type answer struct {
		s relay.Subscription
		r *relay.Refusal
	}
	answers := make(chan answer, 1)
	require.NoError(r.t, r.Subscribe(v, p, func(s relay.Subscription, refused *relay.Refusal) { answers <- answer{s, refused} }))
	a := <-answers
	return a.s, a.r
}

// custom returns what a filter has counted.
func (r *rig) custom(plugin, name string) (n float64) {
	r.Metrics(func(m relay.Metric) {
		if m.Name == "relay_plugin_custom" && hasLabels(m.Labels, []string{"plugin", plugin, "name", name}) {
			n = m.Value
		}
	})
	return n
}

func (r *rig) eventually(what string, ok func() bool) {
	r.t.Helper()
	require.Eventually(r.t, ok, eventually, tick, what)
}

func TestHooks_Connect(t *testing.T) {
	base := relay.Attributes{{Key: "connection", Value: "7"}, {Key: "remote_address", Value: "192.0.2.1:5"}}
	failed := &relay.Refusal{Status: 503, Reason: "the filter gate failed", Filter: "gate"}
	for name, tt := range map[string]struct {
		topics  []relay.Pattern
		want    []relay.Subscription
		attrs   relay.Attributes
		refused *relay.Refusal
		cause   cause
	}{
		"no topic":         {attrs: base},
		"pass":             {topics: []relay.Pattern{"p"}, want: subscriptions("p", "p"), attrs: base},
		"several topics":   {topics: []relay.Pattern{"p", "q.>"}, want: subscriptions("p", "p", "q.>", "q.>"), attrs: base},
		"refused":          {topics: []relay.Pattern{"d"}, refused: &relay.Refusal{Status: 403, Reason: "refused by the filter gate", Filter: "gate"}},
		"with a status":    {topics: []relay.Pattern{"r.why"}, refused: &relay.Refusal{Status: 429, Reason: "r.why", Filter: "gate"}},
		"one of several":   {topics: []relay.Pattern{"p", "r.b"}, refused: &relay.Refusal{Status: 429, Reason: "r.b", Filter: "gate"}},
		"odd status":       {topics: []relay.Pattern{"k"}, refused: failed, cause: causeTrap},
		"odder status":     {topics: []relay.Pattern{"K"}, refused: failed, cause: causeTrap},
		"negative":         {topics: []relay.Pattern{"n"}, refused: failed, cause: causeGuest},
		"trap":             {topics: []relay.Pattern{"u"}, refused: failed, cause: causeTrap},
		"loop":             {topics: []relay.Pattern{"l"}, refused: failed, cause: causeTimeout},
		"exit":             {topics: []relay.Pattern{"x"}, refused: failed, cause: causeExit},
		"payload":          {topics: []relay.Pattern{"P"}, refused: failed, cause: causeBadAnswer},
		"no answer":        {topics: []relay.Pattern{"b"}, refused: failed, cause: causeBadAnswer},
		"outside memory":   {topics: []relay.Pattern{"o"}, refused: failed, cause: causeBadAnswer},
		"garbage":          {topics: []relay.Pattern{"g"}, refused: failed, cause: causeBadAnswer},
		"no pattern":       {topics: []relay.Pattern{"w.x"}, refused: failed, cause: causeBadAnswer},
		"payload in it":    {topics: []relay.Pattern{"y"}, refused: failed, cause: causeBadAnswer},
		"emits":            {topics: []relay.Pattern{"e"}, refused: failed, cause: causeTrap},
		"the same record":  {topics: []relay.Pattern{"R.*"}, want: subscriptions("R.*", "R.*"), attrs: base},
		"another pattern":  {topics: []relay.Pattern{"t.>"}, want: subscriptions("t.>", "T.>"), attrs: base},
		"its own settings": {topics: []relay.Pattern{"a"}, want: subscriptions("a", "a"), attrs: relay.Attributes{{Key: "connection", Value: "7"}, {Key: "remote_address", Value: "1.2.3.4:5"}, {Key: "tenant", Value: "acme"}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := openRig(t, Options{Lanes: 2}, hooksFilter("gate"))
			require.Equal(t, relay.HookConnect|relay.HookSubscribe|relay.HookDisconnect, r.Hooks())
			adm := r.connect(arrival(7, tt.topics...))
			require.Equal(t, tt.refused, adm.Refusal)
			if tt.refused == nil {
				assert.Equal(t, tt.want, adm.Topics)
				assert.Equal(t, &relay.Visit{ID: 7, Attributes: tt.attrs, Accepted: []string{"gate"}}, adm.Visit)
				assert.True(t, adm.Judged)
				r.Leave(adm.Visit)
				r.eventually("told once", func() bool { return r.custom("gate", "disconnect") == 1 })
				return
			}
			assert.Nil(t, adm.Visit)
			if tt.cause != 0 || tt.refused == failed {
				assert.EqualValues(t, 1, r.metric("relay_plugin_errors_total", "cause", tt.cause.String()))
				assert.EqualValues(t, 1, r.metric("relay_plugin_hook_calls_total", "hook", "connect", "verdict", "fail"))
				var line string
				require.NoError(t, r.Quarantine("gate", func(b []byte) { line += string(b) }))
				assert.NotContains(t, line+r.log.String(), "s3cret")
				q, err := ReadQuarantined([]byte(line))
				require.NoError(t, err)
				assert.Equal(t, "connect", q.Hook)
				assert.Equal(t, "[13 bytes, not kept]", q.Event.Attributes["header.authorization"])
				assert.Equal(t, "192.0.2.1:5", q.Event.Attributes["remote"])
				_, err = q.Relay()
				require.ErrorIs(t, err, ErrNotKept)
			}
			require.NoError(t, r.Part(t.Context()))
			// A topic that on_subscribe refused is one of a connection that on_connect had accepted.
			accepted := r.metric("relay_plugin_hook_calls_total", "hook", "connect", "verdict", "pass")
			assert.Equal(t, accepted, r.custom("gate", "disconnect"), "of what was refused in the end, those learn that had accepted it")
		})
	}
}

func TestHooks_OnErrorPass(t *testing.T) {
	f := hooksFilter("gate")
	f.OnError = passOnError
	r := openRig(t, Options{Lanes: 1}, f)
	adm := r.connect(arrival(1, "u"))
	require.Nil(t, adm.Refusal)
	assert.False(t, adm.Judged, "nobody said that it may come in")
	assert.Empty(t, adm.Visit.Accepted)
	r.Leave(adm.Visit)
	require.NoError(t, r.Part(t.Context()))
	assert.Zero(t, r.custom("gate", "disconnect"))
}

// Where filters alone keep watch, a failure refuses, also when another filter accepts; the breaker's, too.
func TestHooks_ByFilter(t *testing.T) {
	gate := hooksFilter("gate")
	gate.OnError, gate.Breaker = passOnError, Breaker{Failures: 2, Probe: hourLong}
	counter := hooksFilter("counter")
	counter.Topics = []relay.Pattern{"none"} // accepts all connections, and is not asked about subscriptions
	r := openRig(t, Options{Lanes: 1}, gate, counter)
	failed := &relay.Refusal{Status: 503, Reason: "the filter gate failed", Filter: "gate"}
	try := func(topics ...relay.Pattern) *relay.Refusal {
		a := arrival(1, topics...)
		a.Visit.ByFilter = true
		adm := r.connect(a)
		if adm.Refusal == nil {
			assert.True(t, adm.Visit.ByFilter)
			r.Leave(adm.Visit)
		}
		return adm.Refusal
	}
	assert.Nil(t, try("p"))
	assert.Equal(t, failed, try("p", "u"), "one of its topics")
	assert.Equal(t, failed, try("u"))
	assert.Equal(t, failed, try("p"), "the breaker is open")
	_, refused := r.subscribe(&relay.Visit{ID: 2, ByFilter: true}, "p")
	assert.Equal(t, failed, refused)
	_, refused = r.subscribe(&relay.Visit{ID: 2}, "p")
	assert.Nil(t, refused, "elsewhere it is as on_error says")
	assert.Nil(t, r.connect(arrival(3, "p")).Refusal)
}

// A filter whose hooks fail too often is left alone, and lets nobody in meanwhile; but strangers can't take it from its events.
func TestHooks_Breaker(t *testing.T) {
	f := hooksFilter("gate")
	f.Breaker = Breaker{Failures: 3, Probe: hourLong}
	r := openRig(t, Options{Lanes: 1}, f)
	for range 10 {
		require.NotNil(t, r.connect(arrival(1, "n")).Refusal)
	}
	assert.Nil(t, r.connect(arrival(1, "p")).Refusal, "a negative answer says that the request is odd, not the filter")
	for range 3 {
		require.NotNil(t, r.connect(arrival(1, "u")).Refusal)
	}
	asked := r.custom("gate", "connect")
	assert.Equal(t, 503, r.connect(arrival(2, "p")).Refusal.Status)
	_, refused := r.subscribe(&relay.Visit{ID: 3}, "p")
	assert.Equal(t, 503, refused.Status)
	assert.Equal(t, asked, r.custom("gate", "connect"), "it is not called")
	assert.EqualValues(t, 2, r.metric("relay_plugin_errors_total", "cause", "breaker"))
	assert.EqualValues(t, 15, r.Plugins()[0].Failures)
	assert.Equal(t, "open", r.Plugins()[0].HooksBreaker)
	assert.EqualValues(t, breakerOpen, r.metric("relay_plugin_hooks_breaker_state"))
	assert.EqualValues(t, 1, r.metric("relay_plugin_hooks_breaker_openings_total"))
	assert.Equal(t, "closed", r.Plugins()[0].Breaker)
	assert.Zero(t, r.metric("relay_plugin_breaker_openings_total"))

	f.Breaker.Probe = hourLong / 2
	require.NoError(t, r.Reload(t.Context(), []Filter{f}))
	assert.Nil(t, r.connect(arrival(4, "p")).Refusal, "other settings close it")
}

func TestHooks_Chain(t *testing.T) {
	first, second := hooksFilter("first"), hooksFilter("second")
	second.Topics = []relay.Pattern{"T.>"}
	r := openRig(t, Options{Lanes: 2}, first, second)
	adm := r.connect(arrival(3, "t.x"))
	require.Nil(t, adm.Refusal)
	assert.Equal(t, subscriptions("t.x", "T.x"), adm.Topics)
	assert.Equal(t, []string{"first", "second"}, adm.Visit.Accepted)

	before := r.custom("second", "subscribe")
	s, refused := r.subscribe(adm.Visit, "a.b")
	require.Nil(t, refused)
	assert.Equal(t, relay.Subscription{Name: "a.b", Pattern: "a.b"}, s, "attributes are ignored; an empty topic is no pattern")
	assert.Equal(t, before, r.custom("second", "subscribe"), "not its topics")
	_, refused = r.subscribe(adm.Visit, ">")
	require.Nil(t, refused)
	assert.Equal(t, before+1, r.custom("second", "subscribe"), "a wildcard may be its topics")
	s, refused = r.subscribe(adm.Visit, "t.y")
	require.Nil(t, refused)
	assert.Equal(t, relay.Subscription{Name: "t.y", Pattern: "T.y"}, s)
	assert.Equal(t, before+2, r.custom("second", "subscribe"), "as rewritten")

	// What the second refuses, the first had accepted, and learns so.
	r.connect(arrival(4, "u"))
	require.NoError(t, r.Part(t.Context()))
	assert.Zero(t, r.custom("second", "disconnect"))
}

// A filter that decides about nothing learns of what came in, and its failure is nobody's but its own.
func TestHooks_DisconnectOnly(t *testing.T) {
	farewell := Filter{Name: "farewell", Path: guest("farewell"), Allow: []string{"metric"}}
	r := openRig(t, Options{Lanes: 2}, farewell, hooksFilter("gate"))
	require.NotNil(t, r.connect(arrival(1, "d")).Refusal)
	require.NotNil(t, r.connect(arrival(2, "p", "d")).Refusal)
	adm := r.connect(arrival(3, "p"))
	assert.Equal(t, []string{"farewell", "gate"}, adm.Visit.Accepted)
	r.Leave(adm.Visit)
	r.Leave(&relay.Visit{ID: 4, Accepted: []string{"farewell", "gate"}, Attributes: relay.Attributes{{Key: "tenant", Value: "broken"}}})
	require.NoError(t, r.Part(t.Context()))
	assert.EqualValues(t, 2, r.custom("farewell", "disconnect"))
	assert.EqualValues(t, 3, r.custom("gate", "disconnect"), "it had accepted the second, too")
	assert.EqualValues(t, 1, r.metric("relay_plugin_hook_calls_total", "plugin", "farewell", "hook", "disconnect", "verdict", "fail"))
	var line string
	require.NoError(t, r.Quarantine("farewell", func(b []byte) { line += string(b) }))
	q, err := ReadQuarantined([]byte(line))
	require.NoError(t, err)
	ev, err := q.Relay()
	require.NoError(t, err)
	assert.Equal(t, "broken", ev.Attributes.Get("tenant"))
}

// Everything at once: nothing is lost, told twice, or left behind.
func TestHooks_Hammer(t *testing.T) {
	gate, farewell := hooksFilter("gate"), Filter{Name: "farewell", Path: guest("farewell"), Allow: []string{"metric"}}
	gate.Limits.Time = 5 * time.Second
	r := openRig(t, Options{Lanes: 2, MaxHooks: 8}, gate, farewell, Filter{Name: "puppet", Path: guest("puppet")})
	stop := make(chan struct{})
	var reloads, clients sync.WaitGroup
	reloads.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			g := gate
			g.Config = map[string]any{"version": i % 2}
			assert.NoError(t, r.Reload(t.Context(), []Filter{g, farewell, {Name: "puppet", Path: guest("puppet")}}))
		}
	})
	var accepted, busy atomic.Int64
	for worker := range 8 {
		clients.Go(func() {
			for i := range 100 {
				id := uint64(worker*1000 + i)
				answers := make(chan relay.Admission, 1)
				a := arrival(id, []relay.Pattern{"p", "d", "t.x"}[i%3])
				a.Gone.Store(i%10 == 9)
				if err := r.Connect(a, func(adm relay.Admission) { answers <- adm }); err != nil {
					assert.ErrorIs(t, err, relay.ErrBusy)
					busy.Add(1)
					continue
				}
				adm := <-answers
				r.say("p")
				if adm.Refusal != nil {
					continue
				}
				accepted.Add(1)
				decided := make(chan struct{})
				if r.Subscribe(adm.Visit, "p.q", func(relay.Subscription, *relay.Refusal) { close(decided) }) == nil {
					<-decided
				}
				r.Leave(adm.Visit)
			}
		})
	}
	clients.Wait()
	close(stop)
	reloads.Wait()
	require.NoError(t, r.Part(t.Context()))
	assert.Positive(t, accepted.Load())
	assert.EqualValues(t, accepted.Load(), r.custom("gate", "disconnect"))
	assert.EqualValues(t, accepted.Load(), r.custom("farewell", "disconnect"))
	assert.Zero(t, r.metric("relay_hooks_waiting"))
	assert.Zero(t, r.metric("relay_hooks_refused_total", "hook", "disconnect"))
	t.Logf("%d accepted, %d turned away", accepted.Load(), busy.Load())
}

// A connection through a filter in WebAssembly, from a loop's question to its answer.
func BenchmarkHooks_Connect(b *testing.B) {
	r := openRig(b, Options{Lanes: 1}, hooksFilter("gate"))
	answers := make(chan relay.Admission, 1)
	a := arrival(1, "p")
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Connect(a, func(adm relay.Admission) { answers <- adm }); err != nil {
			b.Fatal(err)
		}
		<-answers
	}
}

// What a subscription emits goes on with the next filters, and is inbound.
func TestHooks_Emit(t *testing.T) {
	r := openRig(t, Options{Lanes: 2}, hooksFilter("gate"))
	_, refused := r.subscribe(&relay.Visit{ID: 9, Attributes: relay.Attributes{{Key: "tenant", Value: "acme"}}}, "e.joined")
	require.Nil(t, refused)
	all := r.sink.all()
	require.Len(t, all, 1)
	assert.Equal(t, relay.Topic("e.joined"), all[0].Topic)
	assert.Equal(t, relay.Inbound, all[0].Source)
	assert.Equal(t, "acme", all[0].Attributes.Get("tenant"))
}

func TestHooks_Gone(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, hooksFilter("gate"))
	a := arrival(1, "p")
	a.Gone.Store(true)
	adm := r.connect(a)
	require.NotNil(t, adm.Refusal)
	assert.Zero(t, r.custom("gate", "connect"), "nobody waits, so the filter is not asked")
}

// Too many that wait are refused, and those that were not told of their clients' end are counted.
func TestHooks_Bound(t *testing.T) {
	r := openRig(t, Options{Lanes: 1, MaxHooks: 2}, hooksFilter("gate"), Filter{Name: "puppet", Path: guest("puppet")})
	r.sink.block = make(chan struct{})
	require.NoError(t, r.Submit(event("t", "p"), nil, nil)) // the lane is held
	answers := make(chan relay.Admission, 2)
	asked, busy := 0, 0
	for range 10 {
		switch err := r.Connect(arrival(1, "p"), func(adm relay.Admission) { answers <- adm }); err {
		case nil:
			asked++
		case relay.ErrBusy:
			busy++
		}
	}
	assert.LessOrEqual(t, asked, 2)
	assert.Equal(t, 10, asked+busy)
	assert.EqualValues(t, busy, r.metric("relay_hooks_refused_total", "hook", "connect"))
	assert.EqualValues(t, asked, r.metric("relay_hooks_waiting"))
	v := &relay.Visit{ID: 1, Accepted: []string{"gate"}}
	for range maxLeaves + 3 {
		r.Leave(v)
	}
	assert.EqualValues(t, 3, r.metric("relay_hooks_refused_total", "hook", "disconnect"))
	close(r.sink.block)
	for range asked {
		assert.Nil(t, (<-answers).Refusal)
	}
	require.NoError(t, r.Drain(t.Context()))
	require.NoError(t, r.Part(t.Context()))
	assert.EqualValues(t, maxLeaves, r.custom("gate", "disconnect"))
	r.Leave(v)
	assert.EqualValues(t, 4, r.metric("relay_hooks_refused_total", "hook", "disconnect"), "too late")
	require.ErrorIs(t, r.Connect(arrival(1), nil), relay.ErrClosed)
	assert.True(t, r.Hooks().Has(relay.HookConnect), "nobody comes in unasked while the relay stops")
}

// Closing answers who waits, and counts who is not told.
func TestHooks_Close(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, hooksFilter("gate"), Filter{Name: "puppet", Path: guest("puppet")})
	r.sink.block = make(chan struct{})
	begun := make(chan struct{})
	require.NoError(t, r.Submit(event("t", "p"), func(relay.Result) { close(begun) }, nil))
	answers := make(chan relay.Admission, 1)
	require.NoError(t, r.Connect(arrival(1, "p"), func(adm relay.Admission) { answers <- adm }))
	r.Leave(&relay.Visit{ID: 1, Accepted: []string{"gate"}})
	go func() {
		adm := <-answers
		assert.Equal(t, http.StatusServiceUnavailable, adm.Refusal.Status)
		close(r.sink.block)
	}()
	require.NoError(t, r.Close())
	<-begun
	assert.EqualValues(t, 1, r.metric("relay_hooks_refused_total", "hook", "disconnect"))
}

// One that has no hook for events does not see them; a filter that only sees events costs connections nothing.
func TestHooks_Inspect(t *testing.T) {
	i, err := Inspect(context.Background(), Options{}, hooksFilter("gate"))
	require.NoError(t, err)
	assert.True(t, i.Accepted, i.Refusal)
	assert.Equal(t, []string{"relay_on_connect", "relay_on_subscribe", "relay_on_disconnect"}, i.Hooks)

	r := openRig(t, Options{}, hooksFilter("gate"))
	assert.Equal(t, relay.Accepted, r.say("x").Verdict)
	assert.Zero(t, r.metric("relay_plugin_calls_total"))
	plain := openRig(t, Options{}, Filter{Name: "puppet", Path: guest("puppet")})
	assert.Zero(t, plain.Hooks())
}

// subscriptions makes a list of names and patterns.
func subscriptions(pairs ...relay.Pattern) (list []relay.Subscription) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, relay.Subscription{Name: pairs[i], Pattern: pairs[i+1]})
	}
	return list
}
