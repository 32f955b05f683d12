package plugins

import (
	"eventrelay/relay"
	"eventrelay/sdk/abi"
)

// handle gives the guest an event and returns its answer. room is how much it may emit and how long it may run; what it
// emitted is in call.emitted afterwards. The event is not changed. now is the time by nanos, or unread. After a failure whose
// cause is poisoned the instance must be brought back to its beginning, or closed.
func (in *instance) handle(out *outgoing, room budget, now int64) (a answer, failed *failure) {
	c := &in.call
	c.event, c.hook, c.code, c.reason = out.event, out.hook, abi.ReasonDrop, c.reason[:0]
	c.emitted, c.room = c.emitted[:0], room
	in.log.begin()
	in.meter.begin(now, room.time, int64(in.filter.limits.Fuel))
	raw, failed := in.exchange(out)
	in.spent = in.meter.end()
	in.log.end()
	in.count()
	in.seen++
	switch {
	case failed != nil:
	case out.hook == onEvent:
		a, failed = in.read(raw, out.event)
	default:
		a, failed = in.readHook(raw, out)
	}
	if failed != nil {
		failed.fuel = in.spent
	}
	return a, failed
}

// exchange writes the event into the guest's buffer and calls the hook: one write, one call.
func (in *instance) exchange(out *outgoing) (abi.Answer, *failure) {
	if out.failed != nil {
		return 0, out.failed
	}
	size := out.size
	if size > in.room {
		// At least the usual size: after a refusal there is no buffer, and the next event should not ask for each byte.
		if failed := in.grow(max(size, abi.FirstBuffer)); failed != nil {
			return 0, failed
		}
	}
	// NOTE: buf is a view of the guest's memory, and is written to in place.
	buf, ok := in.mem.Read(in.ptr, size)
	if !ok {
		return 0, badAnswer("the buffer at %d is not within memory", in.ptr) // BUG: memory never shrinks
	}
	out.write(buf)
	in.stack[0] = uint64(size)
	if err := in.on[out.hook].CallWithStack(&in.ctx, in.stack[:]); err != nil {
		return 0, in.callFailure(err)
	}
	return abi.Answer(in.stack[0]), nil
}

func flags(ev *relay.Event) abi.Flags {
	f := [...]abi.Flags{relay.KindBinary: 0, relay.KindText: abi.Text, relay.KindJSON: abi.Text | abi.JSON}[ev.Kind]
	if ev.Source == relay.Inbound {
		f |= abi.Inbound
	}
	return f
}

func kind(f abi.Flags) relay.Kind {
	switch {
	case f&abi.JSON != 0:
		return relay.KindJSON
	case f&abi.Text != 0:
		return relay.KindText
	}
	return relay.KindBinary
}
