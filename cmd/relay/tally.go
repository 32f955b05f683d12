package main

import (
	"fmt"
	"strings"
	"time"

	"eventrelay/relay"
)

const wordRefused = "refused"

// words are what can become of an event, in the order of the summary.
var words = []string{
	relay.Accepted.String(), relay.Transformed.String(), relay.Dropped.String(), relay.Rejected.String(), relay.Failed.String(), wordRefused,
}

// tally counts what became of the events.
type tally struct {
	began  time.Time
	total  int
	byWord [6]int // as words
}

func (t *tally) add(r *result) {
	t.total++
	for i, w := range words {
		if w == r.word() {
			t.byWord[i]++
		}
	}
}

func (t *tally) notTaken() int { return t.total - t.byWord[0] - t.byWord[1] }

// rate is in events per second.
func (t *tally) rate() float64 { return float64(t.total) / max(time.Since(t.began).Seconds(), 0.001) }

// String is the summary: 10000 events in 1.2s, 8300/s: 9990 accepted, 10 dropped.
func (t *tally) String() string {
	var parts []string
	for i, n := range t.byWord {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, words[i]))
		}
	}
	events := "events"
	if t.total == 1 {
		events = "event"
	}
	s := fmt.Sprintf("%d %s in %s, %.0f/s", t.total, events, time.Since(t.began).Round(time.Millisecond), t.rate())
	if len(parts) > 0 {
		s += ": " + strings.Join(parts, ", ")
	}
	return s
}
