//go:build !wasip1

package sdk

import (
	"eventrelay/sdk/abi"
	"eventrelay/sdk/internal/host"
)

// Outside WebAssembly package sdktest calls the handlers, through the same records and answers.
func init() {
	host.Guest.Hooks = hooks
	host.Guest.Init = initialize
	host.Guest.Event = func(b []byte) (host.Answer, []byte) { return handle(handlers.event, b) }
	host.Guest.Connect = func(b []byte) (host.Answer, []byte) { return handle(handlers.connect, b) }
	host.Guest.Subscribe = func(b []byte) (host.Answer, []byte) { return handle(handlers.subscribe, b) }
	host.Guest.Disconnect = func(b []byte) { handle(handlers.disconnected, b) }
}

// header returns the header of the record b.
func header(b []byte) abi.Header {
	h, err := abi.ParseHeader(b)
	if err != nil {
		panic("sdk: " + err.Error())
	}
	return h
}

func same(s string, b []byte) bool { return s == string(b) }
