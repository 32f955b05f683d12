package wsclient

import (
	"bufio"
	"net"
)

// NewConn makes a Conn of a connection whose handshake is done.
func NewConn(conn net.Conn, o Options) *Conn {
	return newConn(conn, bufio.NewReader(conn), "", o.Compress, o.withDefaults())
}
