package sdk

import "eventrelay/sdk/abi"

// Kind says what a payload is.
type Kind uint8

const (
	Binary Kind = iota // any bytes
	Text               // UTF-8
	JSON               // one JSON value
)

// Event is one event on its way through the filters. Handlers may change it, and return it with ReplaceEvent.
//
// Payload and Attributes view the buffer that relay wrote the event into: they are valid until the handler returns,
// after which the next event overwrites them. Copy what must last (bytes.Clone). Topic is safe to keep.
type Event struct {
	Topic      string
	Payload    []byte
	Attributes Attributes
	UnixNano   int64 // when relay took it: time.Unix(0, e.UnixNano)
	Kind       Kind
	Inbound    bool // from a client's socket; otherwise published by HTTP
}

// load makes e the event of the record b. It trusts the host, which keeps to the contract; a length beyond b panics.
func (e *Event) load(b []byte) {
	h := header(b)
	attributes := abi.HeaderSize + int(h.Topic)
	payload := attributes + int(h.Attributes)
	e.Payload = b[payload:]
	e.Attributes = Attributes(b[attributes:payload:payload])
	e.UnixNano = h.Time
	e.Kind = kinds[h.Flags&(abi.Text|abi.JSON)]
	e.Inbound = h.Flags&abi.Inbound != 0
	if topic := b[abi.HeaderSize:attributes]; !same(e.Topic, topic) { // mostly it is that of the event before
		e.Topic = topics.get(topic)
	}
}

// kinds maps flags to what they say.
var kinds = [...]Kind{abi.Text: Text, abi.JSON: JSON, abi.Text | abi.JSON: JSON}

// append appends e as a record.
func (e *Event) append(dst []byte) []byte {
	dst = abi.AppendHeader(dst, abi.Header{
		Flags:      e.flags(),
		Topic:      uint32(len(e.Topic)),
		Attributes: uint32(len(e.Attributes)),
		Payload:    uint32(len(e.Payload)),
		Time:       e.UnixNano,
	})
	dst = append(dst, e.Topic...)
	dst = append(dst, e.Attributes...)
	return append(dst, e.Payload...)
}

func (e *Event) flags() abi.Flags {
	f := [...]abi.Flags{Binary: 0, Text: abi.Text, JSON: abi.JSON | abi.Text}[e.Kind]
	if e.Inbound {
		f |= abi.Inbound
	}
	return f
}
