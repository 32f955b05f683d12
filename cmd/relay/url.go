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

const defaultURL = "http://127.0.0.1:8080"

// endpoint is the address of a relay, as --url or RELAY_URL give it.
type endpoint struct{ raw string }

func (e *endpoint) register(flags *pflag.FlagSet) {
	flags.StringVar(&e.raw, "url", "", "where the relay is (default $RELAY_URL, else "+defaultURL+")")
}

// base returns the address without a slash at its end.
func (e *endpoint) base(a *app) (*url.URL, error) {
	raw := cmp.Or(e.raw, a.getenv("RELAY_URL"), defaultURL)
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw // localhost:8080
	}
	u, err := url.Parse(raw)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // its text repeats the address, and the password in it
		}
		return nil, &exitError{exitUsage, fmt.Errorf("--url: %w; write it as http://HOST:PORT or https://HOST", err)}
	}
	if err := checkBase(u); err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf("--url %s: %w", u.Redacted(), err)}
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
