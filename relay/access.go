package relay

import (
	"net/netip"
	"net/textproto"
	"net/url"
)

// Handshake is what a peer asked when it connected or published, for those who decide whether it may. It is not kept.
type Handshake struct {
	Path   string
	Query  url.Values
	Host   string // as sent, with port if any
	Header textproto.MIMEHeader
	Remote netip.AddrPort
}

// Grant says what a peer may do.
type Grant struct {
	Subscribe bool
	Publish   bool
}

// Gate decides whether a peer may come in. It is safe for concurrent use and does not block.
type Gate interface {
	// Admit returns what the peer may do, or an error that is a *Refusal.
	Admit(h *Handshake) (Grant, error)
}

// Refusal says no, in HTTP's terms.
type Refusal struct {
	Status int    // HTTP status
	Reason string // one sentence that says what to do; holds no secret
}

func (r *Refusal) Error() string { return r.Reason }
