package plugins

import (
	"fmt"
	"math/rand/v2"

	"github.com/tetratelabs/wazero/api"

	"eventrelay/plugins/meter"
)

// beginning is where an instance was after its start, so that it can be brought back there: its memory, its mutable
// globals, and what the host remembers of it. Tables and dropped segments are no part of it, so a module that can
// change those has none.
type beginning struct {
	memory    *image
	globals   []uint64
	ptr, room uint32
	restore   api.Function
}

// remember makes in.start, if there is to be one. Instances of a filter that came out the same share their image.
func (in *instance) remember() error {
	f := in.filter
	if !f.reset.keep || f.report.CanChangeTables {
		return nil
	}
	b := &beginning{globals: make([]uint64, f.report.SnapshotSlots), ptr: in.ptr, room: in.room}
	if len(b.globals) > 0 {
		b.restore = in.mod.ExportedFunction(meter.RestoreName)
		if err := in.mod.ExportedFunction(meter.SaveName).CallWithStack(&in.ctx, b.globals); err != nil {
			return fmt.Errorf("save globals: %w", in.callFailure(err))
		}
	}
	mem, _ := in.mem.Read(0, in.mem.Size())
	b.memory = f.imageOf(mem)
	in.start = b
	if in.script != nil {
		in.script.Remember()
	}
	return nil
}

// imageOf returns an image of mem: that which the filter has, if it is the same.
func (f *filter) imageOf(mem []byte) *image {
	f.imageMu.Lock()
	defer f.imageMu.Unlock()
	if f.image != nil && f.image.equal(mem) {
		return f.image
	}
	im := newImage(mem)
	if f.image == nil {
		f.image = im
	}
	return im
}

// rewind brings the instance back to its beginning. It reports false when it cannot: memory has grown, which nothing
// undoes, or there is no beginning.
func (in *instance) rewind() bool {
	b := in.start
	if b == nil || int(in.mem.Size()) != b.memory.size {
		return false
	}
	mem, _ := in.mem.Read(0, in.mem.Size())
	b.memory.restore(mem)
	in.meter.stack.Set(uint64(in.filter.limits.Stack))
	in.meter.begin(nanos(), in.filter.limits.Init, 0)
	if b.restore != nil {
		in.values = append(in.values[:0], b.globals...)
		if err := b.restore.CallWithStack(&in.ctx, in.values); err != nil {
			return false
		}
	}
	in.meter.end()
	if in.script != nil {
		in.script.Rewind()
	}
	in.ptr, in.room, in.seen, in.monotonic = b.ptr, b.room, 0, 0
	in.random = rand.NewChaCha8(in.filter.sum)
	return true
}

// selfTest proves that the instance can be brought back to its beginning, and works from there.
func (in *instance) selfTest() error {
	if in.start == nil {
		return nil
	}
	if !in.rewind() {
		return fmt.Errorf("self-test: memory or globals could not be brought back to where they were after the start")
	}
	if failed := in.grow(in.start.room); failed != nil {
		return fmt.Errorf("self-test: %w", failed)
	}
	if !in.rewind() {
		return fmt.Errorf("self-test: after %s, the instance could not be brought back to its start", "relay_buffer")
	}
	return nil
}
