package sdktest

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"

	"eventrelay/sdk/abi"
)

// world serves the host functions to a Filter under test.
type world struct{ f *Filter }

func (w world) Log(level abi.Level, text string) { w.f.Logs = append(w.f.Logs, Line{level, text}) }

func (w world) Reason(code abi.ReasonCode, text string) {
	if code > abi.ReasonReject && !(w.f.call.refuses && code.IsStatus()) {
		panic("sdktest: an event cannot be refused with a status") // in relay it is a trap
	}
	w.f.call.code, w.f.call.reason = code, text
}

func (w world) Emit(record []byte) int32 {
	if !w.f.call.mayEmit {
		panic("sdktest: events cannot be emitted while the filter starts or a client connects")
	}
	if len(w.f.call.emitted) == w.f.MaxEmit {
		return abi.EmitRefused
	}
	e, err := decode(record, w.f.call.parent)
	if err == nil {
		err = check(e)
	}
	if err != nil {
		panic("sdktest: emitted event: " + err.Error())
	}
	w.f.call.emitted = append(w.f.call.emitted, e)
	return 0
}

func (w world) KVGet(key string, out []byte) int32 {
	v, ok := w.f.KV[key]
	if !ok {
		return abi.KVAbsent
	}
	if len(v) <= len(out) {
		copy(out, v)
	}
	return int32(len(v))
}

func (w world) KVSet(key string, value []byte, ttl int64) int32 {
	if ttl < 0 {
		delete(w.f.KV, key)
		return 0
	}
	w.f.KV[key] = bytes.Clone(value)
	return 0
}

func (w world) KVAdd(key string, delta, _ int64) int64 {
	sum := delta
	if v, ok := w.f.KV[key]; ok {
		if len(v) != 8 {
			panic("sdktest: kv_add: the value is not 8 bytes long") // in relay it is a trap
		}
		sum += int64(binary.LittleEndian.Uint64(v))
	}
	w.f.KV[key] = binary.LittleEndian.AppendUint64(nil, uint64(sum))
	return sum
}

func (w world) Now() int64 { return w.f.Now.UnixNano() }

func (w world) Random(b []byte) { _, _ = rand.Read(b) }

func (w world) Metric(name string, delta int64) { w.f.Counts[name] += delta }
