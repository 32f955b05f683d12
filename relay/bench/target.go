package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// target is a URL, with what varies by topic.
type target struct {
	raw    string
	scheme string // ws or http
	host   string // for the Host header
	port   uint16
	named  bool // the URL says which topic
}

// defaultTopic is the topic when the URL has none.
const defaultTopic = "bench"

func parseTarget(raw string, schemes ...string) (target, error) {
	u, err := url.Parse(strings.ReplaceAll(raw, wordTopic, defaultTopic))
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // its text repeats the address, and a password in it
		}
		return target{}, err
	}
	t := target{raw: raw, scheme: u.Scheme, host: u.Host}
	switch {
	case u.Scheme == "wss" || u.Scheme == "https":
		return t, fmt.Errorf("%s: bench speaks no TLS, whose cost is not the server's alone; measure the plain port behind it", u.Scheme)
	case u.Host == "" || !contains(schemes, u.Scheme):
		return t, fmt.Errorf("%q: write %s://HOST:PORT/PATH", u.Redacted(), strings.Join(schemes, "://HOST:PORT/PATH or "))
	case u.User != nil || u.Query().Has("token"):
		return t, errors.New("a password or token in an address is visible to every user of this machine; use --token-file or --key-file")
	}
	port, err := strconv.ParseUint(cmp.Or(u.Port(), "80"), 10, 16)
	if err != nil {
		return t, fmt.Errorf("port %q is none", u.Port())
	}
	t.port = uint16(port)
	t.named = strings.Contains(raw, wordTopic) || u.Query().Has("topic")
	return t, nil
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// topic returns the topic that the URL names, or the default.
func (t *target) topic() string {
	u, err := url.Parse(strings.ReplaceAll(t.raw, wordTopic, defaultTopic))
	if err != nil {
		return defaultTopic
	}
	return cmp.Or(u.Query().Get("topic"), defaultTopic)
}

// uri returns path and query for a topic. With several topics one in the query is replaced, unless {topic} says where it goes.
func (t *target) uri(topic string, several bool) string {
	u, err := url.Parse(strings.ReplaceAll(t.raw, wordTopic, url.QueryEscape(topic)))
	if err != nil {
		return "/" // parseTarget has seen that it parses
	}
	if q := u.Query(); several && q.Has("topic") && !strings.Contains(t.raw, wordTopic) {
		q.Set("topic", topic)
		u.RawQuery = q.Encode()
	}
	return u.RequestURI()
}

// resolve returns the server's address.
func (t *target) resolve(ctx context.Context) (netip.AddrPort, error) {
	u, err := url.Parse("//" + t.host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return netip.AddrPort{}, err
	}
	best := addrs[0].Unmap()
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() { // IPv4 has a whole network of loopback addresses to connect from
			best = a
			break
		}
	}
	return netip.AddrPortFrom(best, t.port), nil
}
