package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"eventrelay/relay"
	"eventrelay/relay/config"
)

// greeting is what to paste next into other terminals.
type greeting struct {
	base      string // http://127.0.0.1:8080
	subscribe string // a command
	publish   string // a command
	ws, http  string // the addresses in them
}

// newGreeting makes one for a relay at addr. self is how this program was called.
func newGreeting(self string, addr net.Addr, cfg *config.Config) greeting {
	pattern, topic := sampleTopics(cfg)
	host := reachable(addr)
	g := greeting{
		base: "http://" + host,
		ws:   fmt.Sprintf("ws://%s%s?topic=%s", host, cfg.WebSocket.Path, pattern),
		http: fmt.Sprintf("http://%s/publish/%s", host, topic),
	}
	g.subscribe = fmt.Sprintf("%s subscribe '%s'", self, pattern)
	if g.base != defaultURL {
		g.subscribe += " --url " + g.base
	}
	if cfg.Auth.NeedsToken() {
		g.subscribe = "RELAY_TOKEN=… " + g.subscribe
	}
	key := ""
	if cfg.Auth.NeedsKey() {
		key = ` -H "Authorization: Bearer $RELAY_KEY"`
	}
	g.publish = fmt.Sprintf(`curl%s -d '{"item":"tea","card":"4111 1111 1111 1111"}' %s`, key, g.http)
	return g
}

// show prints the commands for a person, or logs the addresses.
func (g greeting) show(a *app, log *slog.Logger) {
	if !isTerminal(a.err) {
		log.Info("try it", "subscribe", g.ws, "publish", g.http)
		return
	}
	fmt.Fprintf(a.err, "\nrelay listens on %s. Paste these into two other terminals:\n\n  %s\n\n  %s\n\n", g.base, g.subscribe, g.publish)
}

// sampleTopics returns a pattern to subscribe to and a topic to publish to, such that the first filter sees the event.
func sampleTopics(cfg *config.Config) (relay.Pattern, relay.Topic) {
	if len(cfg.Filters) == 0 || len(cfg.Filters[0].Topics) == 0 {
		return relay.Pattern(cfg.WebSocket.DefaultTopic), cfg.WebSocket.DefaultTopic
	}
	pattern := cfg.Filters[0].Topics[0]
	return pattern, relay.Topic(strings.NewReplacer("*", "new", ">", "new").Replace(string(pattern)))
}

// reachable turns the address that was bound into one to connect to: 0.0.0.0 and :: are no destination.
func reachable(addr net.Addr) string {
	ap, err := netip.ParseAddrPort(addr.String())
	if err != nil || !ap.Addr().IsUnspecified() {
		return addr.String()
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), ap.Port()).String()
}
