package transport

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"eventrelay/relay"
)

// arrival is an admitted handshake that waits for the filters' hooks. It shares nothing with the handshakes after it.
type arrival struct {
	relay.Arrival
	upgrade upgrade
	rest    []byte // what followed the head
}

// Why filters don't get to decide.
var (
	errHooksBusy = &relay.Refusal{Status: http.StatusServiceUnavailable, Reason: "too many clients wait for the filters"}
	errUndecided = &relay.Refusal{Status: http.StatusServiceUnavailable, Reason: "the filters did not decide in time"}
	errUnjudged  = &relay.Refusal{Status: http.StatusServiceUnavailable, Reason: "no filter decides who may come in, though auth.by_filter leaves it to them"}
)

// asks reports whether filters are to be asked about u. Where the gate leaves it to them and none would decide, it refuses.
func (s *Server) asks(u *upgrade) (bool, *relay.Refusal) {
	hooks := s.hooks()
	switch {
	case u.grant.ByFilter && !hooks.Has(relay.HookConnect):
		return false, errUnjudged
	case hooks == 0:
		return false, nil
	}
	return hooks.Has(relay.HookConnect|relay.HookDisconnect) || len(u.patterns) > 0, nil
}

func (c *core) hookSet() relay.HookSet {
	if c.hooks == nil {
		return 0
	}
	return c.hooks.Hooks()
}

func (s *Server) hooks() relay.HookSet { return s.portable.hookSet() }

// newArrival copies what is kept of u while the filters decide.
func newArrival(u *upgrade, remote netip.AddrPort, rest []byte) *arrival {
	id := ConnID(connIDs.Add(1))
	a := &arrival{
		Arrival: relay.Arrival{
			Visit:   relay.Visit{ID: uint64(id), Attributes: attributesOf(id, remote), ByFilter: u.grant.ByFilter},
			Request: requestAttributes(&u.request, remote),
		},
		upgrade: upgrade{id: id, answer: slices.Clone(u.answer), form: u.form, grant: u.grant, publish: u.publish},
		rest:    slices.Clone(rest),
	}
	for _, p := range u.patterns {
		a.Topics = append(a.Topics, relay.Pattern(strings.Clone(string(p))))
	}
	return a
}

// judge makes the filters' answer the upgrade's, or says why it is refused. Who may not subscribe does not, whatever
// filters would have him subscribe to.
func (a *arrival) judge(adm relay.Admission) *relay.Refusal {
	switch {
	case adm.Refusal != nil:
		return adm.Refusal
	case a.upgrade.grant.ByFilter && !adm.Judged:
		return errUnjudged
	}
	a.upgrade.visit = adm.Visit
	if a.upgrade.grant.NeedSubscribe() == nil {
		a.upgrade.subscriptions = adm.Topics
	}
	return nil
}

// unwanted ends the visit of who was admitted and does not come in after all.
func (c *core) unwanted(adm relay.Admission) {
	if adm.Refusal == nil {
		c.hooks.Leave(adm.Visit)
	}
}

// notAsked says why filters could not be asked.
func notAsked(err error) *relay.Refusal {
	if errors.Is(err, relay.ErrBusy) {
		return errHooksBusy
	}
	return errStopping
}

// requestAttributes returns what a client sent, for filters (sdk/abi). Headers are what strangers make them: their names
// are tokens, but for their values nothing is certain, so what is no UTF-8 is replaced.
func requestAttributes(r *request, remote netip.AddrPort) relay.Attributes {
	_, query, _ := strings.Cut(r.target, "?")
	all := make(relay.Attributes, 0, len(r.header)+4)
	all = append(all, relay.Attribute{Key: "header.host", Value: text(r.host)})
	for name, values := range r.header {
		all = append(all, relay.Attribute{Key: "header." + strings.ToLower(name), Value: text(strings.Join(values, ", "))})
	}
	all = append(all, relay.Attribute{Key: "path", Value: text(r.path)}, relay.Attribute{Key: "query", Value: text(query)})
	if remote.IsValid() {
		all = append(all, relay.Attribute{Key: "remote", Value: remote.String()})
	}
	slices.SortFunc(all, func(a, b relay.Attribute) int { return strings.Compare(a.Key, b.Key) })
	return all
}

// text returns a string of its own with s as UTF-8.
func text(s string) string { return strings.ToValidUTF8(strings.Clone(s), "\uFFFD") }

// attributesOf tell filters who sent an event. They are sorted by key.
func attributesOf(id ConnID, remote netip.AddrPort) relay.Attributes {
	a := relay.Attributes{{Key: "connection", Value: id.String()}}
	if remote.IsValid() {
		a = append(a, relay.Attribute{Key: "remote_address", Value: remote.String()})
	}
	return a
}

// depart tells the filters that accepted the connection of its end, once.
func (s *session) depart() {
	if s.rare != nil && s.rare.visit != nil {
		s.hooks.Leave(s.rare.visit)
		s.rare.visit = nil
	}
}

// hookTimeout is how long filters may take to decide.
func (o *Options) hookTimeout() time.Duration { return o.HandshakeTimeout }
