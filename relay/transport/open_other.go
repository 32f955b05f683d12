//go:build !linux

package transport

// listen opens addr. Every driver but the portable one needs Linux.
func (s *Server) listen(addr string) error { return s.listenPortable(addr) }
