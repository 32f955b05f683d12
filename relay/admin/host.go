package admin

import (
	"net"
	"net/netip"
	"strings"
)

// hosts says which Host headers are served. A page of another site can make its own name point to this listener (DNS
// rebinding) and would then read it as its own: so names are refused, unless they can't be an attacker's. An address is
// no name, and a request without Host comes from no browser.
type hosts struct {
	listen string // host that the operator listens on, in lower case
	remote bool   // other machines may reach the listener, by names that are theirs to give
}

func newHosts(listen string) hosts {
	name := strings.ToLower(bareHost(listen))
	ip, err := netip.ParseAddr(name)
	loopback := err == nil && ip.Unmap().IsLoopback() || isLocalhost(name)
	return hosts{listen: name, remote: !loopback}
}

func (h hosts) allow(host string) bool {
	if host == "" {
		return true
	}
	name := strings.TrimSuffix(strings.ToLower(bareHost(host)), ".")
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	switch {
	case name == "":
		return false
	case isLocalhost(name), name == h.listen:
		return true
	}
	// A name of one label, such as a container's, is not in the public DNS.
	return h.remote && !strings.Contains(name, ".")
}

// isLocalhost reports whether name is reserved for loopback (RFC 6761 §6.3).
func isLocalhost(name string) bool {
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// bareHost returns the host of host:port, [v6]:port, host or [v6].
func bareHost(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
}
