//go:build !linux && !darwin

package transport

// listenerOptions sets nothing: here each socket gets SO_SNDBUF, and the rest is the system's.
func listenerOptions(uintptr, *Options) error { return nil }
