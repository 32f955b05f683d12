// Package wsclient is a small WebSocket client (RFC 6455) for the command line and for tests. It owns one connection per
// Conn and starts no goroutine; it does not reconnect. It reads compressed messages (RFC 7692) if told to, and sends none.
//
// The flow of a connection:
//
//	Dial → handshake → ReadMessage (pings are answered on the way) → *CloseError → closed
//	         └ *HandshakeError     WriteText, WriteBinary, Ping      Close(code, reason) → closed
package wsclient

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"

	"eventrelay/relay"
	"eventrelay/relay/transport/deflate"
)

// Options are the settings of a connection. Zero fields mean the defaults.
type Options struct {
	// Header is sent with the handshake. A Host in it replaces the URL's.
	Header http.Header
	// Subprotocols are offered in this order. Conn.Subprotocol tells which one was taken.
	Subprotocols []string
	// MaxMessage is the largest message that is read, inflated. Default 16MiB.
	MaxMessage relay.Size
	// Compress offers permessage-deflate. Conn.Compressed tells whether the server took it. Default false.
	Compress bool
	// HandshakeTimeout bounds connecting and the handshake, in all. Default 10s.
	HandshakeTimeout time.Duration
	// WriteTimeout is how long one frame may take to be written, and how long Close waits for the peer. Default 10s.
	WriteTimeout time.Duration
	// TLS is used for wss URLs. Default: the system's roots.
	TLS *tls.Config
	// NetDial opens the connection. Default: TCP.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)
}

func (o Options) withDefaults() Options {
	o.MaxMessage = cmp.Or(o.MaxMessage, 16*relay.MiB)
	o.HandshakeTimeout = cmp.Or(o.HandshakeTimeout, 10*time.Second)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 10*time.Second)
	return o
}

// Dial connects to rawURL, whose scheme is ws, wss, or, as browsers have it, http or https for the same. When the server
// answers anything but 101, the error is a *HandshakeError.
func Dial(ctx context.Context, rawURL string, o Options) (*Conn, error) {
	o = o.withDefaults()
	u, err := parseURL(rawURL)
	if err != nil {
		return nil, err
	}
	var refused *HandshakeError
	d := newDialer(u, o, &refused)
	conn, br, hs, err := d.Dial(ctx, u.String())
	switch {
	case refused != nil:
		return nil, refused
	case err != nil:
		return nil, fmt.Errorf("connect to %s: %w", u.Host, err)
	}
	compressed, err := checkExtensions(hs.Extensions)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("connect to %s: %w", u.Host, err)
	}
	if br == nil { // the usual case: the server sent no frame with its handshake
		br = bufio.NewReader(conn)
	}
	return newConn(conn, br, hs.Protocol, compressed, o), nil
}

func newDialer(u *url.URL, o Options, refused **HandshakeError) ws.Dialer {
	var offers []httphead.Option
	if o.Compress {
		offers, _ = httphead.ParseOptions([]byte(deflate.Offer), nil)
	}
	return ws.Dialer{
		Timeout:       o.HandshakeTimeout,
		Protocols:     o.Subprotocols,
		Extensions:    offers,
		Header:        ws.HandshakeHeaderHTTP(withoutHost(o.Header)),
		Host:          o.Header.Get("Host"),
		OnStatusError: onRefused(refused),
		NetDial:       o.NetDial,
		TLSConfig:     withServerName(o.TLS, u.Hostname()),
	}
}

// checkExtensions reports whether the server agreed to compression; what was not offered, gobwas/ws has refused.
func checkExtensions(answer []httphead.Option) (compressed bool, err error) {
	var b strings.Builder
	httphead.WriteOptions(&b, answer)
	return deflate.Check([]string{b.String()})
}

var schemes = map[string]string{"ws": "ws", "http": "ws", "wss": "wss", "https": "wss"}

func parseURL(rawURL string) (*url.URL, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	scheme, ok := schemes[u.Scheme]
	if !ok || u.Host == "" {
		return nil, fmt.Errorf("%q is not a WebSocket URL; write ws://HOST:PORT/PATH or wss://HOST/PATH", rawURL)
	}
	u.Scheme, u.Fragment = scheme, "" // RFC 6455 §3: no fragment in a WebSocket URL
	u.Path = cmp.Or(u.Path, "/")
	return u, nil
}

func withoutHost(h http.Header) http.Header {
	h = h.Clone()
	h.Del("Host")
	return h
}

// withServerName spares gobwas/ws naming the server itself: it would keep the brackets of an IPv6 address.
func withServerName(c *tls.Config, host string) *tls.Config {
	if c == nil {
		return &tls.Config{ServerName: host}
	}
	c = c.Clone()
	c.ServerName = cmp.Or(c.ServerName, host)
	return c
}
