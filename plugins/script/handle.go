package script

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"eventrelay/sdk/abi"
)

// entry is a function of the prelude.
type entry uint8

const (
	entryAdopt entry = iota // (namespace) → hooks
	entryInit               // () → what onInit returned
	entryEvent              // (flags) → an answer, or a promise
	entryConnect
	entrySubscribe
	entryDisconnect
	entryFinish // (what a promise came to) → an answer
	entryPlain  // () → whether plain data is read and written by the host
	entries
)

// Answers of the prelude.
const (
	saidPass = iota
	saidDrop
	saidAnswer // v.answer is it
)

// answerRoom is how large an answer may be without allocating for it.
const answerRoom = 16 << 10

// handle gives the script a record of size bytes, which is in the buffer.
func (v *VM) handle(e entry, size uint32) (abi.Answer, error) {
	v.level, v.answer, v.size, v.parser.shortest = 0, abi.Pass, size, false
	v.trim()
	if v.state.large != 0 {
		if _, err := v.do(callFreeBlock, uint64(v.state.large)); err != nil {
			return 0, err
		}
		v.state.large = 0
	}
	v.mem.WriteByte(v.state.ptr+size, 0)
	var err error
	if v.record, err = abi.Decode(v.view(v.state.ptr, size)); err != nil {
		return 0, fmt.Errorf("BUG: %w", err)
	}
	r, err := v.invoke(e, integer(int32(v.record.Flags)))
	if err == nil {
		r, err = v.finish(r)
	}
	if err == nil {
		err = v.unwaited()
	}
	if thrown, ok := errors.AsType[*Error](err); ok {
		if _, err := v.finish(undefined); err != nil { // lest it be done in the next event's time
			return 0, err
		}
		if err := v.forgive(); err != nil {
			return 0, err
		}
		v.host.Reason(abi.ReasonDrop, []byte(thrown.Error()))
		return abi.Error, nil
	}
	if err != nil {
		return 0, err
	}
	switch r.low() {
	case saidPass:
		return abi.Pass, nil
	case saidDrop:
		return abi.Drop, nil
	}
	return v.answer, nil
}

// keptScratch is how much scratch memory is kept between calls.
const keptScratch = 256 << 10

// trim lets go of what one large event needed.
func (v *VM) trim() {
	for _, b := range []*[]byte{&v.content, &v.encoded, &v.before, &v.parser.decoded} {
		if cap(*b) > keptScratch {
			*b = nil
		}
	}
	if p := &v.parser; 8*cap(p.values) > keptScratch {
		p.values, p.names = nil, nil // names are about as many
	}
}

// finish sees to what was left to be done later, and to an answer that is a promise.
func (v *VM) finish(r value) (value, error) {
	if r.tag() != tagObject {
		pending, err := v.do(callPending, uint64(v.rt))
		if err != nil || uint32(pending) == 0 {
			return r, err
		}
		return r, v.runJobs()
	}
	r, err := v.settle(r, "the filter")
	if err != nil {
		return 0, err
	}
	if r, err = v.invoke(entryFinish, r); err != nil {
		return 0, err
	}
	return r, v.runJobs() // of getters, perhaps
}

// runJobs runs what promises left to be done. The call's time bounds it.
func (v *VM) runJobs() error {
	for {
		more, err := v.once("JS_ExecutePendingJob", uint64(v.rt), uint64(v.out))
		switch {
		case err != nil:
			return err
		case int32(more) < 0:
			return v.thrown()
		case more == 0:
			return nil
		}
	}
}

// States of a promise, by quickjs.h.
const (
	promisePending = iota
	promiseFulfilled
	promiseRejected
)

// settle returns what a promise came to; of what is none, itself. who made it is said in the error of one that waits.
func (v *VM) settle(x value, who string) (value, error) {
	if err := v.runJobs(); err != nil {
		return 0, err
	}
	if is, err := v.once("JS_IsPromise", uint64(x)); err != nil || uint32(is) == 0 {
		return x, err
	}
	state, err := v.once("JS_PromiseState", uint64(v.js), uint64(x))
	if err != nil {
		return 0, err
	}
	if state == promisePending {
		return 0, &Error{File: v.program.name, Text: who + " waits for a promise that does not settle: there is nothing to wait for in a filter, no timer and no network"}
	}
	result, err := v.once("JS_PromiseResult", uint64(v.js), uint64(x))
	if err != nil {
		return 0, err
	}
	if err := v.free(x); err != nil {
		return 0, err
	}
	if state == promiseRejected {
		return 0, v.describe(value(result))
	}
	return value(result), nil
}

// Where an answer's payload is from. The prelude has the same numbers.
const (
	formWire    = iota // as it came
	formTouched        // event.data, which the script has seen, and may have changed
	formData           // a value to be written as JSON
	formText           // a string
	formBytes          // a Uint8Array
)

// kindFlags are the flags of the prelude's kinds: binary, text, json.
var kindFlags = [...]abi.Flags{0, abi.Text, abi.Text | abi.JSON}

// made is a record that the prelude asks for, and what of it is not as it came.
type made struct {
	record                abi.Record
	samePayload, sameRest bool
}

// make reads (form, payload, kind, topic?, attributes?). It reports false when the payload is no plain data: the prelude
// then writes it as text itself. A text is why it is no event.
func (v *VM) make(args *[maxArgs]value) (m made, ok bool, fault string) {
	m = made{record: v.record, sameRest: true}
	m.record.Flags = kindFlags[args[2].low()%3]
	m.sameRest = m.record.Flags == v.record.Flags&(abi.Text|abi.JSON)
	switch x := args[1]; args[0].low() {
	case formWire:
		m.samePayload = true
	case formTouched, formData:
		if v.content, ok = v.plain.encode(v, v.content[:0], x); !ok {
			return m, false, ""
		}
		m.samePayload = args[0].low() == formTouched && v.same()
	case formText, formBytes:
		v.bytesOf(x, func(b []byte) { v.content = append(v.content[:0], b...) })
	}
	if !m.samePayload {
		m.record.Payload = v.content
	}
	if args[3] != undefined {
		v.utf8(args[3], func(b []byte) { m.record.Topic = append([]byte(nil), b...) })
		m.sameRest = false
	}
	if args[4] != undefined {
		v.utf8(args[4], func(b []byte) { m.record.Attributes, fault = attributes(b) })
		m.sameRest = false
	}
	return m, true, fault
}

// same reports whether content, which is event.data as it is now, is what the payload says: then it goes on as it came,
// with its white space, and with numbers that no double holds.
func (v *VM) same() bool {
	if bytes.Equal(v.content, v.record.Payload) {
		return true
	}
	if v.parser.shortest {
		return false
	}
	x := v.nativeData(nil)
	if x == exception {
		return false
	}
	var ok bool
	v.before, ok = v.plain.encode(v, v.before[:0], x)
	v.must(callFree, uint64(v.js), uint64(x))
	return ok && bytes.Equal(v.content, v.before)
}

// attributes reads a JSON list of keys and values, as the prelude writes it.
func attributes(text []byte) (attrs abi.Attributes, fault string) {
	var list []string
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err.Error()
	}
	if len(list)%2 != 0 {
		return nil, "BUG: an attribute has no value"
	}
	pairs := slices.Collect(slices.Chunk(list, 2))
	slices.SortFunc(pairs, func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	for i, p := range pairs {
		switch {
		case p[0] == "":
			return nil, "an attribute has an empty name"
		case len(p[0]) > abi.MaxKey:
			return nil, fmt.Sprintf("the name of an attribute has %d bytes; at most %d", len(p[0]), abi.MaxKey)
		case i > 0 && pairs[i-1][0] == p[0]: // two names that differ in what is no Unicode only
			return nil, fmt.Sprintf("two attributes are named %q", p[0])
		}
		attrs = abi.AppendAttribute(attrs, p[0], p[1])
	}
	return attrs, ""
}

// nativeAnswer prepares the answer to the event at hand.
func (v *VM) nativeAnswer(args *[maxArgs]value) value {
	m, ok, fault := v.make(args)
	switch {
	case !ok:
		return boolean(false)
	case fault != "":
		return v.throw("%s", fault)
	case m.samePayload && m.sameRest:
		v.answer = abi.Pass
	case m.sameRest:
		v.answer = abi.PayloadAnswer(v.place(m.record.Payload), uint32(len(m.record.Payload)))
	default:
		v.encoded = abi.AppendRecord(v.encoded[:0], &m.record)
		v.answer = abi.RecordAnswer(v.place(v.encoded), uint32(len(v.encoded)))
	}
	return boolean(true)
}

// place copies an answer to where the host finds it.
func (v *VM) place(b []byte) uint32 {
	if len(b) <= answerRoom {
		v.mem.Write(v.block, b)
		return v.block
	}
	ptr, err := v.put(b)
	if err != nil {
		panic(err)
	}
	v.state.large = ptr
	return ptr
}

// nativeEmit emits an event.
func (v *VM) nativeEmit(args *[maxArgs]value) value {
	m, ok, fault := v.make(args)
	switch {
	case !ok:
		return integer(2)
	case fault != "":
		return v.throw("%s", fault)
	}
	v.encoded = abi.AppendRecord(v.encoded[:0], &m.record)
	room, err := v.host.Emit(v.encoded)
	switch {
	case err != nil:
		return v.throw("emit: %v", err)
	case !room:
		return integer(0)
	}
	return integer(1)
}
