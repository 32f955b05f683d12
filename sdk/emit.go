package sdk

import (
	"errors"

	"eventrelay/sdk/abi"
	"eventrelay/sdk/internal/host"
)

// ErrEmitRefused is returned when an emitted event would exceed the cap on their number or bytes per call.
var ErrEmitRefused = errors.New("too many events emitted in one call")

// Emit makes a further event on topic, which goes on with the filters after this one. What is emitted stays so if the
// event at hand is dropped, but not if the call fails. A topic that is none, or a payload that is not of its kind, is a
// trap.
func Emit(topic string, kind Kind, payload []byte) error {
	return EmitEvent(&Event{Topic: topic, Kind: kind, Payload: payload})
}

// EmitEvent is Emit with attributes. Time and Inbound are those of the event at hand, whatever e says.
func EmitEvent(e *Event) error {
	record = e.append(record[:0])
	if host.Emit(record) == abi.EmitRefused {
		return ErrEmitRefused
	}
	return nil
}
