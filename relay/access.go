package relay

import (
	"net/netip"
	"net/textproto"
	"net/url"
)

// Handshake is what a peer asked when it connected or published, for those who decide whether it may. It and its
// strings are theirs until they have decided: the next handshake is read into the same bytes, so clone what is kept.
type Handshake struct {
	Path   string
	Query  url.Values
	Host   string // as sent, with port if any
	Header textproto.MIMEHeader
	Remote netip.AddrPort
	// WebSocket says that the peer asks for a WebSocket. Else it publishes over HTTP.
	WebSocket bool
}

// Grant says what a peer may do.
type Grant struct {
	Subscribe bool
	Publish   bool
	// Known says that the peer showed a valid key or token. It tells 403 (what was shown does not grant this) from 401
	// (show something).
	Known bool
	// ByFilter says that the filters decide about this WebSocket: it must not come in unless one accepts it.
	ByFilter bool
}

// NeedSubscribe returns nil when the peer may subscribe, else a *Refusal with 401 or 403.
func (g Grant) NeedSubscribe() error {
	return g.need(g.Subscribe, "subscribing needs a token: Authorization: Bearer TOKEN, or ?token=TOKEN", "what was shown does not allow to subscribe; show one of auth.subscribe_tokens")
}

// NeedPublish returns nil when the peer may publish, else a *Refusal with 401 or 403.
func (g Grant) NeedPublish() error {
	return g.need(g.Publish, "publishing needs a key: Authorization: Bearer KEY, or X-API-Key: KEY", "what was shown does not allow to publish; show one of auth.publish_keys in Authorization or X-API-Key")
}

func (g Grant) need(granted bool, show, showOther string) error {
	switch {
	case granted:
		return nil
	case g.Known:
		return &Refusal{Status: 403, Reason: showOther}
	}
	return &Refusal{Status: 401, Reason: show}
}

// Gate decides whether a peer may come in. It is safe for concurrent use and does not block.
type Gate interface {
	// Admit returns what the peer may do, or an error that is a *Refusal: 403 for a Host or Origin that may not come
	// in, 401 for keys and tokens that are unknown or ambiguous. A peer that shows none is admitted with what anyone
	// may do, perhaps nothing: the caller asks the Grant for what it is about to do (NeedSubscribe, NeedPublish).
	Admit(h *Handshake) (Grant, error)
}

// Refusal says no, in HTTP's terms. An answer with status 401 carries `WWW-Authenticate: Bearer` (RFC 9110 §15.5.2).
type Refusal struct {
	Status int    // HTTP status
	Reason string // one sentence that says what to do; holds no secret
	Filter string // that refused; "" when none did
}

func (r *Refusal) Error() string { return r.Reason }
