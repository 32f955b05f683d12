package plugins

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

func TestPipeline_EventsThatNoFilterSeesAreNotCalledFor(t *testing.T) {
	f := Filter{Name: "f", Path: guest("puppet"), Topics: []relay.Pattern{"orders.>", "one.*"}, Sources: []string{"inbound"}}
	r := openRig(t, Options{}, f)
	publish := func(topic relay.Topic, src relay.Source) relay.Verdict {
		ev := event(topic, "dno")
		ev.Source = src
		return r.publish(ev)[0].Verdict
	}
	assert.Equal(t, relay.Dropped, publish("orders.eu", relay.Inbound))
	assert.Equal(t, relay.Dropped, publish("one.two", relay.Inbound))
	assert.Equal(t, relay.Accepted, publish("orders", relay.Inbound))
	assert.Equal(t, relay.Accepted, publish("one.two.three", relay.Inbound))
	assert.Equal(t, relay.Accepted, publish("orders.eu", relay.Published))
	assert.Equal(t, 2., r.metric("relay_plugin_calls_total"))
	assert.Equal(t, 2., r.metric("relay_events_total", "source", "inbound", "verdict", "dropped"))
	assert.Equal(t, 1., r.metric("relay_events_total", "source", "published", "verdict", "accepted"))
}

func TestPipeline_BatchKeepsOrderAndPositions(t *testing.T) {
	f := puppet("f")
	f.Topics = []relay.Pattern{"seen.>"}
	r := openRig(t, Options{Lanes: 3}, f)
	var evs []*relay.Event
	for i := range 300 {
		topic := relay.Topic(fmt.Sprintf("%s.%d", [2]string{"seen", "plain"}[i%2], i%7))
		evs = append(evs, event(topic, "p"+strconv.Itoa(i)))
	}
	results := r.publish(evs...)
	at := map[uint64]*relay.Event{}
	for i, ev := range r.sink.all() {
		at[uint64(i+1)] = ev
	}
	for i, res := range results {
		require.NoError(t, res.Err)
		assert.Same(t, evs[i], at[res.Position.N])
	}
	assertOrder(t, r.sink.all())
}

// assertOrder checks that the numbers in payloads ("p12", "p3.12": publisher and number) ascend per topic and publisher.
func assertOrder(t *testing.T, evs []*relay.Event) {
	t.Helper()
	last := map[string]int{}
	for _, ev := range evs {
		who, number, ok := strings.Cut(string(ev.Payload[1:]), ".")
		if !ok {
			who, number = "", who
		}
		n, err := strconv.Atoi(number)
		require.NoError(t, err, "%s", ev.Payload)
		key := string(ev.Topic) + " " + who
		if before, seen := last[key]; seen && n <= before {
			t.Fatalf("%s: %d after %d", key, n, before)
		}
		last[key] = n
	}
}

// hammer publishes n events per publisher, by Publish and Submit in turn, while during runs, and returns the results.
func hammer(t *testing.T, p *Pipeline, publishers, n int, during func()) (accepted int64) {
	t.Helper()
	var wg, submitted sync.WaitGroup
	var good atomic.Int64
	count := func(r relay.Result) {
		if assert.NoError(t, r.Err) && assert.NotZero(t, r.Position) {
			good.Add(1)
		}
	}
	for who := range publishers {
		wg.Go(func() {
			for i := range n {
				ev := event(relay.Topic(fmt.Sprintf("t.%d", i%5)), fmt.Sprintf("p%d.%d", who, i))
				if who%2 == 0 {
					res := [1]relay.Result{{Err: relay.ErrBusy}}
					for res[0].Err == relay.ErrBusy {
						p.Publish(context.Background(), []*relay.Event{ev}, res[:])
					}
					count(res[0])
					continue
				}
				submitted.Add(1)
				done := func(r relay.Result) { count(r); submitted.Done() }
				for {
					room := make(chan struct{})
					err := p.Submit(ev, done, func() { close(room) })
					if err == nil {
						break
					}
					if !assert.ErrorIs(t, err, relay.ErrBusy) {
						submitted.Done()
						return
					}
					<-room
				}
			}
		})
	}
	if during != nil {
		during()
	}
	wg.Wait()
	submitted.Wait()
	return good.Load()
}

func TestPipeline_OrderPerTopicUnderConcurrentPublishers(t *testing.T) {
	f := puppet("f")
	f.Topics = []relay.Pattern{"t.0", "t.1", "t.2"}
	r := openRig(t, Options{Lanes: 2}, f)
	const publishers, each = 8, 300
	assert.Equal(t, int64(publishers*each), hammer(t, r.Pipeline, publishers, each, nil))
	assert.Equal(t, publishers*each, len(r.sink.all()))
	assertOrder(t, r.sink.all())
	assert.Equal(t, float64(publishers*each), r.metric("relay_events_total", "verdict", "accepted"))
	assert.Zero(t, r.metric("relay_pipeline_queued_bytes"))
}

// Filters come and go, and which topics they see changes with each reload: nothing is lost, doubled or out of order.
func TestPipeline_ReloadUnderLoad(t *testing.T) {
	sees := func(topics ...relay.Pattern) []Filter {
		f := puppet("f")
		f.Topics, f.Limits = topics, testLimits
		return []Filter{f}
	}
	r := openRig(t, Options{Lanes: 2, Queue: 8 * relay.KiB}, sees("t.0", "t.1")...)
	const publishers, each = 6, 400
	versions := [][]Filter{sees("t.1", "t.2"), nil, sees("t.>"), sees("none")}
	accepted := hammer(t, r.Pipeline, publishers, each, func() {
		for i := range 20 {
			assert.NoError(t, r.Reload(context.Background(), versions[i%len(versions)]))
			bad := []Filter{{Name: "bad", Path: guest("panic_on_start")}}
			assert.ErrorContains(t, r.Reload(context.Background(), bad), "unreachable")
		}
	})
	assert.Equal(t, int64(publishers*each), accepted)
	all := r.sink.all()
	assert.Equal(t, publishers*each, len(all))
	once := map[string]bool{}
	for _, ev := range all {
		assert.False(t, once[string(ev.Payload)], "twice: %s", ev.Payload)
		once[string(ev.Payload)] = true
	}
	assertOrder(t, all)
	assert.Equal(t, 21., r.metric("relay_plugin_generation"))
	assert.Equal(t, 20., r.metric("relay_plugin_reloads_total", "outcome", "done"))
	assert.Equal(t, 20., r.metric("relay_plugin_reloads_total", "outcome", "failed"))
}

// gate holds lanes: an event that is appended waits until the gate is opened.
func gate(r *rig) (open func()) {
	r.sink.block = make(chan struct{})
	return sync.OnceFunc(func() { close(r.sink.block) })
}

// hold submits an event and waits until it is begun, so that its lane is held.
func (r *rig) hold(topic relay.Topic) (done chan relay.Result) {
	done = make(chan relay.Result, 1)
	require.NoError(r.t, r.Submit(event(topic, "p"), func(res relay.Result) { done <- res }, nil))
	require.Eventually(r.t, func() bool { return r.queued() == 0 }, eventually, tick)
	return done
}

// PL-19: publishers are held back when filters do not keep up.
func TestPipeline_FullQueue(t *testing.T) {
	r := openRig(t, Options{Lanes: 1, Queue: 4 * relay.KiB}, puppet("f"))
	open := gate(r)
	defer open()
	r.hold("t")
	var done sync.WaitGroup
	room := make(chan struct{})
	taken, err := 0, error(nil)
	for ; err == nil; taken++ {
		done.Add(1)
		err = r.Submit(event("t", "p"+strings.Repeat("x", 500)), func(relay.Result) { done.Done() }, func() { close(room) })
	}
	done.Done() // the last was refused
	assert.ErrorIs(t, err, relay.ErrBusy)
	assert.Equal(t, 6, taken, "5 of 757 bytes fit into 4KiB")
	assert.Positive(t, r.metric("relay_pipeline_queued_bytes"))

	results := make([]relay.Result, 2)
	r.Publish(context.Background(), []*relay.Event{event("t", strings.Repeat("x", 4000)), event("t", "p")}, results)
	assert.ErrorIs(t, results[0].Err, relay.ErrBusy)
	assert.ErrorIs(t, results[1].Err, relay.ErrBusy, "it would fit, but must not overtake")
	assert.Equal(t, "id-t", results[1].EventID)
	assert.Equal(t, 3., r.metric("relay_pipeline_refused_total"))
	select {
	case <-room:
		t.Fatal("ready was called while the queue was full")
	default:
	}
	open()
	<-room
	done.Wait()
	assert.NoError(t, r.say("p").Err)
	assert.Len(t, r.sink.all(), 1+5+1)
}

func TestPipeline_AnEmptyQueueTakesAnyEvent(t *testing.T) {
	r := openRig(t, Options{Lanes: 4, Queue: relay.KiB}, puppet("f"))
	res := r.say("p" + strings.Repeat("x", 10_000))
	assert.NoError(t, res.Err)
}

func TestPipeline_PublishTakesBackWhatHasNotBegun(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, puppet("f"))
	open := gate(r)
	defer open()
	first := r.hold("t")
	ctx, cancel := context.WithCancel(context.Background())
	results := make([]relay.Result, 2)
	returned := make(chan struct{})
	go func() {
		r.Publish(ctx, []*relay.Event{event("t", "pa"), event("t", "pb")}, results)
		close(returned)
	}()
	require.Eventually(t, func() bool { return r.queued() > 0 }, eventually, tick)
	cancel()
	<-returned // although the lane is still held
	for _, res := range results {
		assert.ErrorIs(t, res.Err, context.Canceled)
		assert.Equal(t, "id-t", res.EventID)
		assert.Zero(t, res.Position)
	}
	open()
	assert.NotZero(t, (<-first).Position)
	assert.Len(t, r.sink.all(), 1, "what was refused is not appended")

	r.Publish(ctx, []*relay.Event{event("t", "p")}, results[:1])
	assert.ErrorIs(t, results[0].Err, context.Canceled)
	assert.Len(t, r.sink.all(), 1)
}

func TestPipeline_PublishCompletesWhatHasBegun(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, puppet("f"))
	open := gate(r)
	ctx, cancel := context.WithCancel(context.Background())
	results := make([]relay.Result, 2)
	returned := make(chan struct{})
	go func() {
		r.Publish(ctx, []*relay.Event{event("t", "pa"), event("t", "pb")}, results)
		close(returned)
	}()
	require.Eventually(t, func() bool { l := r.lanes[0]; l.mu.Lock(); defer l.mu.Unlock(); return l.busy && l.queue.len() == 1 }, eventually, tick)
	cancel()
	open()
	<-returned
	assert.NoError(t, results[0].Err)
	assert.NotZero(t, results[0].Position)
	assert.ErrorIs(t, results[1].Err, context.Canceled)
	assert.Len(t, r.sink.all(), 1)
}

func TestPipeline_Drain(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, puppet("f"))
	open := gate(r)
	defer open()
	held := r.hold("t")
	waiting := make(chan relay.Result, 1)
	require.NoError(t, r.Submit(event("t", "p"), func(res relay.Result) { waiting <- res }, nil))

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.ErrorIs(t, r.Drain(ctx), context.Canceled)
	assert.ErrorIs(t, r.say("p").Err, relay.ErrClosed)
	assert.ErrorIs(t, r.Submit(event("t", "p"), func(relay.Result) { t.Error("called") }, func() { t.Error("called") }), relay.ErrClosed)
	assert.ErrorIs(t, r.Reload(context.Background(), nil), relay.ErrClosed)

	open()
	require.NoError(t, r.Drain(context.Background()))
	assert.NotZero(t, (<-held).Position)
	assert.NotZero(t, (<-waiting).Position)
	assert.Len(t, r.sink.all(), 2, "all that was taken is appended when Drain returns")
}

func TestPipeline_CloseGivesUpWhatWaits(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, puppet("f"))
	open := gate(r)
	held := r.hold("t")
	waiting := make(chan relay.Result, 1)
	require.NoError(t, r.Submit(event("t", "p"), func(res relay.Result) { waiting <- res }, nil))
	closed := make(chan error)
	go func() { closed <- r.Close() }()
	assert.ErrorIs(t, (<-waiting).Err, relay.ErrClosed)
	open()
	require.NoError(t, <-closed)
	assert.NotZero(t, (<-held).Position)
	assert.Len(t, r.sink.all(), 1)
	require.NoError(t, r.Close())
	assert.ErrorIs(t, r.say("p").Err, relay.ErrClosed)
}

func TestPipeline_ReloadIsCutShortByClose(t *testing.T) {
	r := openRig(t, Options{InitTimeout: hourLong}, puppet("f"))
	begun := make(chan struct{})
	reloaded := make(chan error)
	go func() {
		close(begun)
		reloaded <- r.Reload(context.Background(), []Filter{{Name: "f", Path: guest("start_loops")}})
	}()
	<-begun
	require.NoError(t, r.Close())
	assert.Error(t, <-reloaded)
}

// What outlives a reload: the store and the counters. What does not: the guest's memory.
func TestPipeline_ReloadKeepsKVNotMemory(t *testing.T) {
	count := Filter{Name: "f", Path: guest("counts"), Allow: []string{"kv", "metric"}, Limits: testLimits, Topics: []relay.Pattern{"kv"}}
	memory := puppet("g")
	memory.Topics, memory.Limits = []relay.Pattern{"memory"}, testLimits
	r := openRig(t, Options{Lanes: 2}, count, memory)
	for i := range 3 {
		r.publish(event("kv", "x"), event("memory", "c"))
		all := r.sink.all()
		assert.Equal(t, byte(i+1), payloadOf(all[len(all)-2:], "kv")[0])
		assert.Equal(t, byte(1), payloadOf(all[len(all)-2:], "memory")[0])
		count.Config = map[string]any{"version": i}
		memory.Config = count.Config
		require.NoError(t, r.Reload(context.Background(), []Filter{count, memory}))
	}
	assert.Equal(t, 3., r.metric("relay_plugin_calls_total", "plugin", "f"))
	assert.Equal(t, 3., r.metric("relay_plugin_custom", "plugin", "f", "name", "seen"))

	require.NoError(t, r.Reload(context.Background(), []Filter{memory}))
	r.Metrics(func(m relay.Metric) {
		assert.False(t, hasLabels(m.Labels, []string{"plugin", "f"}), "gone with its filter")
	})
}

func payloadOf(evs []*relay.Event, topic relay.Topic) []byte {
	for _, ev := range evs {
		if ev.Topic == topic {
			return ev.Payload
		}
	}
	return []byte{0}
}

func TestPipeline_InvalidReloadIsReported(t *testing.T) {
	r := openRig(t, Options{}, puppet("f"))
	assert.ErrorContains(t, r.Reload(context.Background(), []Filter{{Name: "x"}}), "filters[0].path: is missing")
	assert.Equal(t, relay.Dropped, r.say("d").Verdict, "the old filters run on")
}

// An event costs no allocation, whether filters see it or not.
func TestPipeline_Allocations(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool forgets at random under the race detector; CI runs it without")
	}
	f := Filter{Name: "f", Path: guest("pass"), Topics: []relay.Pattern{"seen.*"}, Limits: testLimits}
	p, err := Open(t.Context(), Options{Lanes: 1}, []Filter{f}, nowhere{}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer p.Close()
	publish := func(topic relay.Topic) func() {
		evs, results := []*relay.Event{event(topic, "payload")}, make([]relay.Result, 1)
		return func() { p.Publish(context.Background(), evs, results) }
	}
	assert.Zero(t, testing.AllocsPerRun(1000, publish("plain")))
	assert.Zero(t, testing.AllocsPerRun(1000, publish("seen.it")))
}

// nowhere is a sink that only counts positions.
type nowhere struct{}

func (nowhere) Append(*relay.Event) relay.Position { return relay.Position{Epoch: "e", N: 1} }
func (nowhere) Full(func()) bool                   { return false }

func (nowhere) AppendBatch(evs []*relay.Event, at []relay.Position) {
	for i := range evs {
		at[i] = relay.Position{Epoch: "e", N: 1}
	}
}

// When too much waits for clients, nothing is taken, whether filters would see it or not.
func TestPipeline_FullSink(t *testing.T) {
	r := openRig(t, Options{}, Filter{Name: "f", Path: guest("pass"), Topics: []relay.Pattern{"seen.*"}})
	r.sink.full.Store(true)
	for _, res := range r.publish(event("plain", "a"), event("seen.it", "b")) {
		assert.ErrorIs(t, res.Err, relay.ErrBusy)
	}
	told := false
	require.ErrorIs(t, r.Submit(event("plain", "c"), nil, func() { told = true }), relay.ErrBusy)
	require.Len(t, r.sink.ready, 1)
	r.sink.ready[0]()
	assert.True(t, told)
	assert.Empty(t, r.sink.all())
	r.sink.full.Store(false)
	assert.NoError(t, r.publish(event("plain", "a"))[0].Err)
}

// Whatever moment Close comes in: an event is appended if and only if its result says so.
func TestPipeline_CloseUnderLoad(t *testing.T) {
	for range 20 {
		r := openRig(t, Options{Lanes: 2, Queue: 16 * relay.KiB}, puppet("f"))
		var appended, answered atomic.Int64
		count := func(res relay.Result) {
			answered.Add(1)
			if res.Err == nil && !res.Position.IsZero() {
				appended.Add(1)
			}
		}
		var publishers sync.WaitGroup
		var submitted atomic.Int64
		started := make(chan struct{}, 4)
		for who := range 4 {
			publishers.Go(func() {
				started <- struct{}{}
				for i := 0; ; i++ {
					ev := event(relay.Topic(fmt.Sprintf("t.%d", i%3)), "p")
					err := error(nil)
					if who%2 == 0 {
						var res [1]relay.Result
						r.Publish(context.Background(), []*relay.Event{ev}, res[:])
						submitted.Add(1)
						count(res[0])
						err = res[0].Err
					} else if err = r.Submit(ev, count, nil); err == nil {
						submitted.Add(1)
					}
					if errors.Is(err, relay.ErrClosed) {
						return
					}
				}
			})
		}
		for range 4 {
			<-started
		}
		require.NoError(t, r.Close())
		publishers.Wait()
		assert.Equal(t, submitted.Load(), answered.Load(), "every event is answered once")
		assert.Equal(t, int(appended.Load()), len(r.sink.all()))
	}
}
