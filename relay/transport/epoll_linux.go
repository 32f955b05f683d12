package transport

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file holds system calls only.

const socketEvents = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET

// poller is an epoll instance with an eventfd that wakes it. Epoll data is a number of the owner's choice; the eventfd
// has wakeID. Its owner waits as a goroutine, in the runtime's own epoll, which the instance is in.
type poller struct {
	// Set at construction.
	epoll, event int
	file         *os.File // epoll
	parked       syscall.RawConn
	try          func(fd uintptr) bool

	// Owned by whoever waits.
	events []unix.EpollEvent
	n      int
	armed  time.Time // file's deadline

	mu     sync.Mutex
	closed bool // guarded by mu: event may be another's descriptor by now
}

const wakeID = -1

func openPoller() (*poller, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	ev, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(ep)
		return nil, os.NewSyscallError("eventfd", err)
	}
	p := &poller{epoll: ep, event: ev}
	_ = unix.SetNonblock(ep, true) // else NewFile would not think of the runtime's epoll
	p.file = os.NewFile(uintptr(ep), "epoll")
	if p.parked, err = p.file.SyscallConn(); err != nil {
		p.close()
		return nil, err
	}
	p.try = func(uintptr) bool {
		p.n = p.ready(p.events)
		return p.n > 0
	}
	// Edge-triggered: each write is one event, and nobody need read the count.
	if err := p.add(ev, wakeID, unix.EPOLLIN|unix.EPOLLET); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *poller) add(fd int, id int32, events uint32) error {
	ev := unix.EpollEvent{Events: events, Fd: id}
	_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(p.epoll), unix.EPOLL_CTL_ADD, uintptr(fd), uintptr(unsafe.Pointer(&ev)), 0, 0)
	if errno != 0 {
		return os.NewSyscallError("epoll_ctl", errno)
	}
	return nil
}

func (p *poller) modify(fd int, id int32, events uint32) {
	ev := unix.EpollEvent{Events: events, Fd: id}
	_ = unix.EpollCtl(p.epoll, unix.EPOLL_CTL_MOD, fd, &ev) // fails only for a descriptor that was never added
}

func (p *poller) remove(fd int) { _ = unix.EpollCtl(p.epoll, unix.EPOLL_CTL_DEL, fd, nil) }

// wait returns the ready events, waiting for one up to timeout, or perhaps less. A goroutine waits, not a thread: in
// epoll_wait a thread would hold its P until the runtime takes it back, which takes up to 10 ms.
func (p *poller) wait(events []unix.EpollEvent, timeout time.Duration) int {
	if timeout <= 0 {
		return p.ready(events)
	}
	p.events, p.n = events, 0
	// The owner waits for the same time again and again: a deadline that is right or early is left as it is.
	now := time.Now()
	if due := now.Add(timeout); !p.armed.After(now) || due.Before(p.armed) {
		p.armed = due
		_ = p.file.SetReadDeadline(due) // fails only after close
	}
	_ = p.parked.Read(p.try) // the deadline: the owner looks at its own and comes again
	return p.n
}

// ready returns the events that are ready now.
func (p *poller) ready(events []unix.EpollEvent) int {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// yield lets others run first: the goroutines of this P, and the threads of this core. A raw call, as it comes back with the
// next time slice.
func yield() {
	runtime.Gosched()
	_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) // cannot fail
}

// wake makes a blocked wait return. Called from any goroutine.
func (p *poller) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		var one [8]byte
		binary.NativeEndian.PutUint64(one[:], 1)
		_, _ = unix.Write(p.event, one[:]) // cannot fail: the count never gets near its limit
	}
}

func (p *poller) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	_ = unix.Close(p.event)
	_ = p.file.Close()
}

// send writes what goes without blocking. A full socket is (0, nil).
func send(fd int, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)),
			unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EAGAIN:
			return 0, nil
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}

// recv reads what has come. Nothing is (0, EAGAIN); the end of the stream is (0, nil).
func recv(fd int, p []byte) (int, error) {
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}

// accept takes one connection, never through net.Listener: its descriptor would stay in the runtime's epoll too. It tells
// the address at the other end, which takes a call less than asking for it.
func accept(listener int) (fd int, remote netip.AddrPort, err error) {
	var sa unix.RawSockaddrInet6 // the larger of the two
	size := uint32(unsafe.Sizeof(sa))
	n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(listener), uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)),
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return 0, netip.AddrPort{}, errno
	}
	return int(n), addrPort(&sa), nil
}

// peerAddr returns the address at the other end, or the zero AddrPort.
func peerAddr(fd int) netip.AddrPort {
	var sa unix.RawSockaddrInet6 // the larger of the two; unix.Getpeername would allocate its answer
	size := uint32(unsafe.Sizeof(sa))
	_, _, errno := unix.RawSyscall(unix.SYS_GETPEERNAME, uintptr(fd), uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return netip.AddrPort{}
	}
	return addrPort(&sa)
}

func addrPort(sa *unix.RawSockaddrInet6) netip.AddrPort {
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&sa.Port))[:]) // in network order
	switch sa.Family {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(sa)).Addr), port)
	case unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), port)
	}
	return netip.AddrPort{}
}

// shutdownWrite closes our half of the connection.
func shutdownWrite(fd int) { _ = unix.Shutdown(fd, unix.SHUT_WR) }

// closeFD closes a socket. abort frees what the kernel still has to send.
func closeFD(fd int, abort bool) {
	if abort {
		_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	}
	_ = unix.Close(fd)
}

// netConn makes a net.Conn of fd, which it takes over. fd must be in no epoll.
func netConn(fd int) (net.Conn, error) {
	f := os.NewFile(uintptr(fd), "")
	defer f.Close()
	c, err := net.FileConn(f) // duplicates fd
	if err != nil {
		return nil, err
	}
	return newLazyConn(c.(*net.TCPConn)) // this package listens on TCP only
}

// socketOptions are set on listeners; accepted sockets inherit them, which saves five calls per connection.
func socketOptions(fd int, o *Options) error {
	for _, set := range []struct{ level, name, value int }{
		{unix.SOL_SOCKET, unix.SO_REUSEADDR, 1},
		// Fixed, as the kernel would let it grow: some hundred stuck clients could take all memory that TCP may use.
		{unix.SOL_SOCKET, unix.SO_SNDBUF, int(o.SendBuffer)},
		{unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		// The backlog stays in the shared feeds, not in a copy per socket.
		{unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSentLowat},
		{unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(o.sendTimeout().Milliseconds())},
		{unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, o.deferAccept()},
	} {
		if err := unix.SetsockoptInt(fd, set.level, set.name, set.value); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	return nil
}
