package sdk

import (
	"eventrelay/sdk/abi"
	"eventrelay/sdk/internal/host"
)

// current is the event at hand. A global, since a local would escape to the heap through the handler.
var current Event

// handle runs h on a record and returns what to answer. Go's WebAssembly spends some 20 ns on a call, so the way of an
// event that passes has no more of them than it needs.
func handle(h Handler, b []byte) (abi.AnswerKind, []byte) {
	current.load(b)
	v := h(&current)
	if v.kind == pass {
		return abi.AnswerPass, nil
	}
	return v.answer()
}

// initialize runs the handler of OnInit and reports whether the filter can start.
func initialize(config []byte) bool {
	if handlers.init == nil {
		return true
	}
	err := handlers.init(Config(config))
	if err != nil {
		host.Reason(abi.ReasonDrop, err.Error())
	}
	return err == nil
}
