package sdk

import (
	"eventrelay/sdk/abi"
	"eventrelay/sdk/internal/host"
)

// current is the event at hand. A global, since a local would escape to the heap through the handler.
var current Event

// handle runs h on a record and returns what to answer.
func handle(h Handler, b []byte) (abi.AnswerKind, []byte) {
	rec, err := abi.Decode(b)
	if err != nil {
		panic("sdk: " + err.Error()) // the host broke the contract
	}
	current.load(&rec)
	v := h(&current)
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
