package transport

import "net"

// WireCase and WireCases are the table that the reader's tests and those over sockets share.
type WireCase = wireCase

var (
	WireCases = wireCases
	Unhex     = unhex
)

// Adopt has the portable driver carry c as if net/http had read its handshake.
func (s *Server) Adopt(c net.Conn) {
	if s.reserve() == nil {
		s.portable.adopt(c, &upgrade{answer: []byte("HTTP/1.1 101 Switching Protocols\r\n\r\n")}, nil)
	}
}
