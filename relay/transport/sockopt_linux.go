package transport

// listenerOptions sets what sockets accepted by the portable driver inherit.
func listenerOptions(fd uintptr, o *Options) error { return socketOptions(int(fd), o) }
