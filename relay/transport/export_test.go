package transport

import "net"

// WireCase and WireCases are the table that the reader's tests and those over sockets share.
type WireCase = wireCase

var (
	WireCases    = wireCases
	DeflateCases = deflateCases
	Unhex        = unhex
)

// Adopt has the portable driver carry c as if net/http had read its handshake.
func (s *Server) Adopt(c net.Conn) { s.Admit()(c) }

// Admit does the first half of Adopt, and returns the other.
func (s *Server) Admit() (adopt func(net.Conn)) {
	if s.reserve() != nil {
		return func(net.Conn) {}
	}
	u := &upgrade{answer: []byte("HTTP/1.1 101 Switching Protocols\r\n\r\n")}
	return func(c net.Conn) { s.portable.adopt(c, u, nil) }
}
