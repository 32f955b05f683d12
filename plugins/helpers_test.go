package plugins

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"eventrelay/relay"
	"eventrelay/sdk/abi"
)

// recorder is a sink that keeps what it gets.
type recorder struct {
	mu     sync.Mutex
	events []*relay.Event
	block  chan struct{} // if not nil, Append waits for it
	ready  []func()      // what Full was given
	full   atomic.Bool
}

func (r *recorder) Append(ev *relay.Event) relay.Position {
	if r.block != nil {
		<-r.block
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, ev)
	return relay.Position{Epoch: "e", N: uint64(len(r.events))}
}

func (r *recorder) Full(ready func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.full.Load() && ready != nil {
		r.ready = append(r.ready, ready)
	}
	return r.full.Load()
}

func (r *recorder) AppendBatch(evs []*relay.Event, at []relay.Position) {
	for i, ev := range evs {
		at[i] = r.Append(ev)
	}
}

func (r *recorder) all() []*relay.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*relay.Event(nil), r.events...)
}

// texts are "topic payload" of each event.
func (r *recorder) texts() (texts []string) {
	for _, ev := range r.all() {
		texts = append(texts, string(ev.Topic)+" "+string(ev.Payload))
	}
	return texts
}

// syncBuffer is a buffer that a log may write to from anywhere.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// rig is a pipeline with a recorder behind it.
type rig struct {
	*Pipeline
	t    testing.TB
	sink *recorder
	log  *syncBuffer
}

// testLimits are wide enough for a busy machine under the race detector.
var testLimits = Limits{Time: 5 * time.Second}

func openRig(t testing.TB, o Options, filters ...Filter) *rig {
	t.Helper()
	r := &rig{t: t, sink: &recorder{}, log: &syncBuffer{}}
	for i := range filters {
		filters[i] = steady(filters[i])
	}
	p, err := Open(t.Context(), o, filters, r.sink, slog.New(slog.NewTextHandler(r.log, nil)))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	r.Pipeline = p
	return r
}

// steady fills in what the test did not say: time enough, and a breaker that does not open.
func steady(f Filter) Filter {
	f.Limits.Time = cmp.Or(f.Limits.Time, testLimits.Time)
	f.Breaker.Failures = cmp.Or(f.Breaker.Failures, maxFailures)
	return f
}

// event is a binary event at a fixed time.
func event(topic relay.Topic, payload string) *relay.Event {
	return &relay.Event{Topic: topic, ID: "id-" + string(topic), Payload: []byte(payload), Time: time.Unix(1_700_000_000, 5)}
}

func (r *rig) publish(evs ...*relay.Event) []relay.Result {
	results := make([]relay.Result, len(evs))
	r.Publish(context.Background(), evs, results)
	return results
}

// say publishes one event and returns its result.
func (r *rig) say(payload string) relay.Result { return r.publish(event("t", payload))[0] }

// metric returns the value of a metric with the given label pairs among its labels.
func (r *rig) metric(name string, labels ...string) (value float64) {
	found := false
	r.Metrics(func(m relay.Metric) {
		if m.Name == name && hasLabels(m.Labels, labels) {
			value, found = value+m.Value, true
		}
	})
	require.True(r.t, found, "metric %s %v", name, labels)
	return value
}

func hasLabels(have, want []string) bool {
	for i := 0; i < len(want); i += 2 {
		ok := false
		for j := 0; j < len(have); j += 2 {
			ok = ok || have[j] == want[i] && have[j+1] == want[i+1]
		}
		if !ok {
			return false
		}
	}
	return true
}

// record encodes a record as a guest would.
func record(flags abi.Flags, topic, payload string, attrs ...string) string {
	var list abi.Attributes
	for i := 0; i < len(attrs); i += 2 {
		list = abi.AppendAttribute(list, attrs[i], attrs[i+1])
	}
	return string(abi.AppendRecord(nil, &abi.Record{Flags: flags, Topic: []byte(topic), Attributes: list, Payload: []byte(payload)}))
}

// rawAnswer is the payload that makes the puppet answer v.
func rawAnswer(v uint64) string { return "a" + string(binary.LittleEndian.AppendUint64(nil, v)) }

func contextAfter(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

const (
	eventually = 10 * time.Second
	tick       = time.Millisecond
	hourLong   = time.Hour
)
