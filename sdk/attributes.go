package sdk

import (
	"iter"

	"eventrelay/sdk/abi"
)

// Attributes are the named strings that travel with an event, sorted by name, in the form in which they cross the
// boundary: nothing is decoded before it is asked for. nil holds none; With makes more.
type Attributes []byte

// Get returns a copy of the value of key, or "".
func (a Attributes) Get(key string) string {
	v, _ := a.Lookup(key)
	return string(v)
}

// Lookup returns the value of key, and whether there is one. The value is valid as long as the event.
func (a Attributes) Lookup(key string) (value []byte, ok bool) { return abi.Attributes(a).Get(key) }

// All yields names and values in order, valid as long as the event.
func (a Attributes) All() iter.Seq2[[]byte, []byte] { return abi.Attributes(a).All() }

// Len returns the number of attributes.
func (a Attributes) Len() int { return abi.Attributes(a).Len() }

// With returns a copy of a in which key has value. key must have 1 to 65,535 bytes.
func (a Attributes) With(key, value string) Attributes {
	if len(key) == 0 || len(key) > abi.MaxKey {
		panic("sdk: attribute key is empty or longer than 65535 bytes")
	}
	out, placed := make(Attributes, 0, len(a)+abi.AttributeSize+len(key)+len(value)), false
	for k, v := range a.All() {
		if !placed && string(k) >= key {
			out, placed = abi.AppendAttribute(out, key, value), true
		}
		if string(k) != key {
			out = abi.AppendAttribute(out, k, v)
		}
	}
	if !placed {
		out = abi.AppendAttribute(out, key, value)
	}
	return out
}

// Without returns a copy of a that lacks key.
func (a Attributes) Without(key string) Attributes {
	out := make(Attributes, 0, len(a))
	for k, v := range a.All() {
		if string(k) != key {
			out = abi.AppendAttribute(out, k, v)
		}
	}
	return out
}
