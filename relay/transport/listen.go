package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// listenPortable opens addr for the portable driver.
func (s *Server) listenPortable(addr string) error {
	ln, err := listenTuned(addr, &s.options)
	if err != nil {
		return listenError(addr, err)
	}
	s.addr = ln.Addr()
	s.portable.accept(ln)
	return nil
}

// listenTuned opens a listener whose sockets have the options that the system lets them inherit.
func listenTuned(addr string, o *Options) (net.Listener, error) {
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		failed := raw.Control(func(fd uintptr) { err = listenerOptions(fd, o) })
		return errors.Join(failed, err)
	}}
	return lc.Listen(context.Background(), "tcp", addr)
}

// listenError says what to do about an address that cannot be had.
func listenError(addr string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("listen on %s: the port is taken, perhaps by another relay; stop that, or set another address with listen (RELAY_LISTEN): %w", addr, err)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("listen on %s: not allowed; ports below 1024 need CAP_NET_BIND_SERVICE: %w", addr, err)
	}
	return fmt.Errorf("listen on %s: %w", addr, err)
}
