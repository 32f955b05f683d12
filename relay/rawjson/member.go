package rawjson

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"math/bits"
)

// member is the key of one member of an object that is being read. It holds no pointer, as it is written for every key.
type member struct {
	start, end int  // of the key's text
	at         int  // where the key stands
	decoded    bool // the text is in decoded, as the key has escapes; else in data
}

// text returns the key of m, unescaped.
func (s *Scanner) text(m member) []byte {
	if m.decoded {
		return s.decoded[m.start:m.end]
	}
	return s.data[m.start:m.end]
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
	m := member{start: start + 1, end: s.pos - 1, at: start}
	if escaped {
		m.start, m.decoded = len(s.decoded), true
		s.decoded = AppendString(s.decoded, s.data[start:s.pos])
		m.end = len(s.decoded)
	}
	s.members = append(s.members, m)
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
		twice = s.samePair(keys)
	} else {
		twice = s.sameHashed(keys)
	}
	if twice < 0 {
		return true
	}
	return s.fail(keys[twice].at, fmt.Sprintf("key %.64q for the second time in one object", s.text(keys[twice])))
}

// samePair returns the index of a key that an earlier one equals, or -1.
func (s *Scanner) samePair(keys []member) int {
	for i := 1; i < len(keys); i++ {
		for j := range i {
			if s.same(keys[i], keys[j]) {
				return i
			}
		}
	}
	return -1
}

func (s *Scanner) same(a, b member) bool {
	return a.end-a.start == b.end-b.start && bytes.Equal(s.text(a), s.text(b))
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
		slot := int(maphash.Bytes(seed, s.text(m))) & (size - 1)
		for ; table[slot] != 0; slot = (slot + 1) & (size - 1) {
			if s.same(keys[table[slot]-1], m) {
				return i
			}
		}
		table[slot] = int32(i + 1)
	}
	return -1
}
