package auth

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"eventrelay/relay"
)

// originRule says which browser origins may come in. Browsers send Origin with every WebSocket handshake and every
// POST, so that checking it exactly stops pages of other sites (RFC 6455 §10.2).
type originRule struct {
	any  bool
	list []string
}

func newOriginRule(list []string) originRule {
	return originRule{any: slices.Contains(list, "*"), list: list}
}

// allows reports whether origin is the relay's own or listed. All is compared as sent: browsers normalise origins
// (lower case, no default port), so what differs in any byte is another origin or not a browser.
func (r originRule) allows(origin, host string) bool {
	own, isHTTP := strings.CutPrefix(origin, "http://")
	return r.any || isHTTP && own == host && host != "" || slices.Contains(r.list, origin)
}

// originOf returns the Origin header and whether there is one.
func originOf(h *relay.Handshake) (string, bool, error) {
	switch origins := h.Header["Origin"]; len(origins) {
	case 0:
		return "", false, nil
	case 1:
		return origins[0], true, nil
	}
	return "", true, forbidden("more than one Origin header")
}

func refuseOrigin(origin string) error {
	return forbidden(fmt.Sprintf("origin %.128q may not come in; list it, exactly so, in auth.allowed_origins", origin))
}

func originFault(origin string) string {
	switch u, err := url.Parse(origin); {
	case origin == "*":
		return ""
	case origin == "null":
		return `"null" is the origin of every sandboxed page and local file; it cannot be listed`
	case err != nil || u.Scheme == "" || u.Host == "":
		return fmt.Sprintf("%.128q is no origin; write scheme and host, such as https://app.example.com", origin)
	case origin != strings.ToLower(u.Scheme+"://"+u.Host):
		return fmt.Sprintf("%.128q is never sent by browsers; write %s", origin, strings.ToLower(u.Scheme+"://"+u.Host))
	case u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80":
		return fmt.Sprintf("%.128q has its scheme's default port, which browsers leave out; write %s://%s", origin, u.Scheme, u.Hostname())
	}
	return ""
}

// hostRule says which Host names a peer may use that shows no key or token. A page of evil.example whose name was
// rebound to this machine sends Host: evil.example, and its Origin is the same origin.
type hostRule struct {
	any  bool
	list []string
}

func newHostRule(list []string) hostRule {
	r := hostRule{any: slices.Contains(list, "*")}
	for _, name := range list {
		r.list = append(r.list, strings.ToLower(strings.TrimSuffix(name, ".")))
	}
	return r
}

// allows reports whether host, as sent, is a loopback name or listed; with addresses, any IP address will do too.
func (r hostRule) allows(host string, addresses bool) bool {
	if r.any {
		return true
	}
	name := strings.ToLower(strings.TrimSuffix(hostName(host), "."))
	if addr, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return addresses || addr.Unmap().IsLoopback() || slices.Contains(r.list, name)
	}
	// RFC 6761 §6.3: localhost and all below it resolve to loopback.
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.Contains(r.list, name)
}

// hostName returns host without its port. Brackets of an IPv6 address stay.
func hostName(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		return host[:i]
	}
	return host
}

func refuseHost(host string) error {
	return forbidden(fmt.Sprintf("host %.128q is not known here; use a loopback name, or list it in auth.allowed_hosts", host))
}

func hostFault(host string) string {
	switch {
	case host == "*":
		return ""
	case host == "" || strings.ContainsAny(host, "/@?# \t,") || strings.Contains(host, "*"):
		return fmt.Sprintf("%.128q is no host name; write the name alone, such as relay.example.com", host)
	case hostName(host) != host && !isIPv6(host):
		return fmt.Sprintf("%.128q has a port, which is not compared; write %s", host, hostName(host))
	case isIPv6(host):
		return fmt.Sprintf("%.128q needs brackets, as in a URL; write [%s]", host, host)
	}
	return ""
}

func isIPv6(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Is6()
}
