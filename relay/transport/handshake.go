package transport

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/gobwas/ws"

	"eventrelay/relay"
)

// Subprotocol is the WebSocket subprotocol of envelopes and commands.
const Subprotocol = "relay.v1.json"

// upgrade is what an admitted handshake asked for, and the answer to it.
type upgrade struct {
	answer   []byte // 101 Switching Protocols, to be sent after the subscriptions took effect
	form     relay.Form
	grant    relay.Grant
	patterns []relay.Pattern // to subscribe at once
	publish  relay.Topic     // where plain frames go; "" when the client did not say
}

// admit judges a complete request head for the WebSocket path. The order is: syntax, permission, topics, room; so that
// a stranger learns nothing, and room is taken only by who gets in. Who gets an upgrade must release the room.
func (s *Server) admit(head []byte, remote netip.AddrPort) (*upgrade, *relay.Refusal) {
	r, refusal := parseRequest(head)
	if refusal != nil {
		return nil, refusal
	}
	target, refusal := checkUpgrade(r)
	if refusal != nil {
		return nil, refusal
	}
	query, err := url.ParseQuery(target.RawQuery)
	if err != nil {
		return nil, badRequest("the query is malformed: " + err.Error())
	}
	u := new(upgrade)
	u.grant, err = s.deps.Gate.Admit(&relay.Handshake{
		Path: target.Path, Query: query, Host: r.host, Header: r.header, Remote: remote,
	})
	if err != nil {
		return nil, asRefusal(err)
	}
	if refusal := u.negotiate(head); refusal != nil {
		return nil, refusal
	}
	if refusal := u.topics(query, &s.options); refusal != nil {
		return nil, refusal
	}
	return u, s.reserve()
}

// checkUpgrade checks what RFC 6455 §4.2.1 demands, more strictly than gobwas/ws, which accepts two Host headers, a
// body, and any target.
func checkUpgrade(r *request) (*url.URL, *relay.Refusal) {
	target, err := url.ParseRequestURI(r.target)
	version, oneVersion := r.one("Sec-Websocket-Version")
	key, oneKey := r.one("Sec-Websocket-Key")
	nonce, keyErr := base64.StdEncoding.DecodeString(key)
	switch {
	case r.proto != "HTTP/1.1":
		return nil, badRequest("WebSocket needs HTTP/1.1")
	case err != nil:
		return nil, badRequest("the request target is malformed")
	case r.method != http.MethodGet:
		return nil, &relay.Refusal{Status: http.StatusMethodNotAllowed, Reason: "WebSocket connects with GET"}
	case r.hosts != 1 || r.host == "":
		return nil, badRequest("send exactly one Host header")
	case r.header["Transfer-Encoding"] != nil || r.hasBody():
		return nil, badRequest("a WebSocket handshake has no body")
	case !r.hasToken("Upgrade", "websocket"):
		return nil, &relay.Refusal{Status: http.StatusUpgradeRequired, Reason: "this path speaks WebSocket only: connect with a WebSocket client"}
	case !r.hasToken("Connection", "upgrade"):
		return nil, badRequest("send Connection: Upgrade")
	case !oneVersion || version != "13": // §4.4
		return nil, &relay.Refusal{Status: http.StatusUpgradeRequired, Reason: "send Sec-WebSocket-Version: 13"}
	case !oneKey || keyErr != nil || len(nonce) != 16:
		return nil, badRequest("send one Sec-WebSocket-Key of 16 bytes in base64")
	}
	return target, nil
}

func (r *request) hasBody() bool {
	length := r.header["Content-Length"]
	return len(length) > 1 || len(length) == 1 && length[0] != "0"
}

// negotiate has gobwas/ws choose the subprotocol and write the answer. Its Upgrader blocks on half a request and
// swallows what follows a whole one, so it gets exactly the head. A client that offers only unknown subprotocols gets
// none, as RFC 6455 §4.2.2 has it, and so plain frames.
func (u *upgrade) negotiate(head []byte) *relay.Refusal {
	var answer bytes.Buffer
	up := ws.Upgrader{Protocol: func(p []byte) bool { return string(p) == Subprotocol }}
	hs, err := up.Upgrade(readWriter{bytes.NewReader(head), &answer})
	if err != nil {
		return badRequest("the WebSocket handshake is malformed: " + err.Error())
	}
	if hs.Protocol == Subprotocol {
		u.form = relay.Envelope
	}
	u.answer = answer.Bytes()
	return nil
}

type readWriter struct {
	io.Reader
	io.Writer
}

// topics reads ?topic= and ?publish=.
func (u *upgrade) topics(query url.Values, o *Options) *relay.Refusal {
	names := query["topic"]
	if len(names) == 0 && u.form == relay.Plain {
		names = []string{string(o.DefaultTopic)}
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
		u.publish = relay.Topic(strings.Clone(string(t))) // NOTE: t would pin the whole head
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
