package ingest

import (
	"strconv"
	"sync/atomic"
	"time"

	"eventrelay/relay"
)

// stats counts what the publish API did.
type stats struct {
	inflight  atomic.Int64
	byStatus  [600]atomic.Uint64
	bodyBytes atomic.Uint64
	duration  relay.Histogram
	verdicts  [5]atomic.Uint64
	invalid   atomic.Uint64 // items of batches
	refused   [600]atomic.Uint64
	repeats   [4]atomic.Uint64
	logged    atomic.Int64 // Unix second of the last log line
}

func (s *stats) count(status int, d time.Duration) {
	s.byStatus[status].Add(1)
	s.duration.Observe(d)
}

// result counts what became of one event.
func (s *stats) result(r *relay.Result) {
	if r.Err == nil {
		s.verdicts[r.Verdict].Add(1)
		return
	}
	s.refused[status(r)].Add(1)
}

// mayLog reports whether a second has passed since it last reported true.
func (s *stats) mayLog(now time.Time) bool {
	last := s.logged.Load()
	return now.Unix() != last && s.logged.CompareAndSwap(last, now.Unix())
}

// refusals are the statuses of events that were not decided, and their words.
var refusals = [...]struct {
	status int
	word   string
}{{413, "too_large"}, {429, "busy"}, {500, "error"}, {503, "unavailable"}}

// Metrics reports what the publish API did. It implements relay.Meter.
func (h *Handler) Metrics(yield func(relay.Metric)) {
	s := &h.stats
	for status := range s.byStatus {
		if n := s.byStatus[status].Load(); n > 0 {
			yield(counter("relay_publish_requests_total", "Publish requests by HTTP status.", n, "status", strconv.Itoa(status)))
		}
	}
	s.events(func(word string, n uint64) {
		yield(counter("relay_publish_events_total", "Events of publish requests by what became of them.", n, "result", word))
	})
	for i, word := range repeatWords {
		yield(counter("relay_publish_idempotent_total", "Requests with an Idempotency-Key by what it meant.", s.repeats[i].Load(), "result", word))
	}
	yield(counter("relay_publish_body_bytes_total", "Bytes of publish request bodies that were read.", s.bodyBytes.Load()))
	yield(gauge("relay_publish_inflight", "Publish requests being served.", float64(s.inflight.Load())))
	yield(gauge("relay_publish_idempotency_keys", "Idempotency keys remembered.", float64(h.repeats.len())))
	yield(relay.Metric{
		Name: "relay_publish_duration_seconds", Help: "Time from the headers of a publish request to its answer.",
		Kind: relay.HistogramKind, Histogram: &s.duration,
	})
}

func (s *stats) events(yield func(word string, n uint64)) {
	for v := range s.verdicts {
		yield(relay.Verdict(v).String(), s.verdicts[v].Load())
	}
	for _, r := range refusals {
		yield(r.word, s.refused[r.status].Load())
	}
	yield("invalid", s.invalid.Load())
}

func counter(name, help string, n uint64, labels ...string) relay.Metric {
	return relay.Metric{Name: name, Help: help, Kind: relay.Counter, Labels: labels, Value: float64(n)}
}

func gauge(name, help string, v float64) relay.Metric {
	return relay.Metric{Name: name, Help: help, Kind: relay.Gauge, Value: v}
}
