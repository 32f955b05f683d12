package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// runner is one run. All of it belongs to the goroutine that called Run.
type runner struct {
	// Set by prepare.
	ctx                        context.Context
	o                          Options
	plan                       *plan
	subscribeDoor, publishDoor door
	hands                      *handshake
	events                     template
	heads                      [][]byte // of requests
	server                     processes
	start0                     time.Time

	poller     poller
	ready      []unix.EpollEvent
	conns      []conn // subscribers, then publishers
	publishers []*publisher
	buf        []byte
	scan       scanner
	book       *ledger

	// Of the loop.
	now     int64 // ns since the run began
	rested  int64 // when there was nothing left to do, or nothing came
	looked  int64 // when ctx was looked at
	told    told
	heard   int64 // when the last delivery came
	failure error
	leaving bool

	// Of connections.
	opened, held, deflated int
	readers                int // subscribers that count and are connected
	primed                 bool
	slow                   []*conn
	slowAt                 int64
	cut                    [3]map[string]int // by role

	// Of publishing.
	publishing bool
	began      int64  // when publishing did
	unit       uint64 // whose turn is next
	firstUnit  uint64
	owed       int
	hungry     []*publisher
	busy       []*publisher // whose request is to be sent again

	seen              sightings
	stalls            int64
	handshakes, posts Histogram
}

// sightings are counters beside the ledger's.
type sightings struct {
	bytesIn, bytesOut, reads, answered, retries int64
	idle                                        int64 // ns in which nothing was to be done
	waits, ready                                int64 // how often something was, and on how many sockets
}

// Run runs a bench and returns what it found. When ctx ends, so does the run, with ctx's cause. An *OptionsError is found
// before anything is opened; a server that refuses, or goes away, is an error that says so. One process can run several.
func Run(ctx context.Context, o Options) (*Result, error) {
	r, err := prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	defer r.goodbye()
	return r.run()
}

func (r *runner) run() (*Result, error) {
	res := r.newResult()
	subscribers, publishers := r.conns[:r.o.Connections], r.conns[r.o.Connections:]
	if err := r.connectAll(res, subscribers); err != nil {
		return nil, err
	}
	if err := r.connect(publishers); err != nil {
		return nil, err
	}
	if r.o.Idle {
		return r.hold(res)
	}
	if err := r.prime(); err != nil {
		return nil, err
	}
	if err := r.measure(res); err != nil {
		return nil, err
	}
	return res, nil
}

// prepare checks the options and makes all that needs no server.
func prepare(ctx context.Context, o Options) (*runner, error) {
	o = o.withDefaults()
	faults := o.check()
	subscribe, err := parseTarget(o.URL, "ws")
	if err != nil && !o.Ingest {
		faults = append(faults, "URL: "+err.Error())
	}
	publish, err := parseTarget(o.PublishURL, "ws", "http")
	if err != nil && !o.Idle && o.PublishURL != o.URL {
		faults = append(faults, "--publish: "+err.Error())
	} else if err != nil && o.Ingest {
		faults = append(faults, "URL: "+err.Error())
	}
	if len(faults) > 0 {
		return nil, &OptionsError{faults}
	}
	r := &runner{ctx: ctx, o: o, hands: newHandshake(o.Subprotocol), server: o.PIDs, start0: time.Now()}
	m := newMarker()
	if r.events, err = newTemplate(orPayload(o.PublishFrame), newPayload(o.Size, m)); err != nil {
		faults = append(faults, "--publish-frame: "+err.Error())
	}
	way, fault := r.chooseRoute(subscribe, publish)
	if faults = append(faults, fault...); len(faults) > 0 {
		return nil, &OptionsError{faults}
	}
	topic := subscribe.topic()
	if !subscribe.named {
		topic = publish.topic()
	}
	r.plan = newPlan(&o, topic, way)
	if err := r.openDoors(subscribe, publish); err != nil {
		return nil, err
	}
	return r, r.allocate(m)
}

func orPayload(frame string) string {
	if frame == "" {
		return wordPayload
	}
	return frame
}

// chooseRoute finds out what decides an event's topic, and whether the options make sense together.
func (r *runner) chooseRoute(subscribe, publish target) (way route, faults []string) {
	o := &r.o
	posts := publish.scheme == "http"
	if o.Batch > 1 && !posts && !o.Idle {
		faults = append(faults, "--batch is for --publish http://…")
	}
	if o.Topics == 1 || o.Idle {
		return routeEvent, faults
	}
	hello := false
	for _, h := range o.Hello {
		hello = hello || replaceTopic(h, "") != h
	}
	if !o.Ingest && !subscribe.named && !hello {
		faults = append(faults, "--topics: put topic=… or {topic} into the URL, or {topic} into --hello, or all subscribers get the same")
	}
	switch {
	case r.events.topics:
		return routeEvent, faults
	case posts && publish.named:
		return routeUnit, faults
	case posts:
		faults = append(faults, "--topics: put {topic} into --publish or --publish-frame, or all events go to the same")
	case !publish.named:
		faults = append(faults, "--topics: put {topic} into --publish-frame, or all events go to the same")
	case o.Publishers%o.Topics != 0:
		faults = append(faults, fmt.Sprintf("--topics: publishers are bound to a topic by their URL, so --publishers must be a multiple of %d; or put {topic} into --publish-frame", o.Topics))
	}
	return routePublisher, faults
}

func (r *runner) openDoors(subscribe, publish target) (err error) {
	if !r.o.Ingest {
		if r.subscribeDoor, err = openDoor(r.ctx, subscribe); err != nil {
			return err
		}
	}
	if !r.o.Idle {
		if r.publishDoor, err = openDoor(r.ctx, publish); err != nil {
			return err
		}
		if publish.scheme == "http" {
			r.makeHeads()
		}
	}
	if _, err := r.server.cpu(); err != nil {
		return &OptionsError{[]string{err.Error()}}
	}
	return nil
}

// spareFiles is how many descriptors a run needs beside its connections.
const spareFiles = 32

// allocate makes the books and opens the poller: nothing later allocates per delivery.
func (r *runner) allocate(m marker) (err error) {
	o := &r.o
	all := o.Connections + o.Publishers
	if soft, hard := fileLimits(); uint64(all+spareFiles) > soft {
		return fmt.Errorf("%d connections need %d file descriptors, and this process may open %d; run `ulimit -n %d` first (as root if it is over the hard limit of %d), or several benches beside each other",
			all, all+spareFiles, soft, all+spareFiles, hard)
	}
	slots := max(min(o.InFlight, maxSlot)+o.Batch, len(r.plan.topics)+o.Batch)
	slots = min(slots, maxSlot+1)
	r.book = newLedger(append([]int32(nil), r.plan.topicOf...), r.plan.counted(), o.Publishers, len(r.plan.topics), slots)
	r.scan = scanner{marker: m, word: m.word(), at: len(payloadHead), book: r.book, mask: rand.Uint32() | 1}
	for _, a := range o.Answers {
		message, reply, _ := strings.Cut(a, "=")
		r.scan.answers = append(r.scan.answers, answer{message, reply})
	}
	r.buf = make([]byte, 2*readRoom)
	r.ready = make([]unix.EpollEvent, 512)
	r.conns = make([]conn, all)
	for i := range r.conns {
		c := &r.conns[i]
		c.id, c.subscriber = i, -1
		if i < o.Connections {
			c.topic, c.role = int(r.plan.topicOf[i]), r.plan.roles[i]
			if c.role == reader {
				c.subscriber = i
				r.readers++
			}
			continue
		}
		n := i - o.Connections
		c.topic = n % len(r.plan.topics)
		c.pub = &publisher{c: c, posts: r.publishDoor.scheme == "http", unit: uint64(n)}
		r.publishers = append(r.publishers, c.pub)
	}
	if r.readers == 0 && o.mode() != "idle" && o.mode() != "ingest" {
		return &OptionsError{[]string{"--stuck and --slow: nobody is left to be measured"}}
	}
	r.poller, err = openPoller()
	return err
}

func (r *runner) clock() int64 { return int64(time.Since(r.start0)) }

// fail ends the run with err, unless something else did before.
func (r *runner) fail(err error) {
	if r.failure == nil {
		r.failure = err
	}
}

// step waits for what comes, at most until the given time, and does what it calls for.
func (r *runner) step(phase string, until int64) error {
	timeout := time.Duration(0)
	if r.o.Sleep {
		timeout = r.patience(until)
	}
	n := r.poller.wait(r.ready, timeout)
	now := r.clock()
	if n == 0 {
		r.seen.idle += now - r.rested
	} else {
		r.seen.waits++
		r.seen.ready += int64(n)
	}
	r.now, r.rested = now, now
	before := r.book.count.Deliveries
	for i := range r.ready[:n] {
		ev := &r.ready[i]
		r.handle(&r.conns[ev.Fd], ev.Events)
	}
	if r.book.count.Deliveries != before {
		r.heard = r.now
	}
	r.readSlow()
	r.retryBusy()
	r.pump()
	if n > 0 {
		r.rested = r.clock()
	}
	return r.look(phase, until)
}

// patience is how long the loop may sleep.
func (r *runner) patience(until int64) time.Duration {
	next := min(until, r.looked+int64(lookTime))
	if r.publishing && r.o.Rate > 0 {
		next = min(next, r.dueAt(r.unit))
	}
	if len(r.busy) > 0 {
		next = min(next, r.now+int64(retryTime/2))
	}
	return max(time.Duration(next-r.clock()), 0)
}

// lookTime is how often the loop looks up from its work.
const lookTime = 2 * time.Millisecond

// look sees whether the run is to end, and lets others use the processor.
func (r *runner) look(phase string, until int64) error {
	if r.now-r.looked >= int64(lookTime) {
		r.looked = r.now
		runtime.Gosched() // with one P, signals and timers would wait for sysmon otherwise
		if r.ctx.Err() != nil {
			r.fail(context.Cause(r.ctx))
		}
		r.overdue()
		r.tell(phase, until)
	}
	return r.failure
}

// overdue ends a run whose server does not answer a request.
func (r *runner) overdue() {
	for _, p := range r.publishers {
		if p.waiting && p.retryAt == 0 && r.now-p.posted > int64(answerTime) && r.now-r.heard > int64(answerTime) {
			r.fail(fmt.Errorf("POST: the server has not answered for %s", answerTime))
		}
	}
}

// slowTick is how often slow subscribers read.
const slowTick = 100 * time.Millisecond

// readSlow lets those who read slowly have a little.
func (r *runner) readSlow() {
	if len(r.slow) == 0 || r.now-r.slowAt < int64(slowTick) {
		return
	}
	r.slowAt = r.now
	for _, c := range r.slow {
		if c.state == open {
			r.read(c, max(r.o.SlowRate/int(time.Second/slowTick), 1))
		}
	}
}
