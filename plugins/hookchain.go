package plugins

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"eventrelay/relay"
	"eventrelay/sdk/abi"
)

// connect asks the filters of g about a connection, in the order of the chain, until one refuses. The visit of the
// answer names those that accepted it, also when it was refused.
func (c *chain) connect(g *generation, a *relay.Arrival) relay.Admission {
	c.beginHook(g)
	adm := relay.Admission{Visit: &relay.Visit{ID: a.Visit.ID, ByFilter: a.Visit.ByFilter}}
	ev := &relay.Event{Time: time.Now(), Source: relay.Inbound}
	if len(a.Topics) == 1 {
		ev.Topic = relay.Topic(a.Topics[0])
	}
	asked, got := ev.Topic, relay.Attributes(nil)
	for i := range g.steps {
		s := &g.steps[i]
		if s.filter.has(onConnect) {
			ev.Attributes = connectRecord(a, got)
			ans, failed := c.callHook(s, i, onConnect, ev)
			if adm.Refusal = refusal(s, ans, failed, a.Visit.ByFilter); adm.Refusal != nil {
				return adm
			}
			if ans.said == saidTransform {
				ev.Topic, got = ans.event.Topic, ans.event.Attributes
			}
			if failed != nil {
				continue
			}
			adm.Judged = true
		}
		if s.filter.has(onConnect) || s.filter.has(onDisconnect) {
			adm.Visit.Accepted = append(adm.Visit.Accepted, s.filter.plugin.name)
		}
	}
	adm.Visit.Attributes = visitAttributes(a, got)
	if ev.Topic != asked {
		adm.Topics = []relay.Subscription{{Name: relay.Pattern(cmp.Or(asked, ev.Topic)), Pattern: relay.Pattern(ev.Topic)}}
		return adm
	}
	for _, p := range a.Topics {
		adm.Topics = append(adm.Topics, relay.Subscription{Name: p, Pattern: p})
	}
	return adm
}

// subscribe asks the filters of g about one subscription, and returns what it is made of or why it is refused.
func (c *chain) subscribe(g *generation, v *relay.Visit, p relay.Pattern) (relay.Pattern, *relay.Refusal) {
	c.beginHook(g)
	ev := &relay.Event{Topic: relay.Topic(p), Attributes: v.Attributes, Time: time.Now(), Source: relay.Inbound}
	defer c.settle(0)
	for i := range g.steps {
		s := &g.steps[i]
		if !s.filter.has(onSubscribe) || !s.overlaps(relay.Pattern(ev.Topic)) {
			continue
		}
		ans, failed := c.callHook(s, i, onSubscribe, ev)
		if r := refusal(s, ans, failed, v.ByFilter); r != nil {
			return "", r
		}
		if ans.said == saidTransform {
			ev.Topic = ans.event.Topic
		}
	}
	return relay.Pattern(ev.Topic), nil
}

// disconnect tells the filters of g of the end of a connection that they accepted.
func (c *chain) disconnect(g *generation, v *relay.Visit) {
	c.beginHook(g)
	ev := &relay.Event{Attributes: v.Attributes, Time: time.Now(), Source: relay.Inbound}
	for i := range g.steps {
		s := &g.steps[i]
		if s.filter.has(onDisconnect) && slices.Contains(v.Accepted, s.filter.plugin.name) {
			c.callHook(s, i, onDisconnect, ev)
		}
	}
	c.settle(0)
}

// beginHook begins what is no event: its calls are timed, each.
func (c *chain) beginHook(g *generation) {
	c.gen, c.room, c.now, c.timed = g, eventBudget(c.maxEvent, g.time), nanos(), true
}

func (c *chain) callHook(s *step, i int, h hook, ev *relay.Event) (answer, *failure) {
	c.out.setHook(h, ev)
	return c.call(s, i, ev)
}

// overlaps reports whether s may see an event that a subscription to p gets.
func (s *step) overlaps(p relay.Pattern) bool {
	return len(s.topics) == 0 || slices.ContainsFunc(s.topics, p.Overlaps)
}

// refusal returns what an answer, or a failure, means to a client, or nil. Where filters alone keep watch, a failure
// refuses whatever on_error says. A stranger learns no more of a failure than that there was one: the log has the rest.
func refusal(s *step, a answer, failed *failure, byFilter bool) *relay.Refusal {
	name := s.filter.plugin.name
	switch {
	case failed != nil && (byFilter || s.onError == dropOnError):
		return &relay.Refusal{Status: http.StatusServiceUnavailable, Reason: "the filter " + name + " failed", Filter: name}
	case failed != nil || a.said != saidRefuse:
		return nil
	}
	return &relay.Refusal{Status: int(a.status), Reason: cmp.Or(a.reason, "refused by the filter "+name), Filter: name}
}

// connectRecord returns the attributes of a connect record: the request, the connection's number, and what filters have
// given the connection so far.
func connectRecord(a *relay.Arrival, got relay.Attributes) relay.Attributes {
	return sorted(slices.Concat(a.Request, got, relay.Attributes{{Key: abi.AttributeConnection, Value: strconv.FormatUint(a.Visit.ID, 10)}}))
}

// visitAttributes returns what the connection's events carry: what relay knows, unless a filter gave it another value.
func visitAttributes(a *relay.Arrival, got relay.Attributes) relay.Attributes {
	all := slices.Clone(got)
	for _, x := range a.Visit.Attributes {
		if got.Get(x.Key) == "" {
			all = all.With(x.Key, x.Value)
		}
	}
	return all
}

// judgesAmong returns those of the named filters that decide about connections: the others only learn of what came in.
func (g *generation) judgesAmong(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool {
		return !slices.ContainsFunc(g.steps, func(s step) bool { return s.filter.plugin.name == name && s.filter.has(onConnect) })
	})
}

func sorted(a relay.Attributes) relay.Attributes {
	slices.SortFunc(a, func(x, y relay.Attribute) int { return cmp.Compare(x.Key, y.Key) })
	return a
}
