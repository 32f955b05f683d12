package transport

// WireCase and WireCases are the table that the reader's tests and those over sockets share.
type WireCase = wireCase

var (
	WireCases = wireCases
	Unhex     = unhex
)
