package bench

import "time"

// told is what Progress was last told.
type told struct {
	at                 int64
	events, deliveries int64
}

// tellTime is how often Progress is called.
const tellTime = 500 * time.Millisecond

func (r *runner) tell(phase string, until int64) {
	if r.o.Progress == nil || r.now-r.told.at < int64(tellTime) {
		return
	}
	took := float64(r.now-r.told.at) / 1e9
	events, deliveries := r.book.count.Events, r.book.count.Deliveries
	r.o.Progress(Progress{
		Phase: phase, Done: r.opened, Of: r.o.Connections, Left: max(time.Duration(until-r.now), 0),
		Events:     max(float64(events-r.told.events)/took, 0),
		Deliveries: max(float64(deliveries-r.told.deliveries)/took, 0),
	})
	r.told = told{r.now, events, deliveries}
}

// snapshot is where all counters stand at one moment.
type snapshot struct {
	at     int64
	counts counts
	seen   sightings
	cpu    time.Duration
}

func (r *runner) snapshot() snapshot {
	cpu, _ := r.server.cpu() // a server that is gone is noticed by its connections
	return snapshot{r.clock(), r.book.count, r.seen, cpu}
}

func (r *runner) newResult() *Result {
	o := &r.o
	res := &Result{
		URL: o.URL, PublishURL: o.PublishURL, Mode: o.mode(),
		Connections: o.Connections, Publishers: o.Publishers, Topics: len(r.plan.topics), Size: o.Size, Batch: o.Batch,
		Rate: o.Rate, Warmup: o.Warmup.Seconds(),
	}
	if res.Mode == "in_flight" {
		res.InFlight = o.InFlight
	}
	if len(o.PIDs) > 0 {
		res.Server = &Server{PIDs: o.PIDs}
	}
	return res
}

// connectAll connects the subscribers and notes what that cost.
func (r *runner) connectAll(res *Result, subscribers []conn) error {
	slabBefore, readable := slab()
	cpuBefore, _ := r.server.cpu()
	if res.Server != nil {
		res.Server.RSSBefore = r.server.rss()
	}
	begun := r.clock()
	if err := r.connect(subscribers); err != nil {
		return err
	}
	n, took := float64(len(subscribers)), float64(r.clock()-begun)/1e9
	if n == 0 {
		return nil
	}
	res.Connect = Connect{Seconds: took, PerS: n / took, Handshake: &r.handshakes}
	if res.Server != nil {
		cpu, _ := r.server.cpu()
		res.Server.CPUPerHandshake = float64((cpu - cpuBefore).Microseconds()) / n
		res.Server.RSSConnected = r.server.rss()
	}
	slabAfter, _ := slab()
	res.Kernel = &Kernel{Unreadable: !readable, SlabPerConnection: float64(slabAfter-slabBefore) / n}
	return nil
}

// fill computes the result from the two ends of the measured time.
func (r *runner) fill(res *Result, a, b snapshot) {
	took := float64(b.at-a.at) / 1e9
	res.Duration = took
	res.Events = b.counts.Events - a.counts.Events
	if r.o.Ingest && r.publishDoor.scheme == "http" {
		res.Events = b.seen.answered - a.seen.answered
	}
	res.Deliveries = b.counts.Deliveries - a.counts.Deliveries
	res.EventsPerS, res.DeliveriesPerS = float64(res.Events)/took, float64(res.Deliveries)/took
	res.Echoes, res.Other = b.counts.Echoes-a.counts.Echoes, b.counts.Other-a.counts.Other
	res.BytesIn, res.BytesOut = b.seen.bytesIn-a.seen.bytesIn, b.seen.bytesOut-a.seen.bytesOut
	res.Reads = b.seen.reads - a.seen.reads
	res.ClientBusy = 100 * (1 - float64(b.seen.idle-a.seen.idle)/float64(b.at-a.at))
	res.ClientBacklog = float64(b.seen.ready-a.seen.ready) / float64(max(b.seen.waits-a.seen.waits, 1))
	c := &r.book.count
	res.Lost, res.Duplicated, res.Reordered, res.Corrupted = c.Lost, c.Duplicated, c.Reordered, c.Alien
	res.Stalls, res.Retries, res.Deflated = r.stalls, r.seen.retries, r.deflated
	res.Disconnected = r.cut[reader]
	res.Stuck, res.Slow = r.laggards(stuck, 0), r.laggards(slow, r.o.SlowRate)
	if r.book.latency.Count() > 0 {
		res.Latency = &r.book.latency
	}
	if r.posts.Count() > 0 {
		res.Publish = &r.posts
	}
	r.fillServer(res, b.cpu-a.cpu, took)
}

func (r *runner) fillServer(res *Result, cpu time.Duration, took float64) {
	s := res.Server
	if s == nil {
		return
	}
	us := float64(cpu.Microseconds())
	s.CPUPercent = us / took / 1e4
	if n := res.Deliveries + res.Echoes; n > 0 {
		s.CPUPerDelivery = us / float64(n)
	}
	if res.Events > 0 {
		s.CPUPerEvent = us / float64(res.Events)
	}
	s.RSSAfter = r.server.rss()
	if n := res.Connections; n > 0 {
		s.RSSPerConnection = float64(s.RSSConnected-s.RSSBefore) / float64(n)
	}
}

func (r *runner) laggards(role role, rate int) *Laggards {
	n := 0
	for _, has := range r.plan.roles {
		if has == role {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return &Laggards{Connections: n, BytesPerS: rate, Disconnected: r.cut[role]}
}
