package auth

import (
	"strings"

	"eventrelay/relay"
)

// maxShown is the longest key or token worth hashing.
const maxShown = 4096

// identify returns what the peer may do by the keys and tokens it shows, or a 401. Every one it shows must be known:
// a wrong one is a mistake to learn of, even where none is needed. Without any configured, none is looked at.
func (g *Guard) identify(h *relay.Handshake) (relay.Grant, error) {
	if g.byFilter && h.WebSocket {
		return relay.Grant{Publish: true, Subscribe: true, ByFilter: true}, nil
	}
	grant := relay.Grant{Publish: len(g.keys) == 0, Subscribe: len(g.tokens) == 0}
	if len(g.keys) == 0 && len(g.tokens) == 0 {
		return grant, nil
	}
	for _, place := range places {
		secret, shown, err := place.read(h)
		if err != nil {
			return relay.Grant{}, err
		}
		if !shown {
			continue
		}
		isKey, isToken := g.lookup(secret)
		if !isKey && !isToken {
			return relay.Grant{}, unauthorized("the key or token in " + place.name + " is not known")
		}
		grant.Known = true
		grant.Publish = grant.Publish || isKey && place.keys
		grant.Subscribe = grant.Subscribe || isToken
	}
	return grant, nil
}

func (g *Guard) lookup(secret string) (isKey, isToken bool) {
	if len(secret) > maxShown {
		return false, false
	}
	d := digest(secret)
	return g.keys.has(d), g.tokens.has(d)
}

// A place is where a peer may show a key or token. Keys are not taken from URLs, which proxies log; tokens are, since
// a browser's WebSocket can send no header.
type place struct {
	name string
	keys bool // a publish key counts here
	read func(*relay.Handshake) (secret string, shown bool, err error)
}

var places = [...]place{
	{"Authorization", true, bearer},
	{"X-API-Key", true, func(h *relay.Handshake) (string, bool, error) { return single(h.Header["X-Api-Key"], "X-API-Key") }},
	{"?token=", false, func(h *relay.Handshake) (string, bool, error) { return single(h.Query["token"], "?token=") }},
}

// bearer reads `Authorization: Bearer SECRET` (RFC 6750 §2.1); the scheme's case does not count (RFC 9110 §11.1).
func bearer(h *relay.Handshake) (string, bool, error) {
	value, shown, err := single(h.Header["Authorization"], "Authorization")
	if err != nil || !shown {
		return "", shown, err
	}
	scheme, secret, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", true, unauthorized("the scheme of Authorization must be Bearer: Authorization: Bearer KEY")
	}
	return strings.Trim(secret, " "), true, nil
}

// single refuses two of a kind: this relay and a proxy before it might each believe another one.
func single(values []string, name string) (string, bool, error) {
	switch len(values) {
	case 0:
		return "", false, nil
	case 1:
		return values[0], true, nil
	}
	return "", true, unauthorized(name + " was sent more than once")
}
