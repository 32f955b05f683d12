package slab

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSlab(t *testing.T) {
	var s Slab[int]
	const n = 3*chunkLen + 1
	for i := range n {
		assert.EqualValues(t, i, s.Add(i))
	}
	first := s.At(0)
	s.Remove(7)
	s.Remove(chunkLen)
	assert.Zero(t, *s.At(7), "it keeps nothing alive")
	assert.Equal(t, n-2, s.InUse())
	assert.EqualValues(t, chunkLen, s.Add(-1))
	assert.EqualValues(t, 7, s.Add(-2))
	assert.EqualValues(t, n, s.Add(-3))
	assert.Equal(t, n+1, s.Len())
	assert.Equal(t, n+1, s.InUse())
	assert.Same(t, first, s.At(0), "elements never move")
	for i := range uint32(n) {
		want := int(i)
		switch i {
		case 7:
			want = -2
		case chunkLen:
			want = -1
		}
		assert.Equal(t, want, *s.At(i))
	}
}

func TestSlab_Grow(t *testing.T) {
	var s Slab[byte]
	s.Grow(chunkLen + 1)
	s.Grow(2)
	assert.Equal(t, chunkLen+1, s.Len())
	*s.At(chunkLen) = 1
	s.Grow(5 * chunkLen)
	assert.EqualValues(t, 1, *s.At(chunkLen))
	assert.Zero(t, *s.At(5*chunkLen - 1))
}

// What grows allocates each byte once: chunks, and a list of them that is small.
func TestSlab_garbage(t *testing.T) {
	const chunks = 64
	grown := testing.AllocsPerRun(10, func() {
		var s Slab[[3]uint64]
		for range chunks * chunkLen {
			s.Add([3]uint64{})
		}
	})
	assert.LessOrEqual(t, grown, chunks+8.0)
}
