package ingest

import (
	"errors"
	"net/http"
	"net/netip"
	"net/textproto"

	"eventrelay/relay"
)

// admit asks the Gate.
func (x *exchange) admit() *problem {
	// An address that does not parse is the zero AddrPort, which no rule for loopback or networks matches.
	remote, _ := netip.ParseAddrPort(x.r.RemoteAddr)
	x.hands = relay.Handshake{
		Path:   x.r.URL.Path,
		Query:  x.query,
		Host:   x.r.Host,
		Header: textproto.MIMEHeader(x.r.Header),
		Remote: remote,
	}
	grant, err := x.h.gate.Admit(&x.hands)
	// A preflight shows no key, whatever the request after it will show (Fetch §3.2.2).
	if err == nil && x.r.Method != http.MethodOptions {
		err = grant.NeedPublish()
	}
	return x.refused(err)
}

// refused turns the Gate's error into a problem. A browser whose Origin was let in may read it, and all later answers.
func (x *exchange) refused(err error) *problem {
	refusal, ok := errors.AsType[*relay.Refusal](err)
	if err == nil || ok && refusal.Status == http.StatusUnauthorized {
		x.allowOrigin()
	}
	switch {
	case err == nil:
		return nil
	case !ok:
		x.h.logError("the gate failed", err)
		return &problem{status: http.StatusInternalServerError, detail: "whether you may publish could not be decided"}
	}
	p := &problem{status: refusal.Status, detail: refusal.Reason}
	if p.status == http.StatusUnauthorized {
		p.header = header{"WWW-Authenticate", "Bearer"}
	}
	return p
}

// allowOrigin lets the page that sent the request read the answer. Credentials are never allowed: keys are shown in
// headers, not in cookies.
func (x *exchange) allowOrigin() {
	origins := x.r.Header["Origin"]
	if len(origins) == 0 || origins[0] == "" {
		return
	}
	origin := origins[0]
	h := x.w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Retry-After, Idempotency-Replayed")
	h.Add("Vary", "Origin")
	if x.r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", http.MethodPost)
		h.Set("Access-Control-Allow-Headers", "*, Authorization") // the wildcard leaves Authorization out
		h.Set("Access-Control-Max-Age", "600")
	}
}

// preflight answers OPTIONS; allowOrigin has set what a browser looks for.
var preflight = answer{status: http.StatusNoContent, header: header{"Allow", "OPTIONS, POST"}}
