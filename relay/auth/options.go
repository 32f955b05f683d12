package auth

import (
	"errors"
	"fmt"
	"slices"
)

// Options say who may publish and subscribe. Keys and tokens are secrets: they are never printed.
type Options struct {
	// PublishKeys may publish over HTTP and, on a socket that shows one, inbound: `Authorization: Bearer KEY` or
	// `X-API-Key: KEY`. Empty: anyone who reaches the port.
	PublishKeys []Secret `koanf:"publish_keys"`
	// PublishKeysFile holds further keys, one per line. `#` begins a comment line.
	PublishKeysFile string `koanf:"publish_keys_file"`
	// SubscribeTokens may subscribe: `Authorization: Bearer TOKEN` or, from browsers, `?token=TOKEN`. Empty: anyone.
	SubscribeTokens []Secret `koanf:"subscribe_tokens"`
	// SubscribeTokensFile holds further tokens, one per line.
	SubscribeTokensFile string `koanf:"subscribe_tokens_file"`
	// ByFilter leaves it to the filters who may come in by WebSocket: those with on_connect, of which there must be one, must
	// all accept, or the client is refused; one that fails refuses, whatever its on_error says. Keys and tokens of WebSockets
	// are not looked at, and who comes in may publish there, too; what a client may subscribe to and publish is for filters to
	// say. Publishing over HTTP is as without it.
	ByFilter bool `koanf:"by_filter"`
	// AllowedOrigins are the browser origins that may connect and publish besides the relay's own, each exactly as
	// browsers send it (`https://app.example.com`); "*" allows any and is warned about.
	AllowedOrigins []string `koanf:"allowed_origins"`
	// AllowedHosts are Host names accepted besides loopback names from peers that show no key or token, with ByFilter from
	// all WebSockets (against DNS rebinding). A port is not compared. "*" accepts any and is warned about.
	AllowedHosts []string `koanf:"allowed_hosts"`
	// Public says that the operator opened the relay to other machines without auth (insecure_public): peers need not
	// be on this machine, and an IP address will do as Host, since an address can't be rebound.
	Public bool `koanf:"-"`
}

// NeedsKey reports whether publishing needs a key.
func (o Options) NeedsKey() bool { return len(o.PublishKeys) > 0 || o.PublishKeysFile != "" }

// NeedsToken reports whether subscribing needs a token.
func (o Options) NeedsToken() bool { return len(o.SubscribeTokens) > 0 || o.SubscribeTokensFile != "" }

// GuardsSockets reports whether subscribing needs a token, or a filter that accepts.
func (o Options) GuardsSockets() bool { return o.NeedsToken() || o.ByFilter }

// Validate reports all faults of o at once. It reads no file.
func (o Options) Validate() error {
	var errs []error
	check := func(key string, n int, fault func(i int) string) {
		for i := range n {
			if why := fault(i); why != "" {
				errs = append(errs, &OptionError{Key: fmt.Sprintf("auth.%s[%d]", key, i), Fault: why})
			}
		}
	}
	check("publish_keys", len(o.PublishKeys), func(i int) string { return secretFault(string(o.PublishKeys[i])) })
	check("subscribe_tokens", len(o.SubscribeTokens), func(i int) string { return secretFault(string(o.SubscribeTokens[i])) })
	if o.ByFilter && o.NeedsToken() {
		errs = append(errs, &OptionError{Key: "auth.by_filter", Fault: "filters decide about all WebSockets, so that auth.subscribe_tokens would not be looked at; leave one of the two out"})
	}
	check("allowed_origins", len(o.AllowedOrigins), func(i int) string { return originFault(o.AllowedOrigins[i]) })
	check("allowed_hosts", len(o.AllowedHosts), func(i int) string { return hostFault(o.AllowedHosts[i]) })
	return errors.Join(errs...)
}

// OptionError says what is wrong with one option.
type OptionError struct {
	Key   string // the key's path in relay.yaml, such as auth.allowed_origins[2]
	Fault string // says what to write instead; holds no secret
}

func (e *OptionError) Error() string { return e.Key + ": " + e.Fault }

func (o Options) warnings() (out []string) {
	if slices.Contains(o.AllowedOrigins, "*") {
		out = append(out, `auth.allowed_origins has "*": any web page that a user opens may connect and publish`)
	}
	if slices.Contains(o.AllowedHosts, "*") {
		out = append(out, `auth.allowed_hosts has "*": web pages can reach the relay by DNS rebinding`)
	}
	return out
}
