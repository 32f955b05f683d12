// Command tenants is a filter that lets in who shows a token, and keeps the tenants that tokens belong to apart:
//
//	config: {tokens: ["s3cret-of-acme acme", "s3cret-of-globex globex"]}
//
// A client shows its token as `Authorization: Bearer TOKEN` or ?token=TOKEN. What a client of acme calls orders.new is
// acme.orders.new to the relay and to who publishes over HTTP: its subscriptions, and what it publishes itself. All that
// its events pass can see the attribute tenant. It is for a relay.yaml with `auth: {by_filter: true}`.
package main

import (
	"crypto/sha256"
	"errors"
	"net/url"
	"strings"

	"eventrelay/sdk"
)

// tenants by the digests of their tokens: how long a look-up takes tells nothing of a token.
var tenants map[[sha256.Size]byte]string

func init() {
	sdk.OnInit(configure)
	sdk.OnConnect(func(e *sdk.Event) sdk.Verdict {
		tenant := tenants[sha256.Sum256([]byte(token(e.Attributes)))]
		if tenant == "" {
			return sdk.Refuse(401, "show a token: Authorization: Bearer TOKEN, or ?token=TOKEN")
		}
		e.Attributes = e.Attributes.With("tenant", tenant)
		return sdk.ReplaceEvent(e)
	})
	sdk.OnSubscribe(func(e *sdk.Event) sdk.Verdict {
		e.Topic = e.Attributes.Get("tenant") + "." + e.Topic
		return sdk.ReplaceEvent(e)
	})
	sdk.OnEvent(func(e *sdk.Event) sdk.Verdict {
		tenant := e.Attributes.Get("tenant")
		if !e.Inbound || strings.HasPrefix(e.Topic, tenant+".") {
			return sdk.Pass()
		}
		e.Topic = tenant + "." + e.Topic
		return sdk.ReplaceEvent(e)
	})
	sdk.OnDisconnect(func(e *sdk.Event) { sdk.Log(sdk.Debug, "a client of "+e.Attributes.Get("tenant")+" has gone") })
}

func main() {}

func configure(c sdk.Config) error {
	tokens, err := c.Strings("tokens")
	if err != nil {
		return err
	}
	tenants = make(map[[sha256.Size]byte]string, len(tokens))
	for _, t := range tokens {
		token, tenant, ok := strings.Cut(t, " ")
		if !ok || token == "" || tenant == "" || strings.ContainsAny(tenant, " .*>") {
			return errors.New(`config: tokens: want texts such as "TOKEN TENANT", the tenant without spaces, dots, * and >`)
		}
		tenants[sha256.Sum256([]byte(token))] = tenant
	}
	if len(tenants) == 0 {
		return errors.New("config: tokens: name at least one")
	}
	return c.Only("tokens")
}

// token returns what the client shows, or "".
func token(request sdk.Attributes) string {
	scheme, token, _ := strings.Cut(request.Get("header.authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return token
	}
	query, err := url.ParseQuery(request.Get("query"))
	if err != nil || len(query["token"]) != 1 {
		return ""
	}
	return query.Get("token")
}
