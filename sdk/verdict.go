package sdk

import (
	"unsafe"

	"eventrelay/sdk/abi"
	"eventrelay/sdk/internal/host"
)

// Verdict is what a handler decides. The zero Verdict is Pass.
//
// It is two words, which Go returns in WebAssembly in half the time of more, without an allocation.
type Verdict struct {
	kind   verdictKind
	status uint16         // of refuse
	size   uint32         // of what data points to, if that is text or a payload
	data   unsafe.Pointer // the first byte of text or payload, or an *Event
}

type verdictKind uint8

const (
	pass verdictKind = iota
	drop
	reject
	refuse
	fail
	replace
	replaceEvent
)

// Pass lets the event go on unchanged.
func Pass() Verdict { return Verdict{} }

// Drop ends the event here, which is fine: its publisher learns the reason, with status 200.
func Drop(reason string) Verdict { return words(drop, reason) }

// Reject ends the event here and tells the publisher that it is at fault, with status 422 and the reason.
func Reject(reason string) Verdict { return words(reject, reason) }

// Refuse refuses a connection or a subscription with an HTTP status from 400 to 599, such as 401, and tells the client the
// reason. Drop and Reject refuse with 403. For an event, which has no status, Refuse is a trap.
func Refuse(status int, reason string) Verdict {
	if code := abi.ReasonCode(status); !code.IsStatus() {
		panic("sdk: Refuse takes a status from 400 to 599")
	}
	v := words(refuse, reason)
	v.status = uint16(status)
	return v
}

// Fail says that the filter could not decide; the operator's on_error does. The filter keeps its state.
func Fail(reason string) Verdict { return words(fail, reason) }

// Replace lets the event go on with another payload of the same kind. The payload may be any memory, also a part of
// the event's own payload, edited in place; relay copies it.
func Replace(payload []byte) Verdict {
	return Verdict{kind: replace, size: uint32(len(payload)), data: unsafe.Pointer(unsafe.SliceData(payload))}
}

// ReplaceEvent lets e go on in place of the event: with its topic, kind, payload and attributes. e may be the event
// itself, changed.
func ReplaceEvent(e *Event) Verdict { return Verdict{kind: replaceEvent, data: unsafe.Pointer(e)} }

func words(kind verdictKind, reason string) Verdict {
	return Verdict{kind: kind, size: uint32(len(reason)), data: unsafe.Pointer(unsafe.StringData(reason))}
}

func (v Verdict) text() string { return unsafe.String((*byte)(v.data), v.size) }

func (v Verdict) payload() []byte { return unsafe.Slice((*byte)(v.data), v.size) }

func (v Verdict) event() *Event { return (*Event)(v.data) }

// record is the memory of answered and emitted records, reused.
var record []byte

// answer tells the host why, where a reason is due, and returns what to answer.
func (v Verdict) answer() (abi.AnswerKind, []byte) {
	switch v.kind {
	case drop:
		host.Reason(abi.ReasonDrop, v.text())
		return abi.AnswerDrop, nil
	case reject:
		host.Reason(abi.ReasonReject, v.text())
		return abi.AnswerDrop, nil
	case refuse:
		host.Reason(abi.ReasonCode(v.status), v.text())
		return abi.AnswerDrop, nil
	case fail:
		host.Reason(abi.ReasonDrop, v.text())
		return abi.AnswerError, nil
	case replace:
		return abi.AnswerPayload, v.payload()
	case replaceEvent:
		record = v.event().append(record[:0])
		return abi.AnswerRecord, record
	}
	return abi.AnswerPass, nil
}
