package transport

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

const backlog = 4096 // the kernel takes the smaller of this and net.core.somaxconn

// listen opens addr for the driver that the options name.
func (s *Server) listen(addr string) error {
	if s.options.Driver == "portable" {
		return s.listenPortable(addr)
	}
	fds, bound, err := listenAll(addr, s.options.Loops, &s.options)
	if err != nil {
		return listenError(addr, err)
	}
	s.addr = bound
	for i, fd := range fds {
		l, err := openLoop(s, fd)
		if err != nil {
			for _, fd := range fds[i:] {
				_ = unix.Close(fd)
			}
			return fmt.Errorf("open event loop: %w", err)
		}
		s.drivers = append(s.drivers, l)
	}
	return nil
}

// listenAll opens n listeners on one address; the kernel spreads connections over them. The first binds without
// SO_REUSEPORT: else a second relay would start on the same port, and each would get half of the clients.
func listenAll(addr string, n int, o *Options) (fds []int, bound net.Addr, err error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			for _, fd := range fds {
				_ = unix.Close(fd)
			}
		}
	}()
	for i := range n {
		fd, err := listenOne(tcp, i > 0, o)
		if err != nil {
			return fds, nil, err
		}
		fds = append(fds, fd)
		if i == 0 {
			if tcp, err = boundTo(fd); err != nil { // settles port 0
				return fds, nil, err
			}
		}
	}
	return fds, tcp, nil
}

// listenOne opens one listener. It is in the SO_REUSEPORT group from before listen, or from its bind on if join is set.
func listenOne(tcp *net.TCPAddr, join bool, o *Options) (fd int, err error) {
	domain, sa := sockaddr(tcp)
	fd, err = unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil && domain == unix.AF_INET6 && tcp.IP == nil { // no IPv6 here
		domain, sa = unix.AF_INET, &unix.SockaddrInet4{Port: tcp.Port}
		fd, err = unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	}
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	defer func() {
		if err != nil {
			_ = unix.Close(fd)
		}
	}()
	if err := socketOptions(fd, o); err != nil {
		return 0, err
	}
	if domain == unix.AF_INET6 {
		only := 1
		if tcp.IP == nil || tcp.IP.IsUnspecified() { // as net.Listen does: [::] takes IPv4 too
			only = 0
		}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only)
	}
	reuse := func() error {
		return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	}
	steps := []func() error{
		func() error { return os.NewSyscallError("bind", unix.Bind(fd, sa)) },
		reuse,
		func() error { return os.NewSyscallError("listen", unix.Listen(fd, backlog)) },
	}
	if join {
		steps[0], steps[1] = steps[1], steps[0]
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return 0, err
		}
	}
	return fd, nil
}

func sockaddr(a *net.TCPAddr) (domain int, sa unix.Sockaddr) {
	if ip := a.IP.To4(); ip != nil {
		return unix.AF_INET, &unix.SockaddrInet4{Port: a.Port, Addr: [4]byte(ip)}
	}
	sa6 := &unix.SockaddrInet6{Port: a.Port}
	copy(sa6.Addr[:], a.IP.To16())
	if i, err := net.InterfaceByName(a.Zone); err == nil {
		sa6.ZoneId = uint32(i.Index)
	}
	return unix.AF_INET6, sa6
}

func boundTo(fd int) (*net.TCPAddr, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return nil, os.NewSyscallError("getsockname", err)
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return &net.TCPAddr{IP: sa.Addr[:], Port: sa.Port}, nil
	case *unix.SockaddrInet6:
		return &net.TCPAddr{IP: sa.Addr[:], Port: sa.Port}, nil
	}
	return nil, errors.New("BUG: a listener is neither IPv4 nor IPv6")
}
