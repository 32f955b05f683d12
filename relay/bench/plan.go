package bench

import (
	"fmt"
	"math/rand/v2"
)

// plan says who publishes what to whom. Events are sent in units: one, or a batch. Units go round the publishers, events
// round the topics.
type plan struct {
	publishers, batch int
	topics            []string
	route             route
	topicOf           []int32 // by subscriber
	roles             []role  // by subscriber
	deflate           []bool  // by subscriber
}

// route is what decides an event's topic.
type route int

const (
	routeEvent     route = iota // each event says its topic
	routeUnit                   // the request's URL says it
	routePublisher              // the publisher's connection says it
)

// role is how a subscriber reads.
type role uint8

const (
	reader role = iota
	stuck       // never
	slow        // a little at a time
)

func newPlan(o *Options, topic string, r route) *plan {
	p := &plan{publishers: o.Publishers, batch: o.Batch, route: r, topics: []string{topic}}
	if o.Topics > 1 {
		p.topics = p.topics[:0]
		for i := range o.Topics {
			p.topics = append(p.topics, fmt.Sprintf("%s.%d", defaultTopic, i))
		}
	}
	n := o.Connections
	p.topicOf, p.roles, p.deflate = make([]int32, n), make([]role, n), make([]bool, n)
	for i := range n {
		p.topicOf[i] = int32(i % o.Topics)
	}
	// Who is odd is drawn, the same in every run: shares taken in turn would fall together with topics.
	odd := rand.New(rand.NewPCG(1, 1)).Perm(n)
	stuckN, slowN := share(o.Stuck, n), share(o.Slow, n)
	for i, c := range odd[:min(stuckN+slowN, n)] {
		p.roles[c] = slow
		if i < stuckN {
			p.roles[c] = stuck
		}
	}
	for _, c := range rand.New(rand.NewPCG(2, 2)).Perm(n)[:share(o.Deflate, n)] {
		p.deflate[c] = true
	}
	return p
}

// share returns that share of n, at least 1 if it is more than nothing.
func share(s float64, n int) int {
	if s == 0 || n == 0 {
		return 0
	}
	return max(int(s*float64(n)+.5), 1)
}

// publisher returns whose turn a unit is.
func (p *plan) publisher(unit uint64) int { return int(unit % uint64(p.publishers)) }

// topic returns where event i of a unit goes.
func (p *plan) topic(unit uint64, i int) int {
	topics := uint64(len(p.topics))
	switch p.route {
	case routePublisher:
		return int(unit % uint64(p.publishers) % topics)
	case routeUnit:
		return int(unit % topics)
	}
	return int((unit*uint64(p.batch) + uint64(i)) % topics)
}

// round returns how many units bring at least one event to every topic.
func (p *plan) round() int {
	switch p.route {
	case routePublisher, routeUnit:
		return len(p.topics)
	}
	return (len(p.topics) + p.batch - 1) / p.batch
}

// counted reports, by subscriber, who counts.
func (p *plan) counted() []bool {
	c := make([]bool, len(p.roles))
	for i, r := range p.roles {
		c[i] = r == reader
	}
	return c
}
