package server

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
	"eventrelay/relay/transport/wsclient"
)

// attackers are filters that misbehave, each on a topic of its own, and the payloads that make them.
var attackers = []struct {
	guest    string
	payloads []string
}{
	{"puppet", []string{"l", "u", "z", "o", "i", "s", "x", "h", "k", "g", "wlots", "a12345678", "Rx", "Ex", "n", "p"}},
	{"dag", []string{"-"}},          // PL-02
	{"dag_indirect", []string{"-"}}, // PL-02
	{"exponential", []string{"-"}},
	{"fills", []string{"-"}},
	{"huge_memory_max", []string{"-"}}, // PL-04
	{"table_grows", []string{"-"}},     // PL-05
	{"changes_table", []string{"u", "-"}},
	{"floods_output", []string{"-"}}, // PL-17
	{"kv_storm", []string{"-"}},
	{"random_storm", []string{"-"}},
	{"restart_fails", []string{"-"}},
	{"slow_start", []string{"-"}},
	{"leaks", []string{"-"}},
}

// hostile is a configuration with all attackers that load, and one good filter.
func hostile(t *testing.T) (text string, topics []string) {
	t.Helper()
	text = base("auto") + "plugins: {lanes: 2}\nfilters:\n- {name: good, path: " + strconv.Quote(testGuest(t, "pass")) + ", topics: [quiet]}\n"
	for i, a := range attackers {
		onError := [2]string{"drop", "pass"}[i%2]
		text += fmt.Sprintf("- {name: %s, path: %q, topics: [attack.%s], allow: [kv], on_error: %s, breaker: {probe: 50ms}}\n", a.guest, testGuest(t, a.guest), a.guest, onError)
		topics = append(topics, "attack."+a.guest)
	}
	return text, topics
}

// testGuest is the path of a module that the tests of package plugins have.
func testGuest(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "plugins", "testdata", name+".wasm"))
	require.NoError(t, err)
	return path
}

// All of the hostile filters at once, for seconds: a client that has nothing to do with them gets each of its events
// within a second, broken reloads change nothing, and when they are through, the relay is as it was.
func TestServer_HostileFilters(t *testing.T) {
	if testing.Short() {
		t.Skip("attacks for seconds; not with -short")
	}
	text, topics := hostile(t)
	r := start(t, text)
	bystander := r.subscribe("topic=quiet")
	slowest := r.hearEach(bystander, 20)
	goroutines, rss := runtime.NumGoroutine(), residentBytes()

	ctx, stop := context.WithTimeout(t.Context(), 4*time.Second)
	defer stop()
	var attack sync.WaitGroup
	for i := range topics {
		attack.Go(func() { r.attack(ctx, topics[i], attackers[i].payloads) })
	}
	attack.Go(func() { r.breakReloads(ctx) })
	for ctx.Err() == nil {
		slowest = max(slowest, r.hearEach(bystander, 1))
	}
	attack.Wait()
	assert.Less(t, slowest, time.Second, "a bystander waits for nobody")
	assert.NoError(t, r.Ready())
	t.Logf("slowest event of a bystander %v; failures: %v", slowest.Round(100*time.Microsecond), r.gauge("relay_plugin_errors_total"))
	for _, cause := range []string{"trap", "timeout", "breaker"} {
		assert.Positive(t, r.gauge("relay_plugin_errors_total", "cause", cause), cause)
	}

	r.hearEach(bystander, 5)
	assert.Eventually(t, func() bool {
		r.http.CloseIdleConnections()
		return runtime.NumGoroutine() <= goroutines+5
	}, waitFor, tick, "goroutines")
	// Each filter has an instance per lane and a spare.
	assert.LessOrEqual(t, r.gauge("relay_plugin_memory_bytes"), float64(len(topics)*(2+1))*float64(16*relay.MiB), "the guests' memory is what the configuration implies")
	debug.FreeOSMemory()
	if rss > 0 && !raceEnabled { // whose detector has memory of its own
		assert.Less(t, residentBytes(), rss+rss/4+64<<20, "RSS")
	}
	assert.LessOrEqual(t, strings.Count(r.logs.String(), "\n"), 2000, "logs are bounded")
}

// hearEach publishes n events to the bystander, one by one, and returns how long the slowest took to reach it.
func (r *running) hearEach(c *wsclient.Conn, n int) (slowest time.Duration) {
	r.t.Helper()
	for range n {
		begun := time.Now()
		assert.Equal(r.t, 200, r.publish("quiet", "1").status)
		read(r.t, c)
		slowest = max(slowest, time.Since(begun))
	}
	return slowest
}

// attack publishes to a topic until ctx ends.
func (r *running) attack(ctx context.Context, topic string, payloads []string) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for i := 0; ctx.Err() == nil; i++ {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+r.Addr().String()+"/publish/"+topic, strings.NewReader(payloads[i%len(payloads)]))
		if err != nil {
			r.t.Error(err)
			return
		}
		req.Header.Set("Content-Type", "application/octet-stream")
		res, err := client.Do(req)
		if err != nil {
			continue // the end has come, or the relay, which others find out
		}
		_ = res.Body.Close()
	}
}

// breakReloads puts modules in force that cannot be.
func (r *running) breakReloads(ctx context.Context) {
	for i := 0; ctx.Err() == nil; i++ {
		next := *r.Config()
		next.Filters = append(next.Filters[:len(next.Filters):len(next.Filters)], next.Filters[0])
		last := &next.Filters[len(next.Filters)-1]
		last.Name = "broken"
		last.Path = testGuest(r.t, []string{"start_loops", "initialize_traps", "unknown_import", "huge_table", "emits_at_start", "buffer_outside"}[i%6])
		last.Limits.Init = 20 * time.Millisecond
		assert.Error(r.t, r.Reload(ctx, &next))
	}
}

// gauge sums a metric's samples with the given label pair.
func (r *running) gauge(name string, label ...string) (sum float64) {
	r.pipeline.Metrics(func(m relay.Metric) {
		if m.Name != name {
			return
		}
		for i := 0; i+1 < len(m.Labels); i += 2 {
			if len(label) == 0 || m.Labels[i] == label[0] && m.Labels[i+1] == label[1] {
				sum += m.Value
				return
			}
		}
	})
	return sum
}

// residentBytes returns the memory of this process, or 0 where that is not known.
func residentBytes() int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.Atoi(strings.Fields(string(text))[1])
	return pages * os.Getpagesize()
}
