// Package auth decides who may come in: which hosts and browser origins, and which keys and tokens may publish and
// subscribe. It owns the secrets' digests; it opens no listener, keeps no session and never logs a secret.
//
// The flow of one handshake:
//
//	Origin shown? same origin or listed, else 403
//	  → Authorization, X-API-Key, ?token → digests → Grant, or 401
//	  → nothing shown, and something is open to anyone? Host must be loopback or listed (DNS rebinding), else 403
//	a WebSocket with auth.by_filter: Origin and Host alike, and then the filters decide
package auth

import (
	"errors"

	"eventrelay/relay"
)

// Guard is the static gate: keys and tokens from the configuration. It is safe for concurrent use, never changes after
// New, and holds nothing to close.
type Guard struct {
	keys, tokens digests
	origins      originRule
	hosts        hostRule
	public       bool
	byFilter     bool
	warnings     []string
}

// New reads the key files and returns the gate. The error holds every fault found in o and in the files.
func New(o Options) (*Guard, error) {
	g := &Guard{origins: newOriginRule(o.AllowedOrigins), hosts: newHostRule(o.AllowedHosts), public: o.Public, byFilter: o.ByFilter}
	errs := []error{o.Validate()}
	errs = append(errs, g.loadSecrets(&g.keys, "auth.publish_keys", o.PublishKeys, o.PublishKeysFile))
	errs = append(errs, g.loadSecrets(&g.tokens, "auth.subscribe_tokens", o.SubscribeTokens, o.SubscribeTokensFile))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	g.warnings = append(g.warnings, o.warnings()...)
	return g, nil
}

// Warnings says what is allowed but unwise in the options and the files, one sentence each, without secrets.
func (g *Guard) Warnings() []string { return g.warnings }

// Admit implements relay.Gate.
func (g *Guard) Admit(h *relay.Handshake) (relay.Grant, error) {
	origin, shown, err := originOf(h)
	if err != nil {
		return relay.Grant{}, err
	}
	if shown && !g.origins.allows(origin, h.Host) {
		return relay.Grant{}, refuseOrigin(origin)
	}
	grant, err := g.identify(h)
	if err != nil || grant.Known || grant == (relay.Grant{}) {
		return grant, err
	}
	return g.admitAnyone(h, grant)
}

// admitAnyone judges a peer that showed no key or token where some of what it wants needs none.
func (g *Guard) admitAnyone(h *relay.Handshake, grant relay.Grant) (relay.Grant, error) {
	switch {
	case !g.hosts.allows(h.Host, g.public || grant.ByFilter):
		return relay.Grant{}, refuseHost(h.Host)
	case !g.public && !grant.ByFilter && !h.Remote.Addr().Unmap().IsLoopback():
		return relay.Grant{}, forbidden("without a key or a token, only peers on this machine may come in")
	}
	return grant, nil
}

func forbidden(reason string) error    { return &relay.Refusal{Status: 403, Reason: reason} }
func unauthorized(reason string) error { return &relay.Refusal{Status: 401, Reason: reason} }
