package rawjson

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"math/bits"
)

// member is the key of one member of an object that is being read, and where it stands.
type member struct {
	key []byte // unescaped
	at  int
}

// key steps over a key and its colon.
func (s *Scanner) key() bool {
	if !s.at('"') {
		return s.unexpected("a key in double quotes")
	}
	start := s.pos
	escaped, ok := s.str()
	if !ok {
		return false
	}
	key := s.data[start+1 : s.pos-1]
	if escaped {
		key = AppendString(nil, s.data[start:s.pos])
	}
	s.members = append(s.members, member{key, start})
	if s.space() != ':' {
		return s.unexpected("':'")
	}
	s.pos++
	return true
}

// few is the number of members up to which comparing all pairs is cheaper than hashing.
const few = 12

// distinct ends an object: it checks that the keys from mark on are all different, and forgets them.
func (s *Scanner) distinct(mark int) bool {
	keys := s.members[mark:]
	s.members = s.members[:mark]
	var twice int
	if len(keys) <= few {
		twice = samePair(keys)
	} else {
		twice = s.sameHashed(keys)
	}
	if twice < 0 {
		return true
	}
	return s.fail(keys[twice].at, fmt.Sprintf("key %.64q for the second time in one object", keys[twice].key))
}

// samePair returns the index of a key that an earlier one equals, or -1.
func samePair(keys []member) int {
	for i := 1; i < len(keys); i++ {
		for j := range i {
			if bytes.Equal(keys[i].key, keys[j].key) {
				return i
			}
		}
	}
	return -1
}

// seed keeps publishers from choosing keys that collide.
var seed = maphash.MakeSeed()

// sameHashed does what samePair does in linear time, with an open hash table of indices plus one.
func (s *Scanner) sameHashed(keys []member) int {
	size := 1 << bits.Len(uint(2*len(keys)))
	if cap(s.table) < size {
		s.table = make([]int32, size)
	}
	table := s.table[:size]
	clear(table)
	for i, m := range keys {
		slot := int(maphash.Bytes(seed, m.key)) & (size - 1)
		for ; table[slot] != 0; slot = (slot + 1) & (size - 1) {
			if bytes.Equal(keys[table[slot]-1].key, m.key) {
				return i
			}
		}
		table[slot] = int32(i + 1)
	}
	return -1
}
