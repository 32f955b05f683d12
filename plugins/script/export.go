package script

import (
	"context"
	"errors"

	"eventrelay/sdk/abi"
)

// Export returns what a module of ABI v1 exports under a name, or nil. Errors of CallWithStack are those of the guest's
// calls, and ErrMemory; what the script throws is a negative answer, with its text as reason.
func (v *VM) Export(name string) interface {
	CallWithStack(ctx context.Context, stack []uint64) error
} {
	switch name {
	case abi.ExportVersion:
		return export(func(stack []uint64) error { stack[0] = uint64(v.hooks); return nil })
	case abi.ExportBuffer:
		return export(v.buffer)
	case abi.ExportOnEvent:
		return v.hook(abi.OnEvent, entryEvent)
	case abi.ExportOnConnect:
		return v.hook(abi.OnConnect, entryConnect)
	case abi.ExportOnSubscribe:
		return v.hook(abi.OnSubscribe, entrySubscribe)
	case abi.ExportOnDisconnect:
		return v.hook(abi.OnDisconnect, entryDisconnect)
	}
	return nil
}

type export func(stack []uint64) error

// CallWithStack calls the export.
func (e export) CallWithStack(_ context.Context, stack []uint64) error { return e(stack) }

func (v *VM) hook(h abi.Hook, e entry) interface {
	CallWithStack(ctx context.Context, stack []uint64) error
} {
	if v.hooks&h == 0 {
		return nil
	}
	return export(func(stack []uint64) error {
		answer, err := v.handle(e, uint32(stack[0]))
		stack[0] = uint64(answer)
		return err
	})
}

// buffer is relay_buffer.
func (v *VM) buffer(stack []uint64) error {
	v.level = 0
	n := uint32(stack[0])
	stack[0] = 0
	if v.state.ptr != 0 {
		if _, err := v.do(callFreeBlock, uint64(v.state.ptr)); err != nil {
			return err
		}
		v.state.ptr, v.state.room = 0, 0
	}
	ptr, err := v.alloc(n + 1) // and a zero behind the record
	if errors.Is(err, ErrMemory) {
		return nil
	}
	if err != nil {
		return err
	}
	v.state.ptr, v.state.room = ptr, n
	stack[0] = uint64(ptr)
	return nil
}

// Remember keeps what Rewind brings back, with the guest's memory and globals, which are the caller's.
func (v *VM) Remember() { v.start = v.state }

// Rewind says that the guest's memory and globals are what they were at Remember.
func (v *VM) Rewind() {
	v.state, v.level = v.start, 0
	clear(v.parser.atoms) // those that were made since are gone
	v.rejected = v.rejected[:0]
}
