package transport

import (
	"os"

	"golang.org/x/sys/unix"
)

// listenerOptions sets what sockets accepted by the portable driver inherit. SO_SNDBUF is set on each.
func listenerOptions(fd uintptr, o *Options) error {
	for _, set := range []struct{ name, value int }{
		{unix.TCP_NOTSENT_LOWAT, notSentLowat},
		{unix.TCP_RXT_CONNDROPTIME, int(o.sendTimeout().Seconds())},
	} {
		if err := unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, set.name, set.value); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	return nil
}
