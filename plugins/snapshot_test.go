package plugins

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestImage(t *testing.T) {
	mem := make([]byte, 3*int(pageSize))
	mem[0], mem[imagePage+7], mem[len(mem)-1] = 1, 2, 3
	was := append([]byte(nil), mem...)
	im := newImage(mem)
	assert.Len(t, im.data, 3*imagePage, "zeros are not kept")
	assert.True(t, im.equal(mem))
	for i := range mem {
		mem[i] ^= byte(i%251 + 1)
	}
	assert.False(t, im.equal(mem))
	im.restore(mem)
	assert.Equal(t, was, mem)
	assert.False(t, im.equal(mem[:int(pageSize)]))
}

func TestMemories(t *testing.T) {
	m := &memories{limit: 4 * uint64(pageSize)}
	l := m.allocate(1 << 40)
	b := l.Reallocate(uint64(pageSize))
	require.Len(t, b, int(pageSize))
	b[0], b[len(b)-1] = 1, 2
	grown := l.Reallocate(4 * uint64(pageSize))
	assert.Same(t, &b[0], &grown[0], "growing does not move it")
	assert.Equal(t, byte(2), grown[int(pageSize)-1])
	grown[len(grown)-1] = 3
	assert.Nil(t, l.Reallocate(5*uint64(pageSize)), "the limit holds whatever the module says")
	l.Free()
	l.Free()
	assert.Len(t, m.free, 1)

	again := m.allocate(4 * uint64(pageSize))
	assert.Empty(t, m.free, "it is used again")
	for _, c := range again.Reallocate(4 * uint64(pageSize)) {
		if c != 0 {
			t.Fatal("what one instance left is seen by the next")
		}
	}
	again.Free()
	var many []*linear
	for range 2 * maxFree {
		many = append(many, m.allocate(uint64(pageSize)))
	}
	for _, l := range many {
		l.Free()
	}
	assert.Len(t, m.free, maxFree)
	m.close()
	assert.Empty(t, m.free)
}
