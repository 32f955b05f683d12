package plugins

import (
	"fmt"

	"eventrelay/relay"
	"eventrelay/sdk/abi"
)

// handle gives the guest an event and returns its answer. room is how much it may emit at most; what it emitted
// is in call.emitted afterwards. ev is not changed. A failure whose cause is poisoned ends the instance.
func (in *instance) handle(ev *relay.Event, room budget) (answer, *failure) {
	c := &in.call
	c.event, c.code, c.reason = ev, abi.ReasonDrop, c.reason[:0]
	c.emitted, c.room = c.emitted[:0], room
	in.log.begin()
	in.ctx.arm(in.filter.limits.Time)
	raw, failed := in.exchange(ev)
	if !in.ctx.disarm() && (failed == nil || !causeTable[failed.cause].poisoned) {
		failed = &failure{cause: causeTimeout, text: fmt.Sprintf("took longer than %v", in.filter.limits.Time)}
	}
	in.log.end()
	in.count()
	if failed != nil {
		return answer{}, failed
	}
	return in.read(raw, ev)
}

// exchange writes the event into the guest's buffer and calls the hook: one write, one call.
func (in *instance) exchange(ev *relay.Event) (abi.Answer, *failure) {
	h, failed := header(ev)
	if failed != nil {
		return 0, failed
	}
	size := uint32(h.Size())
	if size > in.room {
		// At least the usual size: after a refusal there is no buffer, and the next event should not ask for each byte.
		if failed := in.grow(max(size, abi.FirstBuffer)); failed != nil {
			return 0, failed
		}
	}
	// NOTE: buf is a view of the guest's memory and is encoded into in place; it has exactly the room that is needed.
	buf, ok := in.mem.Read(in.ptr, size)
	if !ok {
		return 0, badAnswer("the buffer at %d is not within memory", in.ptr) // BUG: memory never shrinks
	}
	encode(buf[:0], h, ev)
	in.stack[0] = uint64(size)
	if err := in.onEvent.CallWithStack(in.ctx, in.stack[:]); err != nil {
		return 0, callFailure(in.ctx, err)
	}
	return abi.Answer(in.stack[0]), nil
}

// maxRecord keeps the length of a record within what an answer can say.
const maxRecord = abi.MaxAddress / 2

func header(ev *relay.Event) (abi.Header, *failure) {
	size := abi.HeaderSize + len(ev.Topic) + len(ev.Payload)
	attrs := 0
	for i := range ev.Attributes {
		a := &ev.Attributes[i]
		if len(a.Key) > abi.MaxKey {
			return abi.Header{}, &failure{cause: causeTooLarge, text: "an attribute's key is too long"}
		}
		attrs += abi.AttributeSize + len(a.Key) + len(a.Value)
	}
	if size+attrs > maxRecord {
		return abi.Header{}, &failure{cause: causeTooLarge, text: fmt.Sprintf("an event of %d bytes", size+attrs)}
	}
	return abi.Header{
		Flags:      flags(ev),
		Topic:      uint32(len(ev.Topic)),
		Attributes: uint32(attrs),
		Payload:    uint32(len(ev.Payload)),
		Time:       ev.Time.UnixNano(),
	}, nil
}

func encode(dst []byte, h abi.Header, ev *relay.Event) {
	dst = abi.AppendHeader(dst, h)
	dst = append(dst, ev.Topic...)
	for i := range ev.Attributes {
		dst = abi.AppendAttribute(dst, ev.Attributes[i].Key, ev.Attributes[i].Value)
	}
	_ = append(dst, ev.Payload...)
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
