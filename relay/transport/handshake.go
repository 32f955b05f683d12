package transport

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"eventrelay/relay"
)

// upgrade is what an admitted handshake asked for, and the answer to it. The zero value is ready for admit; one that is
// used again saves what it would allocate, and all that it gave out before is void.
type upgrade struct {
	answer   []byte // 101 Switching Protocols, to be sent after the subscriptions took effect
	form     relay.Form
	grant    relay.Grant
	patterns []relay.Pattern // to subscribe at once
	publish  relay.Topic     // where plain frames go; "" when the client did not say

	// Set when filters were asked; then there are no patterns.
	id            ConnID // 0: the session makes one
	visit         *relay.Visit
	subscriptions []relay.Subscription

	request   request
	handshake relay.Handshake // for the gate
}

// admit judges a complete request head for the WebSocket path. The order is: syntax, permission, topics, room; so that
// a stranger learns nothing, and room is taken only by who gets in. Who is not refused must release the room.
func (u *upgrade) admit(s *Server, head []byte, remote netip.AddrPort) *relay.Refusal {
	*u = upgrade{answer: u.answer[:0], patterns: u.patterns[:0], request: u.request}
	r := &u.request
	if refusal := r.parse(head); refusal != nil {
		return refusal
	}
	if refusal := checkUpgrade(r); refusal != nil {
		return refusal
	}
	var err error
	u.handshake = relay.Handshake{Path: r.path, Query: r.query, Host: r.host, Header: r.header, Remote: remote, WebSocket: true}
	if u.grant, err = s.deps.Gate.Admit(&u.handshake); err != nil {
		return asRefusal(err)
	}
	if refusal := u.negotiate(r, s.options.Compression.Enabled); refusal != nil {
		return refusal
	}
	if refusal := u.topics(r.query, &s.options); refusal != nil {
		return refusal
	}
	return s.reserve()
}

// checkUpgrade checks what RFC 6455 §4.2.1 demands, and parses the target. It is stricter than gobwas/ws, which accepts
// two Host headers, a body, and any target.
func checkUpgrade(r *request) *relay.Refusal {
	target := r.parseTarget()
	version, oneVersion := r.one("Sec-Websocket-Version")
	key, oneKey := r.one("Sec-Websocket-Key")
	switch {
	case r.proto != "HTTP/1.1":
		return badRequest("WebSocket needs HTTP/1.1")
	case target != nil:
		return target
	case r.method != http.MethodGet:
		return &relay.Refusal{Status: http.StatusMethodNotAllowed, Reason: "WebSocket connects with GET"}
	case r.hosts != 1 || r.host == "":
		return badRequest("send exactly one Host header")
	case r.header["Transfer-Encoding"] != nil || r.hasBody():
		return badRequest("a WebSocket handshake has no body")
	case !r.hasToken("Upgrade", "websocket"):
		return &relay.Refusal{Status: http.StatusUpgradeRequired, Reason: "this path speaks WebSocket only: connect with a WebSocket client"}
	case !r.hasToken("Connection", "upgrade"):
		return badRequest("send Connection: Upgrade")
	case !oneVersion || version != "13": // §4.4
		return &relay.Refusal{Status: http.StatusUpgradeRequired, Reason: "send Sec-WebSocket-Version: 13"}
	case !oneKey || !validKey(key):
		return badRequest("send one Sec-WebSocket-Key of 16 bytes in base64")
	}
	return nil
}

// validKey reports whether key is 16 bytes in base64.
func validKey(key string) bool {
	var nonce [18]byte
	if len(key) != base64.StdEncoding.EncodedLen(16) {
		return false
	}
	n, err := base64.StdEncoding.Decode(nonce[:], []byte(key))
	return err == nil && n == 16
}

func (r *request) hasBody() bool {
	length := r.header["Content-Length"]
	return len(length) > 1 || len(length) == 1 && length[0] != "0"
}

// topics reads ?topic= and ?publish=.
func (u *upgrade) topics(query url.Values, o *Options) *relay.Refusal {
	names := query["topic"]
	if len(names) == 0 && u.form.Inflated() == relay.Plain {
		u.patterns = append(u.patterns, relay.Pattern(o.DefaultTopic))
	}
	if len(names) > o.MaxSubscriptions {
		return badRequest("the query names more topics than one connection may subscribe to")
	}
	for _, name := range names {
		p, err := relay.ParsePattern(name)
		if err != nil {
			return badRequest("?topic=: " + err.Error())
		}
		if !slices.Contains(u.patterns, p) {
			u.patterns = append(u.patterns, p)
		}
	}
	// Who may neither subscribe nor publish has no use for a connection, and must not take the room of others.
	if len(u.patterns) > 0 || !(u.grant.Publish && o.Inbound) {
		if err := u.grant.NeedSubscribe(); err != nil {
			return asRefusal(err)
		}
	}
	return u.publishTopic(query["publish"])
}

// publishTopic reads ?publish=.
func (u *upgrade) publishTopic(names []string) *relay.Refusal {
	switch {
	case len(names) > 1:
		return badRequest("name at most one ?publish= topic")
	case len(names) == 1:
		t, err := relay.ParseTopic(names[0])
		if err != nil {
			return badRequest("?publish=: " + err.Error())
		}
		u.publish = relay.Topic(strings.Clone(string(t))) // NOTE: t is void after the next handshake
	}
	return nil
}

// asRefusal returns the *relay.Refusal in err; any other error is our own fault, told without detail.
func asRefusal(err error) *relay.Refusal {
	if r, ok := errors.AsType[*relay.Refusal](err); ok {
		return r
	}
	return &relay.Refusal{Status: http.StatusInternalServerError, Reason: "the relay could not judge this request"}
}
