package transport

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// open admits everybody.
type open struct{}

func (open) Admit(*relay.Handshake) (relay.Grant, error) {
	return relay.Grant{Subscribe: true, Publish: true}, nil
}

// Heads as clients send them.
const (
	libraryHead = "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	browserHead = "GET /ws?topic=orders.eu.%3E&topic=news HTTP/1.1\r\nHost: relay.example.com\r\nConnection: Upgrade\r\nPragma: no-cache\r\n" +
		"Cache-Control: no-cache\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n" +
		"Upgrade: websocket\r\nOrigin: https://app.example.com\r\nSec-WebSocket-Version: 13\r\nAccept-Encoding: gzip, deflate, br\r\n" +
		"Accept-Language: en-US,en;q=0.9\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nSec-WebSocket-Protocol: relay.v1.json\r\n\r\n"
)

func admitter() *Server {
	o := DefaultOptions()
	o.MaxConnections = 1 << 30
	return &Server{options: o, portable: &portable{core: &core{}}, deps: Deps{Gate: open{}, Log: slog.New(slog.DiscardHandler)}}
}

func BenchmarkAdmit(b *testing.B) {
	for name, head := range map[string]string{"library": libraryHead, "browser": browserHead} {
		b.Run(name, func(b *testing.B) {
			s, u, head := admitter(), new(upgrade), []byte(head)
			b.ReportAllocs()
			for range b.N {
				if refusal := u.admit(s, head, netip.AddrPort{}); refusal != nil {
					b.Fatal(refusal)
				}
			}
		})
	}
}

// libraryAnswer is gobwas/ws's answer to head, with spaces for tabs: it does not take a tab in a list, which RFC 9110
// §5.6.3 allows.
func libraryAnswer(t *testing.T, head []byte) string {
	var answer bytes.Buffer
	up := ws.Upgrader{Protocol: func(p []byte) bool { return string(p) == Subprotocol }}
	_, err := up.Upgrade(struct {
		io.Reader
		io.Writer
	}{bytes.NewReader(bytes.ReplaceAll(head, []byte("\t"), []byte(" "))), &answer})
	require.NoError(t, err)
	return answer.String()
}

// A handshake of a client that says no more than it must leaves no garbage.
func TestAdmit_allocations(t *testing.T) {
	s, u, head := admitter(), new(upgrade), []byte(libraryHead)
	assert.Zero(t, testing.AllocsPerRun(200, func() {
		if refusal := u.admit(s, head, netip.AddrPort{}); refusal != nil {
			t.Error(refusal)
		}
		if asks, refusal := s.asks(u); asks || refusal != nil {
			t.Error("no filter is asked")
		}
	}))
}

// What filters are shown of a request is in order, whatever the request is.
func checkRequestAttributes(t *testing.T, r *request) {
	last := ""
	for _, a := range requestAttributes(r, netip.MustParseAddrPort("192.0.2.1:5")) {
		require.Less(t, last, a.Key, "sorted, and unique")
		require.True(t, utf8.ValidString(a.Key) && utf8.ValidString(a.Value), "%q %q", a.Key, a.Value)
		require.Less(t, len(a.Key)+len(a.Value), 4*maxHead)
		last = a.Key
		if name, ok := strings.CutPrefix(a.Key, "header."); ok && name != "host" {
			require.Equal(t, text(strings.Join(r.header[canonical(name)], ", ")), a.Value)
		}
	}
	require.NotEmpty(t, last)
}

func TestRequestAttributes(t *testing.T) {
	for _, head := range []string{libraryHead, browserHead, "GET /ws?\xff=\xfe HTTP/1.1\r\nHost: \xff\r\nA: \r\na: 1\r\nHeader.X: y\r\nPath: /z\r\n\r\n"} {
		r := new(request)
		require.Nil(t, r.parse([]byte(head)))
		require.Nil(t, r.parseTarget())
		checkRequestAttributes(t, r)
	}
}

// Nothing of an arrival is a part of the bytes that the next handshake is read into.
func TestArrival_ownsItsBytes(t *testing.T) {
	s, u := admitter(), new(upgrade)
	require.Nil(t, u.admit(s, []byte(browserHead), netip.AddrPort{}))
	a := newArrival(u, netip.AddrPort{}, []byte("rest"))
	before := fmt.Sprint(a.Request, a.Topics, string(a.upgrade.answer), a.upgrade.publish)
	for i := range u.request.text[:cap(u.request.text)] {
		u.request.text[:cap(u.request.text)][i] = 'x'
	}
	clear(u.answer[:cap(u.answer)])
	clear(u.patterns)
	assert.Equal(t, before, fmt.Sprint(a.Request, a.Topics, string(a.upgrade.answer), a.upgrade.publish))
}

// What a handshake costs that filters are asked about, beyond the asking.
func BenchmarkArrival(b *testing.B) {
	s, u := admitter(), new(upgrade)
	if refusal := u.admit(s, []byte(browserHead), netip.AddrPort{}); refusal != nil {
		b.Fatal(refusal)
	}
	b.ReportAllocs()
	for b.Loop() {
		newArrival(u, netip.AddrPort{}, nil)
	}
}
