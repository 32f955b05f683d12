package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"eventrelay/plugins"
	"eventrelay/relay/auth"
)

// check adds what the parts find wrong with their options, and what only shows across parts.
func (c *Config) check(faults *Error) {
	c.collect("websocket", c.WebSocket.Validate(), faults)
	c.collect("publish", c.Publish.Validate(), faults)
	c.collect("fanout", c.Broadcaster().Validate(), faults)
	c.collect("plugins", plugins.Validate(c.Plugins, c.Filters), faults)
	guard, err := auth.New(c.Auth) // reads the files of keys and tokens, to judge them too
	c.collect("auth", err, faults)
	if err == nil {
		c.source.warnings = guard.Warnings()
	}
	c.collect("log", c.Log.Validate(), faults)
	c.checkAddresses(faults)
}

// Validate reports all faults of l at once.
func (l Log) Validate() error {
	var errs []error
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, l.Level) {
		errs = append(errs, fmt.Errorf("level: %.32q is none; write debug, info, warn or error", l.Level))
	}
	if l.Format != "text" && l.Format != "json" {
		errs = append(errs, fmt.Errorf("format: %.32q is none; write text or json", l.Format))
	}
	return errors.Join(errs...)
}

// faultKey is how parts begin an error about one option: "max_lag: …", "limits.time: …", "auth.allowed_hosts[2]: …".
var faultKey = regexp.MustCompile(`^([a-z_][a-z_0-9]*(?:\[\d+\])?(?:\.[a-z_][a-z_0-9]*(?:\[\d+\])?)*): (?s:(.*))$`)

// collect adds a part's joined errors, each with the place of the key that it begins with: one of the part's section,
// or a path from the root.
func (c *Config) collect(section string, err error, faults *Error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // taken apart, not matched
		for _, e := range joined.Unwrap() {
			c.collect(section, e, faults)
		}
		return
	}
	path, problem := section, err.Error()
	if m := faultKey.FindStringSubmatch(problem); m != nil {
		path, problem = m[1], m[2]
		if first, _, _ := strings.Cut(strings.ReplaceAll(path, "[", "."), "."); schema().sub(section).sub(first) != nil {
			path = joinKey(section, path)
		}
	}
	faults.add(c.origin(path), path, "%s", problem)
}

// origin returns where path was set, or the nearest thing above it that was; "" for a default.
func (c *Config) origin(path string) string {
	for path != "" {
		if where := c.source.origins[path]; where != "" {
			return where
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return ""
}

// checkAddresses refuses a relay that would stand open to other machines without anyone having said so.
func (c *Config) checkAddresses(faults *Error) {
	loopback, problem := address(c.Listen)
	switch {
	case problem != "":
		faults.add(c.origin("listen"), "listen", "%s", problem)
	case !loopback && !c.InsecurePublic && !(c.Auth.NeedsKey() && c.Auth.GuardsSockets()):
		faults.add(c.origin("listen"), "listen", "%s is reachable from other machines, and anyone there could %s; "+
			"set auth.publish_keys and auth.subscribe_tokens (better: their _file keys) or, instead of tokens, auth.by_filter, or insecure_public: true if that is what you want", c.Listen, c.openTo())
	}
	if c.Admin.Listen == "off" {
		return
	}
	loopback, problem = address(c.Admin.Listen)
	switch {
	case problem != "":
		faults.add(c.origin("admin.listen"), "admin.listen", "%s", problem)
	case !loopback && !c.InsecurePublic:
		faults.add(c.origin("admin.listen"), "admin.listen", "%s is reachable from other machines, and the admin listener "+
			"has no auth; keep it on 127.0.0.1 behind a tunnel or proxy, or set insecure_public: true", c.Admin.Listen)
	case c.Admin.Listen == c.Listen && !strings.HasSuffix(c.Listen, ":0"):
		faults.add(c.origin("admin.listen"), "admin.listen", "is the same address as listen; give it one of its own")
	}
}

// openTo says what needs no key or token.
func (c *Config) openTo() string {
	switch {
	case c.Auth.NeedsKey():
		return "subscribe"
	case c.Auth.GuardsSockets():
		return "publish"
	}
	return "publish and subscribe"
}

// address says whether only this machine reaches addr, or what is wrong with it. A name other than localhost counts as
// reachable: where it points is not ours to know.
func address(addr string) (loopback bool, problem string) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false, fmt.Sprintf("%.64q is no address; write host and port, such as 127.0.0.1:8080", addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil || !decimal.MatchString(port) {
		return false, fmt.Sprintf("%.64q has no port between 0 and 65535; write one, such as 8080", addr)
	}
	if host == "localhost" {
		return true, ""
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback(), ""
}

// warn lists what is allowed but unwise.
func (c *Config) warn() (out []string) {
	listenLocal, _ := address(c.Listen)
	adminLocal, _ := address(c.Admin.Listen)
	if c.InsecurePublic {
		if !listenLocal && !(c.Auth.NeedsKey() && c.Auth.GuardsSockets()) {
			out = append(out, fmt.Sprintf("insecure_public: anyone who reaches %s can %s", c.Listen, c.openTo()))
		}
		if !adminLocal && c.Admin.Listen != "off" {
			out = append(out, fmt.Sprintf("insecure_public: anyone who reaches %s can read metrics and profiles", c.Admin.Listen))
		}
	}
	if c.secretsIn(c.source.file) && openToOthers(c.source.file) {
		out = append(out, fmt.Sprintf("%s holds secrets and others may read it; run chmod 600 on it, or use auth.publish_keys_file and auth.subscribe_tokens_file", c.source.file))
	}
	return out
}

// secretsIn reports whether keys or tokens stand in the file itself.
func (c *Config) secretsIn(file string) bool {
	for _, path := range []string{"auth.publish_keys[0]", "auth.subscribe_tokens[0]"} {
		if where := c.source.origins[path]; file != "" && strings.HasPrefix(where, file+":") {
			return true
		}
	}
	return false
}
