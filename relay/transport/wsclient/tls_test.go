package wsclient_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay/transport/wsclient"
)

func TestDial_tls(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		defer conn.Close()
		ws.WriteFrame(conn, ws.NewTextFrame([]byte("over TLS")))
		drain(conn)
	}))
	defer srv.Close()
	url := strings.Replace(srv.URL, "https", "wss", 1)
	_, err := wsclient.Dial(ctx(t), url, wsclient.Options{})
	require.Error(t, err, "a certificate that nobody vouches for")

	c := dial(t, url, wsclient.Options{TLS: srv.Client().Transport.(*http.Transport).TLSClientConfig})
	_, got, err := c.ReadMessage(ctx(t))
	require.NoError(t, err)
	assert.Equal(t, "over TLS", string(got))
	c.CloseNow()
}
