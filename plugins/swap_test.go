package plugins

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// install writes a guest of testdata to path, as a deployment would.
func installGuest(t testing.TB, path, name string) {
	t.Helper()
	module, err := os.ReadFile(guest(name))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path+".new", module, 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}

func sumOf(t testing.TB, path string) string {
	t.Helper()
	module, err := os.ReadFile(path)
	require.NoError(t, err)
	sum := sha256.Sum256(module)
	return hex.EncodeToString(sum[:])
}

// seenBy is how many events the puppet's instance has seen, this one among them.
func (r *rig) seenBy() uint32 {
	r.t.Helper()
	require.Equal(r.t, relay.Transformed, r.say("c").Verdict)
	return r.sink.seen(relay.Result{})
}

func TestReload_UnchangedFiltersRunOn(t *testing.T) {
	f := steady(puppet("f"))
	other := steady(Filter{Name: "other", Path: guest("pass"), Topics: []relay.Pattern{"other"}})
	r := openRig(t, Options{Lanes: 1}, f, other)
	assert.Equal(t, uint32(1), r.seenBy())
	reload := func(filters ...Filter) { require.NoError(t, r.Reload(context.Background(), filters)) }
	reload(f, other)
	assert.Equal(t, uint32(2), r.seenBy(), "nothing changed")
	other.Limits.Memory = relay.MiB
	reload(other, f)
	assert.Equal(t, uint32(3), r.seenBy(), "another filter changed, and the order")
	f.OnError, f.Topics, f.Sources = passOnError, []relay.Pattern{"t"}, []string{"published"}
	f.Breaker.Failures, f.Quarantine.Events = 7, 3
	reload(f)
	assert.Equal(t, uint32(4), r.seenBy(), "what its instance has no part in changed")
	assert.Equal(t, relay.Accepted, r.say("u").Verdict, "and is in force")
	f.Limits.Emits = 7
	reload(f)
	assert.Equal(t, uint32(1), r.seenBy(), "its limits changed")
	f.Allow = []string{"kv"}
	reload(f)
	assert.Equal(t, uint32(1), r.seenBy(), "its grants changed")
	assert.Equal(t, 2., r.metric("relay_plugin_swaps_total", "plugin", "f", "outcome", "done"))
	assert.Equal(t, 3., r.metric("relay_plugin_version", "plugin", "f"))
}

func TestReload_FailureKeepsTheOldAndMovesAMetric(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.wasm")
	installGuest(t, path, "puppet")
	f := steady(Filter{Name: "f", Path: path})
	r := openRig(t, Options{Lanes: 1}, f)
	assert.Equal(t, uint32(1), r.seenBy())
	for _, bad := range []string{"panic_on_start", "unknown_import", "no_hooks"} {
		installGuest(t, path, bad)
		assert.Error(t, r.Reload(context.Background(), []Filter{f}))
	}
	require.NoError(t, os.Remove(path))
	assert.ErrorContains(t, r.Reload(context.Background(), []Filter{f}), "no such file")
	assert.Equal(t, uint32(2), r.seenBy())
	assert.Equal(t, 4., r.metric("relay_plugin_swaps_total", "plugin", "f", "outcome", "failed"))
}

// PL-23
func TestReload_Pin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.wasm")
	installGuest(t, path, "puppet")
	f := steady(Filter{Name: "f", Path: path, SHA256: strings.ToUpper(sumOf(t, path))})
	r := openRig(t, Options{Lanes: 1}, f)
	installGuest(t, path, "pass")
	err := r.Reload(context.Background(), []Filter{f})
	assert.ErrorContains(t, err, "its sha256 is "+sumOf(t, path)+", and relay.yaml pins "+f.SHA256)
	assert.Equal(t, relay.Dropped, r.say("d").Verdict, "the pinned one runs on")
	f.SHA256 = sumOf(t, path)
	require.NoError(t, r.Reload(context.Background(), []Filter{f}))
	assert.Equal(t, relay.Accepted, r.say("d").Verdict)
}

func TestRollback(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.wasm")
	installGuest(t, path, "puppet")
	f := steady(Filter{Name: "f", Path: path})
	r := openRig(t, Options{Lanes: 2}, f, steady(Filter{Name: "other", Path: guest("pass")}))
	filters := []Filter{f, steady(Filter{Name: "other", Path: guest("pass")})}
	ctx := context.Background()
	assert.ErrorIs(t, r.Rollback(ctx, "f"), relay.ErrNoPrevious)
	assert.ErrorIs(t, r.Rollback(ctx, "nobody"), relay.ErrNoPlugin)

	installGuest(t, path, "pass")
	require.NoError(t, r.Reload(ctx, filters))
	assert.Equal(t, relay.Accepted, r.say("d").Verdict)

	require.NoError(t, r.Rollback(ctx, "f"))
	assert.Equal(t, relay.Dropped, r.say("d").Verdict)
	require.NoError(t, r.Reload(ctx, filters))
	assert.Equal(t, relay.Dropped, r.say("d").Verdict, "a reload for another reason does not bring back what was rolled back")

	require.NoError(t, r.Rollback(ctx, "f"))
	assert.Equal(t, relay.Accepted, r.say("d").Verdict, "a second one goes the other way")
	require.NoError(t, r.Reload(ctx, filters))
	assert.Equal(t, relay.Accepted, r.say("d").Verdict)

	require.NoError(t, r.Rollback(ctx, "f"))
	installGuest(t, path, "counts")
	filters[0].Allow = []string{"kv", "metric"}
	require.NoError(t, r.Reload(ctx, filters))
	assert.Equal(t, relay.Transformed, r.say("d").Verdict, "a new file is taken")
	assert.Equal(t, 3., r.metric("relay_plugin_swaps_total", "outcome", "rolled_back"))
	assert.ErrorIs(t, r.Rollback(ctx, "other"), relay.ErrNoPrevious)
	require.NoError(t, r.Close())
	assert.ErrorIs(t, r.Rollback(ctx, "f"), relay.ErrClosed)
}

func TestRollback_UnderLoad(t *testing.T) {
	f := steady(puppet("f"))
	r := openRig(t, Options{Lanes: 2, Queue: 8 * relay.KiB}, f)
	f.Limits.Emits = 3
	require.NoError(t, r.Reload(context.Background(), []Filter{f}))
	const publishers, each = 6, 300
	accepted := hammer(t, r.Pipeline, publishers, each, func() {
		for range 50 {
			assert.NoError(t, r.Rollback(context.Background(), "f"))
		}
	})
	assert.Equal(t, int64(publishers*each), accepted)
	assert.Len(t, r.sink.all(), publishers*each)
	assertOrder(t, r.sink.all())
}

// swapMany replaces a filter n times under load, by reloads, rollbacks and failures, and looks for what they leave.
func swapMany(t *testing.T, n int) {
	path := filepath.Join(t.TempDir(), "f.wasm")
	installGuest(t, path, "puppet")
	f := steady(Filter{Name: "f", Path: path})
	r := openRig(t, Options{Lanes: 2}, f)
	guests := []string{"pass", "puppet", "panic_on_start", "huge_memory_max"}
	step := func(i int) {
		if i%5 == 4 {
			assert.NoError(t, r.Rollback(context.Background(), "f"))
			return
		}
		name := guests[i%len(guests)]
		installGuest(t, path, name)
		err := r.Reload(context.Background(), []Filter{f})
		assert.Equal(t, name == "panic_on_start", err != nil, "%v", err)
	}
	stop, events := r.keepSaying("p")
	defer stop()
	for i := range 20 { // until pools, caches and the allocator have what they keep
		step(i)
	}
	goroutines, before, maps := runtime.NumGoroutine(), heapInUse(), mappings()
	for i := range n {
		step(i)
	}
	stop()
	assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= goroutines }, eventually, tick)
	assert.LessOrEqual(t, heapInUse(), before+4<<20+before/4, "heap")
	assert.LessOrEqual(t, mappings(), maps+32, "memory of guests and code of compilers")
	assert.Positive(t, events())
	t.Logf("%d swaps, %d events meanwhile; heap %d KiB, then %d KiB", n, events(), before>>10, heapInUse()>>10)
}

// keepSaying publishes payload again and again until stop, which waits for the last. What reached the sink is forgotten.
func (r *rig) keepSaying(payload string) (stop func(), said func() int64) {
	var n atomic.Int64
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	wg.Go(func() {
		for ctx.Err() == nil {
			assert.NoError(r.t, r.say(payload).Err)
			n.Add(1)
			r.sink.mu.Lock()
			r.sink.events = r.sink.events[:0]
			r.sink.mu.Unlock()
		}
	})
	return func() { cancel(); wg.Wait() }, n.Load
}

// mappings counts the ranges of addresses that the process has mapped; 0 where that is not known.
func mappings() int {
	text, _ := os.ReadFile("/proc/self/maps")
	return bytes.Count(text, []byte{'\n'})
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC() // wazero's finalizers have run after the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestSwaps_LeakNothing(t *testing.T) {
	n := 50
	if os.Getenv("RELAY_TEST_SWAPS") != "" { // make swaps
		n = 1000
	}
	swapMany(t, n)
}

func TestQuarantine_KeepsWhatBrokeTheFilter(t *testing.T) {
	f := puppet("f")
	f.Quarantine = Quarantine{Events: 3, Bytes: 8 * relay.KiB}
	r := openRig(t, Options{Lanes: 1}, f)
	for i := range 5 {
		r.say(fmt.Sprintf("u%d", i))
	}
	r.say("p")
	r.publish(&relay.Event{Topic: "bin", ID: "b", Payload: []byte("n\xff"), Source: relay.Inbound, Attributes: relay.Attributes{{Key: "k", Value: "v"}}, Time: time.Unix(5, 0)})
	items := r.plugins.find("f").quarantine.list()
	require.Len(t, items, 3)
	assert.Equal(t, "u3", *items[0].Event.Payload)
	assert.Equal(t, "trap", items[0].Cause)
	assert.Contains(t, items[0].Error, "unreachable in ")
	assert.Len(t, items[0].Functions, 1)
	assert.Equal(t, sumOf(t, f.Path), items[0].Module)
	assert.Equal(t, uint64(1), items[0].Version)
	last := items[2]
	assert.Equal(t, "guest", last.Cause)
	assert.Equal(t, Event{Topic: "bin", ID: "b", Time: time.Unix(5, 0), Kind: "binary", Source: "inbound", Attributes: map[string]string{"k": "v"}, PayloadBase64: []byte("n\xff")}, last.Event)

	r.say("u" + strings.Repeat("x", 7000))
	assert.Len(t, r.plugins.find("f").quarantine.list(), 2, "bytes are bounded")
	r.say("u" + strings.Repeat("x", 9000))
	items = r.plugins.find("f").quarantine.list()
	assert.Equal(t, 9001, items[len(items)-1].Event.Omitted, "what is larger than all is kept without its payload")
	assert.Equal(t, 8., r.metric("relay_plugin_quarantined_total"))
	assert.Equal(t, float64(len(items)), r.metric("relay_plugin_quarantine_events"))
}
