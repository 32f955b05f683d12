package bench

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// publisher sends units over its connection: frames as the socket takes them, or requests, one at a time.
type publisher struct {
	c     *conn
	posts bool
	owed  int    // units whose turn has come
	unit  uint64 // the next of them
	asked bool   // it is in runner.hungry

	// Of the request that is not answered yet.
	waiting bool
	topic   int
	events  int
	body    []byte
	lines   []int // where its events begin in body
	posted  int64
	retryAt int64 // 0: not to be sent again
}

// maxQueued is how much a publisher queues before the socket takes it.
const maxQueued = 64 << 10

// free reports whether the next unit can be sent.
func (p *publisher) free() bool {
	switch {
	case p.c.state != open:
		return false
	case p.posts:
		return !p.waiting && len(p.c.out) == 0
	}
	return len(p.c.out)-p.c.outAt < maxQueued
}

// owe gives the next unit its turn.
func (r *runner) owe() {
	p := r.publishers[r.plan.publisher(r.unit)]
	r.unit++
	p.owed++
	r.owed++
	if !p.asked {
		p.asked = true
		r.hungry = append(r.hungry, p)
	}
}

// pump lets publishers send what is due.
func (r *runner) pump() {
	if r.publishing {
		r.schedule()
	}
	for _, p := range r.hungry {
		p.asked = false
		r.feed(p)
	}
	r.hungry = r.hungry[:0]
}

// schedule owes what is due: by the clock, by what is in flight, or, with ingest, as much as is taken.
func (r *runner) schedule() {
	switch {
	case r.o.Rate > 0:
		for r.dueAt(r.unit) <= r.now {
			r.owe()
		}
	case r.o.Ingest:
		for _, p := range r.publishers { // turns are kept: whoever is behind holds up the others by a queue's length
			if p.owed == 0 && p.free() {
				r.oweFor(p)
			}
		}
	default:
		for range r.o.InFlight { // bounded, as events without subscribers never fly
			flying := r.book.inFlight + r.owed*r.o.Batch
			if flying > 0 && flying+r.o.Batch > r.o.InFlight {
				break
			}
			r.owe()
		}
	}
}

// oweFor gives one publisher its next unit, whoever's turn it is: with ingest nobody waits for another.
func (r *runner) oweFor(p *publisher) {
	n := 1
	if !p.posts {
		n = max(1, maxQueued/(r.o.Size+64))
	}
	p.owed += n
	r.owed += n
	r.unit += uint64(n)
	if !p.asked {
		p.asked = true
		r.hungry = append(r.hungry, p)
	}
}

// dueAt is when a unit is due, by the rate.
func (r *runner) dueAt(unit uint64) int64 {
	return r.began + int64(float64(unit-r.firstUnit)*float64(r.o.Batch)/r.o.Rate*1e9)
}

// feed sends what a publisher owes, as far as it is free to.
func (r *runner) feed(p *publisher) {
	for p.c.state == open {
		for p.owed > 0 && p.free() {
			r.queue(p)
		}
		if len(p.c.out) == 0 || !r.flush(p.c) || p.owed == 0 || !p.free() {
			return // flushed or answered, it will be fed again
		}
	}
}

// queue makes a publisher's next unit ready to be sent.
func (r *runner) queue(p *publisher) {
	p.owed--
	r.owed--
	unit := p.unit
	p.unit += uint64(r.o.Publishers)
	due := r.clock()
	if r.publishing && r.o.Rate > 0 {
		due = r.dueAt(unit)
	}
	if p.posts {
		r.compose(p, unit, due)
		return
	}
	topic := r.plan.topic(unit, 0)
	p.c.out = r.appendEvent(p.c.out, r.book.launch(p.c.id-len(r.plan.roles), topic, due), topic)
}

// appendEvent appends the frame of an event.
func (r *runner) appendEvent(dst []byte, m mark, topic int) []byte {
	op := byte(opText)
	if r.o.Binary {
		op = opBinary
	}
	name := r.plan.topics[topic]
	dst, at := beginFrame(dst, op, r.events.size(name))
	return endFrame(r.events.append(dst, m, name), at, r.scan.mask)
}

// compose makes the request of a unit.
func (r *runner) compose(p *publisher, unit uint64, due int64) {
	p.body, p.lines, p.events = p.body[:0], p.lines[:0], r.o.Batch
	for i := range r.o.Batch {
		topic := r.plan.topic(unit, i)
		p.topic = topic
		p.lines = append(p.lines, len(p.body))
		p.body = r.events.append(p.body, r.book.launch(p.c.id-len(r.plan.roles), topic, due), r.plan.topics[topic])
		if r.o.Batch > 1 {
			p.body = append(p.body, '\n')
		}
	}
	p.waiting, p.posted = true, r.clock()
	r.request(p, p.body)
}

// request queues a POST of body.
func (r *runner) request(p *publisher, body []byte) {
	head := r.heads[0]
	if len(r.heads) > 1 {
		head = r.heads[p.topic]
	}
	out := append(p.c.out, head...)
	out = strconv.AppendInt(out, int64(len(body)), 10)
	out = append(out, "\r\n\r\n"...)
	p.c.out = append(out, body...)
}

// makeHeads prepares what comes before the length in requests: one for all topics, or one for each.
func (r *runner) makeHeads() {
	topics := r.plan.topics
	if r.plan.route != routeUnit {
		topics = topics[:1]
	}
	h := r.o.PublishHeader.Clone()
	if h == nil {
		h = http.Header{}
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
		if r.o.Batch > 1 {
			h.Set("Content-Type", "application/x-ndjson")
		}
	}
	for _, topic := range topics {
		var b bytes.Buffer
		fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\n", r.publishDoor.uri(topic, len(r.plan.topics) > 1), r.publishDoor.host)
		_ = h.Write(&b) // a buffer takes all
		b.WriteString("Content-Length: ")
		r.heads = append(r.heads, b.Bytes())
	}
}

// answers takes the answers in what a poster received.
func (r *runner) answers(c *conn, got []byte) {
	for len(got) > 0 {
		a, err := parseAnswer(got)
		if err != nil {
			r.lost(c, fmt.Errorf("POST: %w", err))
			return
		}
		if a.length == 0 {
			break
		}
		if a.status >= 200 {
			r.answered(c.pub, &a)
		}
		if got = got[a.length:]; c.state != open {
			return
		}
	}
	c.in = append(c.in[:0], got...)
}

// retryTime is how long a busy server is left alone. Retry-After counts in seconds, in which a bench would measure nothing.
const retryTime = 10 * time.Millisecond

// answered judges an answer.
func (r *runner) answered(p *publisher, a *httpAnswer) {
	busy := (a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable) && !bytes.Contains(a.body, []byte(`"verdict"`))
	left := 0
	if a.status < 300 && r.o.Batch > 1 {
		left = min(failedItems(a.body), p.events)
	}
	switch {
	case !p.waiting:
		r.lost(p.c, fmt.Errorf("POST: an answer to no request: %d", a.status))
	case a.status < 300 && left > 0 && !bytes.Contains(a.body, []byte(`"status":429`)):
		r.lost(p.c, fmt.Errorf("POST: the server did not take %d events of a batch of %d: %s", left, p.events, explain(a.body)))
	case busy || left > 0:
		r.retry(p, left)
	case a.status >= 300:
		r.lost(p.c, fmt.Errorf("POST: %d %s: %s", a.status, http.StatusText(a.status), explain(a.body)))
	default:
		r.accepted(p, a.closes)
	}
}

func (r *runner) accepted(p *publisher, closes bool) {
	p.waiting = false
	r.seen.answered += int64(r.o.Batch)
	if p.posted >= r.book.from {
		r.posts.record(r.clock() - p.posted)
	}
	if closes {
		r.lost(p.c, fmt.Errorf("POST: the server closes connections after an answer, so keep-alive can't be measured"))
		return
	}
	r.feed(p)
}

// retry sends the last events of a request again, or all, a moment later.
func (r *runner) retry(p *publisher, left int) {
	r.seen.retries++
	if left > 0 {
		first := p.lines[p.events-left]
		p.body = p.body[:copy(p.body, p.body[first:])]
		p.lines = slices.Delete(p.lines, 0, p.events-left)
		for i := range p.lines {
			p.lines[i] -= first
		}
		p.events = left
	}
	p.retryAt = r.now + int64(retryTime)
	r.busy = append(r.busy, p)
}

// retryBusy sends again what is due.
func (r *runner) retryBusy() {
	if len(r.busy) == 0 {
		return
	}
	r.busy = slices.DeleteFunc(r.busy, func(p *publisher) bool {
		if r.now < p.retryAt || p.c.state != open {
			return p.c.state != open
		}
		p.retryAt = 0
		r.request(p, p.body)
		r.flush(p.c)
		return true
	})
}
