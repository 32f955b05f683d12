package abi

// Answer is what a hook returns.
type Answer int64

const (
	Pass  Answer = 0  // the event goes on unchanged; the connection or subscription is accepted
	Drop  Answer = 1  // the event ends here; the connection or subscription is refused
	Error Answer = -1 // the call failed; every negative answer means this
)

// recordBit of an answer's length says that it is a full record, not a payload.
const recordBit = 1 << 31

// PayloadAnswer answers with a new payload: the n bytes at ptr.
func PayloadAnswer(ptr, n uint32) Answer { return Answer(uint64(ptr)<<32 | uint64(n)) }

// RecordAnswer answers with a full record: the n bytes at ptr.
func RecordAnswer(ptr, n uint32) Answer { return PayloadAnswer(ptr, n|recordBit) }

// AnswerKind says how an Answer is to be read.
type AnswerKind uint8

const (
	AnswerPass AnswerKind = iota
	AnswerDrop
	AnswerPayload // a new payload
	AnswerRecord  // a full record
	AnswerError   // the guest says that it failed
	AnswerBad     // no answer of this contract: a pointer below MinPointer, or a range beyond MaxAddress
)

func (k AnswerKind) String() string {
	return [...]string{"pass", "drop", "payload", "record", "error", "bad answer"}[k]
}

// Split returns how a is to be read, and the range of guest memory that it names, if any. That the range lies within
// the guest's memory is still to be checked.
func (a Answer) Split() (kind AnswerKind, ptr, n uint32) {
	switch {
	case a < 0:
		return AnswerError, 0, 0
	case a == Pass:
		return AnswerPass, 0, 0
	case a == Drop:
		return AnswerDrop, 0, 0
	}
	kind, ptr, n = AnswerPayload, uint32(uint64(a)>>32), uint32(a)
	if n&recordBit != 0 {
		kind, n = AnswerRecord, n&^recordBit
	}
	if ptr < MinPointer || uint64(ptr)+uint64(n) > MaxAddress {
		return AnswerBad, 0, 0
	}
	return kind, ptr, n
}
