package transport

import (
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// What stands for every connection, idle or not. Another field is paid for by all of them: see whether rare will do.
func TestState_size(t *testing.T) {
	assert.LessOrEqual(t, unsafe.Sizeof(state{}), uintptr(40))
}

// A client that is idle again holds what it held when it was new.
func TestState_rest(t *testing.T) {
	s, _ := newSession(t)
	s.receive(unhex("82 8a 00"), time.Second) // half a header
	require.NotNil(t, s.rare)
	assert.Equal(t, time.Second, s.part().since)
	s.receive(unhex("00 00 00"), 2*time.Second)
	require.NotNil(t, s.part())
	assert.Equal(t, time.Second, s.part().since, "since its first byte")
	s.form = relay.Envelope
	s.receive(make([]byte, 10), 3*time.Second)
	require.NotNil(t, s.rare, "its command took a token")
	require.Nil(t, s.part())
	s.receive(unhex("8a 80 00 00 00 00"), time.Minute)
	assert.Nil(t, s.rare)
}

// A pong, which is all that an idle client sends, allocates nothing.
func TestSession_pongAllocatesNothing(t *testing.T) {
	s, _ := newSession(t)
	pong := unhex("8a 80 00 00 00 00")
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		s.asked = true
		s.receive(pong, time.Minute)
	}))
}
