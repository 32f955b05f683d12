package script

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"eventrelay/sdk/abi"
)

// native is a function of the host that the prelude calls. The prelude passes what the comments in the table say, and
// nothing else: no script can make it pass an object where a string is due.
type native uint32

const maxArgs = 6

const (
	nativeData native = iota
	nativeText
	nativeBytes
	nativeTopic
	nativeAttributes
	nativeTime
	nativeID
	nativeAnswer
	nativeEmit
	nativeLog
	nativeReason
	nativeKVGet
	nativeKVBytes
	nativeKVSet
	nativeKVAdd
	nativeNow
	nativeRandom
	nativeMetric
	natives
)

var nativeTable = [natives]struct {
	name string
	call func(v *VM, args *[maxArgs]value) value
}{
	nativeData:       {"data", (*VM).nativeData},             // () → the payload, parsed
	nativeText:       {"text", (*VM).nativeText},             // () → the payload as a string
	nativeBytes:      {"bytes", (*VM).nativeBytes},           // () → the payload as Uint8Array
	nativeTopic:      {"topic", (*VM).nativeTopic},           // () → string
	nativeAttributes: {"attributes", (*VM).nativeAttributes}, // () → object
	nativeTime:       {"time", (*VM).nativeTime},             // () → ms
	nativeID:         {"id", (*VM).nativeID},                 // () → string
	nativeAnswer:     {"answer", (*VM).nativeAnswer},         // (form, payload, kind, topic?, attributes?) → whether it could
	nativeEmit:       {"emit", (*VM).nativeEmit},             // the same → 0 no room, 1 done, 2 could not write the payload
	nativeLog:        {"log", (*VM).nativeLog},               // (level, string)
	nativeReason:     {"reason", (*VM).nativeReason},         // (code, string)
	nativeKVGet:      {"kvGet", (*VM).nativeKVGet},           // (key) → string or null
	nativeKVBytes:    {"kvBytes", (*VM).nativeKVBytes},       // (key) → Uint8Array or null
	nativeKVSet:      {"kvSet", (*VM).nativeKVSet},           // (key, string or Uint8Array, ttl) → whether there was room
	nativeKVAdd:      {"kvAdd", (*VM).nativeKVAdd},           // (key, delta, ttl) → sum, or null
	nativeNow:        {"now", (*VM).nativeNow},               // () → ms
	nativeRandom:     {"random", (*VM).nativeRandom},         // (n) → Uint8Array
	nativeMetric:     {"metric", (*VM).nativeMetric},         // (name, delta)
}

// natives makes the object whose methods are the natives.
func (v *VM) natives() (value, error) {
	object, err := v.once("JS_NewObject", uint64(v.js))
	if err != nil {
		return 0, err
	}
	for i := range nativeTable {
		name, err := v.put([]byte(nativeTable[i].name))
		if err != nil {
			return 0, err
		}
		fn, err := v.once("JS_NewCFunctionData2", uint64(v.js), tableIndex, uint64(name), 0, uint64(i), 0, 0)
		if err != nil {
			return 0, err
		}
		if _, err := v.once("JS_SetPropertyStr", uint64(v.js), object, uint64(name), fn); err != nil {
			return 0, err
		}
	}
	return value(object), nil
}

// throw makes the call of the host throw a TypeError at the place where the script made it.
func (v *VM) throw(format string, args ...any) value {
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), "%", "%%")
	ptr, err := v.put([]byte(strings.ReplaceAll(text, "\x00", " ")))
	if err != nil {
		panic(err)
	}
	r, err := v.once("JS_ThrowTypeError", uint64(v.js), uint64(ptr), 0)
	if err != nil {
		panic(err)
	}
	v.must(callFreeBlock, uint64(ptr))
	return value(r)
}

// string makes a string of bytes, which may be in the guest's memory or not.
func (v *VM) string(b []byte) value {
	ptr, err := v.put(b)
	if err != nil {
		return v.throw("out of memory")
	}
	r := v.must(callString, uint64(v.js), uint64(ptr), uint64(len(b)))
	v.must(callFreeBlock, uint64(ptr))
	return value(r)
}

// byteArray makes a Uint8Array.
func (v *VM) byteArray(b []byte) value {
	ptr, err := v.put(b)
	if err != nil {
		return v.throw("out of memory")
	}
	r := v.must(callBytes, uint64(v.js), uint64(ptr), uint64(len(b)))
	v.must(callFreeBlock, uint64(ptr))
	return value(r)
}

// utf8 calls use with a string as UTF-8.
func (v *VM) utf8(x value, use func(b []byte)) {
	ptr := uint32(v.must(callCString, uint64(v.js), uint64(v.out), uint64(x), 0))
	if ptr == 0 {
		panic(ErrMemory)
	}
	n, _ := v.mem.ReadUint32Le(v.out)
	use(v.view(ptr, n))
	v.must(callFreeCString, uint64(v.js), uint64(ptr))
}

// bytesOf calls use with the bytes of a string or of a Uint8Array.
func (v *VM) bytesOf(x value, use func(b []byte)) {
	if x.tag() != tagObject {
		v.utf8(x, use)
		return
	}
	r := v.must(callUint8Array, uint64(v.js), uint64(v.out), uint64(x))
	n, _ := v.mem.ReadUint32Le(v.out)
	if uint32(r) == 0 {
		n = 0 // detached: empty
	}
	use(v.view(uint32(r), n))
}

// payload is where the payload of the record at hand lies.
func (v *VM) payload() (ptr, n uint32) {
	n = uint32(len(v.record.Payload))
	return v.state.ptr + v.size - n, n
}

func (v *VM) nativeData(_ *[maxArgs]value) value {
	ptr, n := v.payload()
	if v.plain.ok {
		if x, ok := v.parse(ptr, n); ok {
			return x
		}
	}
	return value(v.must(callParse, uint64(v.js), uint64(ptr), uint64(n), uint64(ptr+n))) // a zero follows the record
}

func (v *VM) nativeText(_ *[maxArgs]value) value {
	ptr, n := v.payload()
	return value(v.must(callString, uint64(v.js), uint64(ptr), uint64(n)))
}

func (v *VM) nativeBytes(_ *[maxArgs]value) value {
	ptr, n := v.payload()
	return value(v.must(callBytes, uint64(v.js), uint64(ptr), uint64(n)))
}

func (v *VM) nativeTopic(_ *[maxArgs]value) value {
	return value(v.must(callString, uint64(v.js), uint64(v.state.ptr+abi.HeaderSize), uint64(len(v.record.Topic))))
}

func (v *VM) nativeAttributes(_ *[maxArgs]value) value {
	text := []byte{'{'}
	for key, val := range v.record.Attributes.All() {
		if len(text) > 1 {
			text = append(text, ',')
		}
		text = appendQuoted(append(appendQuoted(text, key), ':'), val)
	}
	text = append(text, '}')
	x, err := v.parseText(text)
	if err != nil {
		panic(err)
	}
	return x
}

func (v *VM) nativeTime(_ *[maxArgs]value) value { return number(float64(v.record.Time) / 1e6) }

func (v *VM) nativeID(_ *[maxArgs]value) value { return v.string([]byte(v.host.EventID())) }

func (v *VM) nativeLog(args *[maxArgs]value) value {
	v.utf8(args[1], func(b []byte) { v.host.Log(abi.Level(args[0].low()), b) })
	return undefined
}

func (v *VM) nativeReason(args *[maxArgs]value) value {
	v.utf8(args[1], func(b []byte) { v.host.Reason(abi.ReasonCode(args[0].low()), b) })
	return undefined
}

func (v *VM) kvGet(key value, make func([]byte) value) value {
	var found []byte
	var has bool
	var err error
	v.utf8(key, func(b []byte) { found, has, err = v.host.KVGet(b) })
	switch {
	case err != nil:
		return v.throw("kv.get: %v", err)
	case !has:
		return null
	}
	return make(found)
}

func (v *VM) nativeKVGet(args *[maxArgs]value) value   { return v.kvGet(args[0], v.string) }
func (v *VM) nativeKVBytes(args *[maxArgs]value) value { return v.kvGet(args[0], v.byteArray) }

func (v *VM) nativeKVSet(args *[maxArgs]value) value {
	var key []byte
	var ok bool
	var err error
	v.utf8(args[0], func(b []byte) { key = append(key, b...) })
	v.bytesOf(args[1], func(b []byte) { ok, err = v.host.KVSet(key, b, v.whole(args[2])) })
	if err != nil {
		return v.throw("kv.set: %v", err)
	}
	return boolean(ok)
}

func (v *VM) nativeKVAdd(args *[maxArgs]value) value {
	var sum int64
	var err error
	v.utf8(args[0], func(b []byte) { sum, err = v.host.KVAdd(b, v.whole(args[1]), v.whole(args[2])) })
	switch {
	case err != nil:
		return v.throw("kv.add: %v", err)
	case sum == abi.KVAddRefused:
		return null
	}
	return number(float64(sum))
}

// whole returns a number, which the prelude has seen to be whole.
func (v *VM) whole(x value) int64 {
	f, _ := x.float()
	return int64(max(min(f, 1<<53), -1<<53))
}

func (v *VM) nativeNow(_ *[maxArgs]value) value {
	t, err := v.host.Now()
	if err != nil {
		return v.throw("now: %v", err)
	}
	return number(math.Floor(float64(t)/1e3) / 1e3)
}

// maxRandom is the most random bytes of one call.
const maxRandom = 64 << 10

func (v *VM) nativeRandom(args *[maxArgs]value) value {
	n := v.whole(args[0])
	if n < 0 || n > maxRandom {
		return v.throw("random: %d bytes; ask for 0 to %d at a time", n, maxRandom)
	}
	b := make([]byte, n)
	if err := v.host.Random(b); err != nil {
		return v.throw("random: %v", err)
	}
	return v.byteArray(b)
}

func (v *VM) nativeMetric(args *[maxArgs]value) value {
	var err error
	v.utf8(args[0], func(b []byte) { err = v.host.Metric(b, v.whole(args[1])) })
	if err != nil {
		return v.throw("metric: %v", err)
	}
	return undefined
}

// appendQuoted appends a string as JSON; what is no UTF-8 in it is replaced.
func appendQuoted(b, s []byte) []byte {
	q, _ := json.Marshal(string(s)) // strings always can be
	return append(b, q...)
}

func quoteList(words []string) []byte {
	b, _ := json.Marshal(append([]string{}, words...))
	return b
}
