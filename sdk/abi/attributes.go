package abi

import (
	"bytes"
	"iter"
)

// Attributes is the encoded list of a record's attributes: for each a u16 key length, a u32 value length, the key and
// the value; sorted by key, keys unique. Decode and Check return only what is well formed; the other methods ignore
// what follows a malformed attribute.
type Attributes []byte

// AppendAttribute appends one attribute. Keys must come in ascending order and hold 1 to MaxKey bytes.
func AppendAttribute[K, V ~string | ~[]byte](dst []byte, key K, value V) []byte {
	dst = append16(dst, uint16(len(key)))
	dst = append32(dst, uint32(len(value)))
	dst = append(dst, key...)
	return append(dst, value...)
}

// All yields key and value of each attribute, in order, as views.
func (a Attributes) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for len(a) > 0 {
			key, value, rest, ok := a.next()
			if !ok || !yield(key, value) {
				return
			}
			a = rest
		}
	}
}

// Get returns the value of key as a view, and whether there is one.
func (a Attributes) Get(key string) (value []byte, ok bool) {
	for k, v := range a.All() {
		if string(k) == key {
			return v, true
		}
	}
	return nil, false
}

// Len returns the number of attributes.
func (a Attributes) Len() int {
	n := 0
	for range a.All() {
		n++
	}
	return n
}

// Check returns what is wrong with a: ErrAttribute, ErrKey, ErrOrder, or nil.
func (a Attributes) Check() error {
	var last []byte // nil sorts before every key that is not empty
	for len(a) > 0 {
		key, _, rest, ok := a.next()
		switch {
		case !ok:
			return ErrAttribute
		case len(key) == 0:
			return ErrKey
		case bytes.Compare(last, key) >= 0:
			return ErrOrder
		}
		last, a = key, rest
	}
	return nil
}

// next splits the first attribute off. It is not ok when a holds less than that attribute says.
func (a Attributes) next() (key, value []byte, rest Attributes, ok bool) {
	if len(a) < AttributeSize {
		return nil, nil, nil, false
	}
	k, v := uint64(get16(a)), uint64(get32(a[2:]))
	if AttributeSize+k+v > uint64(len(a)) {
		return nil, nil, nil, false
	}
	key, after := cut(a[AttributeSize:], int(k))
	value, after = cut(after, int(v))
	return key, value, after, true
}
