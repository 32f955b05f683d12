package transport_test

import (
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A client that has reset the connection has no address any more when its request is refused.
func TestHTTP_resetBeforeHandOver(t *testing.T) {
	const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	r := serve(t, "epoll")
	var peers []*peer
	for range 100 {
		p := r.dial()
		p.send(request[:1]) // who has said nothing is still the kernel's
		peers = append(peers, p)
	}
	r.StopAccepting()
	for refused := false; !refused; peers = peers[1:] { // net/http closes its end a little later
		peers[0].send(request[1:])
		res, err := http.ReadResponse(peers[0].r, nil)
		refused = err == nil && res.StatusCode == http.StatusServiceUnavailable
	}
	for _, p := range peers {
		require.NoError(t, p.Conn.(*net.TCPConn).SetLinger(0))
		p.send(request[1:])
		require.NoError(t, p.Close())
	}
	// All but those whose reset came first were refused, and the loops live to close.
}
