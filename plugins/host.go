package plugins

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"eventrelay/sdk/abi"
)

// relayFuncs is the import module "relay", as sdk/abi specifies it.
var relayFuncs = map[string]hostFunc{
	abi.ImportLog:    {"iii", "", 0, hostLog},
	abi.ImportReason: {"iii", "", 0, hostReason},
	abi.ImportEmit:   {"ii", "i", 0, hostEmit},
	abi.ImportKVGet:  {"iiii", "i", grantKV, hostKVGet},
	abi.ImportKVSet:  {"iiiiI", "i", grantKV, hostKVSet},
	abi.ImportKVAdd:  {"iiII", "I", grantKV, hostKVAdd},
	abi.ImportNow:    {"", "I", grantNow, hostNow},
	abi.ImportRandom: {"ii", "", grantRandom, hostRandom},
	abi.ImportMetric: {"iiI", "", grantMetric, hostMetric},
}

// span returns the guest's bytes that stack[0] and stack[1] name, as a view that is good until the guest runs again.
// A range outside memory is a trap.
func (in *instance) span(stack []uint64) []byte {
	ptr, n := uint32(stack[0]), uint32(stack[1])
	view, ok := in.memory().Read(ptr, n)
	if !ok {
		panic(trap(fmt.Sprintf("a range of %d bytes at %d is outside memory", n, ptr)))
	}
	return view
}

func i32(v int32) uint64 { return uint64(uint32(v)) }

func hostLog(in *instance, stack []uint64) {
	in.log.line(abi.Level(stack[0]), in.span(stack[1:]))
}

func hostReason(in *instance, stack []uint64) {
	code, text := abi.ReasonCode(stack[0]), in.span(stack[1:])
	if code > abi.ReasonReject && !(in.call.hook.refuses() && code.IsStatus()) {
		panic(trap(fmt.Sprintf("reason has no code %d", code)))
	}
	// Cleaned when it is needed: guests may give reasons that nobody will read.
	in.call.code, in.call.reason = code, append(in.call.reason[:0], text[:min(len(text), maxReason)]...)
}

func hostEmit(in *instance, stack []uint64) {
	view := in.span(stack)
	if in.call.event == nil || in.call.hook == onConnect {
		panic(trap("emit is for events and subscriptions, not for the start or for connections"))
	}
	stack[0] = 0
	room, err := in.emit(view)
	if err != nil {
		panic(trap(clean("emit: "+err.Error(), maxErrorText)))
	}
	if !room {
		stack[0] = i32(abi.EmitRefused)
		in.filter.plugin.stats.refused.Add(1)
	}
}

// emit copies an event out of the guest. It reports whether there was room; its error says what is wrong with the record.
func (in *instance) emit(view []byte) (room bool, err error) {
	rec, err := abi.Decode(view)
	if err != nil {
		return false, err
	}
	if !in.call.room.take(len(rec.Payload), len(rec.Attributes)) {
		return false, nil
	}
	ev, err := in.emitted(&rec)
	if err != nil {
		return false, err
	}
	in.call.emitted = append(in.call.emitted, ev)
	return true, nil
}

func hostKVGet(in *instance, stack []uint64) {
	key, out := in.span(stack), in.span(stack[2:])
	n, ok := in.filter.plugin.kv.get(key, out)
	if !ok {
		n = int(abi.KVAbsent)
	}
	stack[0] = i32(int32(n))
}

func hostKVSet(in *instance, stack []uint64) {
	key, value, ttl := in.span(stack), in.span(stack[2:]), int64(stack[4])
	stack[0] = 0
	if !in.filter.plugin.kv.set(key, value, ttl) {
		stack[0] = i32(abi.KVRefused)
	}
}

func hostKVAdd(in *instance, stack []uint64) {
	sum, err := in.filter.plugin.kv.add(in.span(stack), int64(stack[2]), int64(stack[3]))
	switch {
	case errors.Is(err, errKVFull):
		sum = abi.KVAddRefused
	case err != nil:
		panic(trap("kv_add: " + err.Error()))
	}
	stack[0] = uint64(sum)
}

func hostNow(in *instance, stack []uint64) {
	stack[0] = uint64(in.filter.plugin.world.now().UnixNano())
}

func hostRandom(in *instance, stack []uint64) {
	in.randomize(in.span(stack), in.filter.plugin.world.random)
}

// randomPiece is how many random bytes are made between two looks at the clock.
const randomPiece = 64 << 10

// randomize fills p from a source that never fails.
func (in *instance) randomize(p []byte, source io.Reader) {
	for piece := range slices.Chunk(p, randomPiece) {
		_, _ = io.ReadFull(source, piece)
		in.meter.hosted()
	}
}

const maxMetricName = 64

func hostMetric(in *instance, stack []uint64) {
	name := in.span(stack)
	if err := checkMetricName(name); err != nil {
		panic(trap("metric: " + err.Error()))
	}
	in.filter.plugin.stats.custom.add(name, int64(stack[2]))
}

func checkMetricName(name []byte) error {
	if !isMetricName(name) {
		return fmt.Errorf("the name %q is not of the form [a-z_][a-z0-9_]*, at most %d bytes", clean(name, maxFrameBytes), maxMetricName)
	}
	return nil
}

func isMetricName(name []byte) bool {
	if len(name) == 0 || len(name) > maxMetricName {
		return false
	}
	for i, c := range name {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz_", rune(c)) && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}
