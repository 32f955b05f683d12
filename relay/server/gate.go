package server

import (
	"sync/atomic"

	"eventrelay/relay"
	"eventrelay/relay/auth"
)

// gate is the guard in force: a reload puts another in its place.
type gate struct{ atomic.Pointer[auth.Guard] }

// Admit implements relay.Gate.
func (g *gate) Admit(h *relay.Handshake) (relay.Grant, error) { return g.Load().Admit(h) }
