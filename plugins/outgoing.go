package plugins

import (
	"fmt"

	"eventrelay/relay"
	"eventrelay/sdk/abi"
)

// outgoing is an event on its way into guests. A chain whose filters let it pass gives the same record to one after the
// other: the second time it is kept, as copying is cheaper than encoding.
type outgoing struct {
	event  *relay.Event
	hook   hook
	header abi.Header
	size   uint32
	failed *failure // of header
	writes int
	record []byte // from the second write on
}

// maxKeptRecord bounds what is kept: of a large event, one copy more would cost more than it saves.
const maxKeptRecord = 8 << 10

// set makes ev the event to write.
func (o *outgoing) set(ev *relay.Event) {
	o.event, o.hook, o.writes = ev, onEvent, 0
	o.header, o.failed = header(ev)
	o.size = uint32(o.header.Size())
}

// setHook makes ev the record of a connection or subscription.
func (o *outgoing) setHook(h hook, ev *relay.Event) {
	o.set(ev)
	o.hook, o.header.Flags = h, 0
}

// write puts the record into dst, which has exactly the room that is needed.
func (o *outgoing) write(dst []byte) {
	o.writes++
	switch {
	case o.writes == 1 || len(dst) > maxKeptRecord:
		encode(dst[:0], o.header, o.event)
		return
	case o.writes == 2:
		if cap(o.record) < len(dst) {
			o.record = make([]byte, len(dst), maxKeptRecord)
		}
		o.record = o.record[:len(dst)]
		encode(o.record[:0], o.header, o.event)
	}
	copy(dst, o.record)
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
