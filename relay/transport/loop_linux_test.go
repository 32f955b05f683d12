package transport

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestLoop_Send(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	require.NoError(t, err)
	defer unix.Close(fds[0])
	l := new(loop)
	l.sockets.Add(socket{fd: int32(fds[0]), state: socketOpen})
	p, buf := make([]byte, 128), make([]byte, 256)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_, _ = l.Send(0, p)
		_, _ = recv(fds[1], buf)
	}))
	assert.False(t, l.socket(0).full)

	for n := len(p); n == len(p); { // until it is full: no error, but the loop must watch for room
		n, err = l.Send(0, p)
		require.NoError(t, err)
	}
	assert.True(t, l.socket(0).full)

	require.NoError(t, unix.Close(fds[1]))
	_, err = l.Send(0, p)
	require.Error(t, err)
}

// A loop that works without a wait says so, and owes others a turn, once per busyTime.
func TestLoop_tellBusy(t *testing.T) {
	said := 0
	l := &loop{core: &core{start: time.Now().Add(-time.Hour)}, srv: &Server{deps: Deps{Busy: func() { said++ }}}}
	l.tellBusy()
	assert.Zero(t, said, "it has just begun")
	assert.False(t, l.owes)
	l.busy -= busyTime
	l.tellBusy()
	assert.Equal(t, 1, said)
	assert.True(t, l.owes)
	l.srv.deps.Busy, l.owes = nil, false
	l.busy -= busyTime
	l.tellBusy()
	assert.True(t, l.owes, "whoever is told, or nobody")
}

// A wake is an event though nobody reads the count, and after close it touches no descriptor.
func TestPoller_wake(t *testing.T) {
	p, err := openPoller()
	require.NoError(t, err)
	events := make([]unix.EpollEvent, 4)
	assert.Zero(t, p.wait(events, 0))
	for range 1000 {
		p.wake()
		require.Equal(t, 1, p.wait(events, time.Minute))
		require.EqualValues(t, wakeID, events[0].Fd)
	}
	p.wake()
	p.wake()
	assert.Equal(t, 1, p.wait(events, 0))
	assert.Zero(t, p.wait(events, time.Millisecond))
	p.close()
	p.wake()
}

func TestMailbox(t *testing.T) {
	wakes, got := 0, []int{}
	m := mailbox{wake: func() { wakes++ }}
	note := func(i int) func() { return func() { got = append(got, i) } }
	assert.True(t, m.post(note(1)))
	assert.False(t, m.sleep(), "there is work")
	m.run()
	assert.True(t, m.sleep())
	m.post(note(2))
	m.post(note(3))
	assert.Equal(t, 1, wakes, "one wake for all that comes before the loop looks")
	m.awake()
	m.run()
	m.post(func() { m.post(note(5)) })
	m.post(note(4))
	m.run()
	m.run()
	assert.Equal(t, []int{1, 2, 3, 4, 5}, got)
	m.close()
	assert.False(t, m.post(note(6)))
}
