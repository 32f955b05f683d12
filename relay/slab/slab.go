// Package slab keeps many elements of one type by number. It owns their places, and knows nothing of what they are.
//
// Elements stand in chunks that never move: growing copies nothing and leaves no garbage behind, where a slice that
// doubles leaves as much as it holds, and a pointer to an element stays good. Elements that refer to each other by
// number instead of by pointer cost the garbage collector nothing.
package slab

const (
	chunkBits = 8
	chunkLen  = 1 << chunkBits
)

// Slab is a list of elements with a freelist. The zero value is empty and ready. It is not safe for concurrent use.
type Slab[T any] struct {
	chunks []*[chunkLen]T
	len    uint32   // elements that were ever in use at once
	free   []uint32 // below len, and not in use
}

// Add puts v in a free place, or in a new one, and returns its number.
func (s *Slab[T]) Add(v T) uint32 {
	i := s.len
	if last := len(s.free) - 1; last >= 0 {
		i = s.free[last]
		s.free = s.free[:last]
	} else {
		s.Grow(int(i) + 1)
	}
	*s.At(i) = v
	return i
}

// Remove sets element i to its zero value and has Add use its place again. i must be in use.
func (s *Slab[T]) Remove(i uint32) {
	var zero T
	*s.At(i) = zero
	s.free = append(s.free, i)
}

// Grow makes room for elements 0 to n-1, for an owner that numbers them itself and does not use Add and Remove.
func (s *Slab[T]) Grow(n int) {
	for len(s.chunks)*chunkLen < n {
		s.chunks = append(s.chunks, new([chunkLen]T))
	}
	s.len = max(s.len, uint32(n))
}

// At returns element i, which must be below Len. The pointer stays good, whatever is added later.
func (s *Slab[T]) At(i uint32) *T { return &s.chunks[i/chunkLen][i%chunkLen] }

// Len is one more than the highest number that was ever in use.
func (s *Slab[T]) Len() int { return int(s.len) }

// InUse is how many elements are in use.
func (s *Slab[T]) InUse() int { return int(s.len) - len(s.free) }
