package script

import (
	"fmt"
	"slices"
)

// RejectionName is an import of QuickJS, of module env.
const RejectionName = "host_promise_rejection"

// Rejected is that function: QuickJS calls it for a promise that is rejected while nobody
// waits for it, and again should somebody come to wait. It gives away a reference to each, in blocks of their own.
func (v *VM) Rejected(stack []uint64) {
	promise, reason, handled := v.given(uint32(stack[0])), v.given(uint32(stack[1])), uint32(stack[2]) != 0
	v.must(callFree, uint64(v.js), uint64(reason))
	if !handled {
		v.rejected = append(v.rejected, promise)
		return
	}
	if i := slices.Index(v.rejected, promise); i >= 0 {
		v.rejected = slices.Delete(v.rejected, i, i+1)
		v.must(callFree, uint64(v.js), uint64(promise))
	}
	v.must(callFree, uint64(v.js), uint64(promise))
}

// given takes a value out of its block.
func (v *VM) given(ptr uint32) value {
	raw, ok := v.mem.ReadUint64Le(ptr)
	if !ok {
		panic(fmt.Errorf("BUG: a value at %d is outside QuickJS's memory", ptr))
	}
	v.must(callFreeBlock, uint64(ptr))
	return value(raw)
}

// unwaited returns what the first promise was rejected for that nobody waits for, such as that of an async function
// called without await: an event must not pass because a check of it failed unseen.
func (v *VM) unwaited() error {
	if len(v.rejected) == 0 {
		return nil
	}
	reason, err := v.once("JS_PromiseResult", uint64(v.js), uint64(v.rejected[0]))
	if err != nil {
		return err
	}
	if err := v.forgive(); err != nil {
		return err
	}
	return v.describe(value(reason))
}

// forgive lets go of the promises that were rejected.
func (v *VM) forgive() error {
	for len(v.rejected) > 0 {
		last := len(v.rejected) - 1
		x := v.rejected[last]
		v.rejected = v.rejected[:last]
		if err := v.free(x); err != nil {
			return err
		}
	}
	return nil
}
