package wsclient_test

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"eventrelay/relay"
	"eventrelay/relay/transport/wsclient"
)

// canned is a connection on which the peer has sent everything at once, and which takes every write.
type canned struct {
	net.Conn
	io.Reader
}

func (c canned) Read(p []byte) (int, error)       { return c.Reader.Read(p) }
func (canned) Write(p []byte) (int, error)        { return len(p), nil }
func (canned) Close() error                       { return nil }
func (canned) SetReadDeadline(t time.Time) error  { return nil }
func (canned) SetWriteDeadline(t time.Time) error { return nil }
func fromPeer(b []byte, o wsclient.Options) *wsclient.Conn {
	return wsclient.NewConn(canned{Reader: bytes.NewReader(b)}, o)
}

func FuzzConn_ReadMessage(f *testing.F) {
	for _, seed := range []string{
		"\x81\x05Hello", "\x01\x03Hel\x89\x01!\x80\x02lo", "\x82\x7e\x00\x7e", "\x82\x7f\x80", "\x88\x05\x10\x04bye", "\x88\x01\x03",
		"\xc1\x00", "\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00", "\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00", "\x81\x81\x00\x00\x00\x00a", "\x81\x01\xff", "\x8a\x00",
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, compress bool) {
		c := fromPeer(b, wsclient.Options{MaxMessage: 1024, Compress: compress})
		for {
			kind, p, err := c.ReadMessage(t.Context())
			if err != nil {
				require.Error(t, err)
				return
			}
			require.LessOrEqual(t, len(p), 1024)
			require.True(t, kind == relay.KindBinary || utf8.Valid(p))
		}
	})
}
