package transport

import (
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A peer that does not read what it is answered is cut, whatever answers.
func TestHTTP_unreadAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHTTPSide(&Server{deps: Deps{HTTP: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler)}, options: DefaultOptions()})
		h.serve(nil)
		mute, end := net.Pipe() // a write waits for a read
		require.True(t, h.hand(end, []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")))
		time.Sleep(httpAnswer + time.Second) // of the bubble's clock
		_, err := mute.Write([]byte("x"))
		assert.Error(t, err, "the other end is closed")
		_ = mute.Close()
		h.stop()
		h.close()
	})
}
