package plugins

import (
	"encoding/binary"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	maxKVBytes = 1 << 20
	maxKVItems = maxKVBytes / kvOverhead
)

func TestKV(t *testing.T) {
	s := newKV(maxKVBytes)
	get := func(key string, room int) (string, int, bool) {
		out := make([]byte, room)
		n, ok := s.get([]byte(key), out)
		return string(out), n, ok
	}
	_, _, ok := get("a", 8)
	assert.False(t, ok)
	assert.True(t, s.set([]byte("a"), []byte("value"), 0))
	got, n, ok := get("a", 5)
	assert.Equal(t, "value", got)
	assert.Equal(t, 5, n)
	assert.True(t, ok)
	got, n, ok = get("a", 4)
	assert.Equal(t, "\x00\x00\x00\x00", got, "what does not fit is not written")
	assert.Equal(t, 5, n)
	assert.True(t, ok)
	assert.True(t, s.set([]byte("a"), []byte("v2"), 0))
	_, n, _ = get("a", 5)
	assert.Equal(t, 2, n)
	assert.True(t, s.set([]byte("a"), nil, -1))
	_, _, ok = get("a", 5)
	assert.False(t, ok)
	assert.Zero(t, s.bytes)
}

func TestKV_Add(t *testing.T) {
	s := newKV(maxKVBytes)
	for _, want := range []int64{5, 10, 15} {
		sum, err := s.add([]byte("n"), 5, 0)
		require.NoError(t, err)
		assert.Equal(t, want, sum)
	}
	var out [8]byte
	n, _ := s.get([]byte("n"), out[:])
	assert.Equal(t, 8, n)
	assert.Equal(t, uint64(15), binary.LittleEndian.Uint64(out[:]))
	s.set([]byte("text"), []byte("x"), 0)
	_, err := s.add([]byte("text"), 1, 0)
	assert.ErrorIs(t, err, errKVNumber)
	_, err = s.add(make([]byte, maxKVBytes), 1, 0)
	assert.ErrorIs(t, err, errKVFull)
}

// A counter that is in use, such as a limit's, is not what makes room for new keys.
func TestKV_CountersInUseStay(t *testing.T) {
	s := newKV(maxKVBytes)
	for i := range 2 * maxKVItems {
		_, err := s.add([]byte("busy"), 1, 0)
		require.NoError(t, err)
		s.set(fmt.Appendf(nil, "key%d", i), nil, 0)
	}
	sum, _ := s.add([]byte("busy"), 1, 0)
	assert.Equal(t, int64(2*maxKVItems+1), sum)
}

func TestKV_Expires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newKV(maxKVBytes)
		s.set([]byte("soon"), []byte("x"), 1000)
		s.set([]byte("far"), []byte("x"), 1<<62)
		_, _ = s.add([]byte("window"), 1, 2000)
		time.Sleep(time.Second) // of the bubble's clock
		_, ok := s.get([]byte("soon"), nil)
		assert.False(t, ok)
		_, ok = s.get([]byte("far"), nil)
		assert.True(t, ok)
		sum, _ := s.add([]byte("window"), 1, 2000)
		assert.Equal(t, int64(2), sum)
		time.Sleep(time.Second) // of the bubble's clock
		sum, _ = s.add([]byte("window"), 1, 2000)
		assert.Equal(t, int64(1), sum, "the window began with the first")
	})
}

func TestKV_IsBounded(t *testing.T) {
	s := newKV(maxKVBytes)
	for i := range 3 * maxKVItems {
		require.True(t, s.set(fmt.Appendf(nil, "key%d", i), make([]byte, i%50), 0))
	}
	assert.LessOrEqual(t, len(s.items), maxKVItems)
	assert.LessOrEqual(t, s.bytes, maxKVBytes)
	_, ok := s.get([]byte("key0"), nil)
	assert.False(t, ok, "the oldest made room")
	_, ok = s.get(fmt.Appendf(nil, "key%d", 3*maxKVItems-1), nil)
	assert.True(t, ok)
	assert.False(t, s.set([]byte("huge"), make([]byte, maxKVBytes), 0))
	last := fmt.Appendf(nil, "key%d", 3*maxKVItems-1)
	assert.False(t, s.set(last, make([]byte, maxKVBytes), 0))
	_, ok = s.get(last, nil)
	assert.True(t, ok, "a value that was refused does not cost the one that is there")
	_, ok = s.get(make([]byte, maxKVBytes), nil)
	assert.False(t, ok)
	sum := 0
	for _, e := range s.items {
		sum += e.Value.(*kvItem).size()
	}
	bytes, early := s.usage()
	assert.Equal(t, sum, bytes)
	assert.Equal(t, 3*maxKVItems-len(s.items), int(early))
}

// What has expired makes room, too, but is not missed.
func TestKV_ExpiredIsNotEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newKV(10 * (kvOverhead + 5))
		for i := range 100 {
			s.set(fmt.Appendf(nil, "key%02d", i), nil, 5)
			time.Sleep(time.Millisecond) // of the bubble's clock
		}
		assert.Len(t, s.items, 10)
		_, early := s.usage()
		assert.Zero(t, early)
	})
}
