package bench

import (
	"fmt"
	"math"
	"time"
)

// prime publishes to every topic until each subscriber that counts has had an event: only then are all subscribed for
// certain, and the measured events may be expected to come to everybody.
func (r *runner) prime() error {
	if r.o.Ingest {
		r.primed = true
		r.start()
		return nil
	}
	r.book.closed = true
	for range 3 {
		for range r.plan.round() {
			r.owe()
		}
		r.heard = r.clock()
		for r.book.inFlight+r.owed > 0 || r.awaits() {
			if err := r.step("prime", r.heard+int64(r.o.quiet)); err != nil {
				return err
			}
			if r.now-r.heard > int64(r.o.quiet) {
				break
			}
		}
		n, _ := r.book.waiting()
		if n == 0 {
			r.primed = true
			r.start()
			return nil
		}
		r.book.giveUp()
	}
	n, example := r.book.waiting()
	return fmt.Errorf("%d of %d subscribers, such as the one of topic %s, got none of the %d events that were published; is it the topic that is published to, does --hello subscribe, does a filter drop them?",
		n, r.readers, r.plan.topics[r.plan.topicOf[example]], r.book.count.Events)
}

// awaits reports whether a request is not answered yet.
func (r *runner) awaits() bool {
	for _, p := range r.publishers {
		if p.waiting {
			return true
		}
	}
	return false
}

// start opens the books for what counts.
func (r *runner) start() {
	r.book.begin()
	r.book.closed = r.o.mode() == "in_flight"
	r.now = r.clock()
	r.began, r.firstUnit, r.heard, r.publishing = r.now, r.unit, r.now, true
}

// measure publishes for the warm-up and the measured time, waits for what is on its way, and fills in res.
func (r *runner) measure(res *Result) error {
	from := r.began + int64(r.o.Warmup)
	r.book.from = from
	if err := r.keepUp("warm up", from); err != nil {
		return err
	}
	a := r.snapshot()
	if err := r.keepUp("measure", from+int64(r.o.Duration)); err != nil {
		return err
	}
	b := r.snapshot()
	r.publishing = false
	if r.o.Rate > 0 {
		res.Unsent = int64(r.owed * r.o.Batch)
	}
	if err := r.drain(); err != nil {
		return err
	}
	r.book.settle()
	r.book.from = math.MaxInt64 // what comes while saying goodbye is not measured
	r.fill(res, a, b)
	return nil
}

// stallTime is how long events may be in flight without any delivery.
const stallTime = 5 * time.Second

func (r *runner) keepUp(phase string, until int64) error {
	for r.now < until {
		if err := r.step(phase, until); err != nil {
			return err
		}
		if r.book.inFlight > 0 && r.now-r.heard > int64(stallTime) {
			r.book.giveUp()
			r.stalls++
			r.heard = r.now
		}
	}
	return nil
}

// drain waits for what is on its way: what does not come then is lost.
func (r *runner) drain() error {
	for _, p := range r.publishers { // what is not sent yet will not be
		r.owed -= p.owed
		p.owed = 0
	}
	r.heard = r.clock()
	end := r.heard + int64(30*time.Second)
	for (r.book.due > 0 || r.awaits()) && r.now < end && r.now-r.heard < int64(r.o.quiet) {
		if err := r.step("drain", r.heard+int64(r.o.quiet)); err != nil {
			return err
		}
	}
	return nil
}

// hold keeps idle connections for the duration.
func (r *runner) hold(res *Result) (*Result, error) {
	r.primed, r.now = true, r.clock()
	a, until := r.snapshot(), r.now+int64(r.o.Duration)
	if err := r.keepUp("hold", until); err != nil {
		return nil, err
	}
	if res.Server != nil {
		res.Server.RSSConnected = r.server.rss()
	}
	r.fill(res, a, r.snapshot())
	return res, nil
}
