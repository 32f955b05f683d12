package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/spf13/pflag"
)

const (
	defaultURL      = "http://127.0.0.1:8080"
	defaultAdminURL = "http://127.0.0.1:9090"
)

// endpoint is an address of a relay, as --url or RELAY_URL give it; the admin listener's is --admin or RELAY_ADMIN_URL.
type endpoint struct {
	raw   string
	admin bool
}

// names returns the flag, the variable and the default.
func (e *endpoint) names() (flag, env, def string) {
	if e.admin {
		return "admin", "RELAY_ADMIN_URL", defaultAdminURL
	}
	return "url", "RELAY_URL", defaultURL
}

func (e *endpoint) register(flags *pflag.FlagSet) {
	flag, env, def := e.names()
	what := "where the relay is"
	if e.admin {
		what = "where its admin listener is"
	}
	flags.StringVar(&e.raw, flag, "", what+" (default $"+env+", else "+def+")")
}

// base returns the address without a slash at its end.
func (e *endpoint) base(a *app) (*url.URL, error) {
	flag, env, def := e.names()
	raw := cmp.Or(e.raw, a.getenv(env), def)
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw // localhost:8080
	}
	u, err := url.Parse(raw)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // its text repeats the address, and the password in it
		}
		return nil, &exitError{exitUsage, fmt.Errorf("--%s: %w; write it as http://HOST:PORT or https://HOST", flag, err)}
	}
	if err := checkBase(u); err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf("--%s %s: %w", flag, u.Redacted(), err)}
	}
	u.Scheme = schemes[u.Scheme]
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

var schemes = map[string]string{"http": "http", "https": "https", "ws": "http", "wss": "https"}

func checkBase(u *url.URL) error {
	switch {
	case schemes[u.Scheme] == "" || u.Host == "":
		return errors.New("write it as http://HOST:PORT or https://HOST")
	case u.User != nil:
		return errors.New("a password in an address is visible to every user of this machine; use a key or token file")
	case u.RawQuery != "" || u.Fragment != "":
		return errors.New("an address has no query or fragment; topics are arguments, tokens come from a file")
	}
	return nil
}

// plainToRemote reports whether a secret would go to u in clear over a network.
func plainToRemote(u *url.URL) bool {
	if u.Scheme != "http" || u.Hostname() == "localhost" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return ip == nil || !ip.IsLoopback()
}
