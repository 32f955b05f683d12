package bench

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// books are those of two subscribers of one topic and a third that doesn't count, and two publishers.
func books(closed bool) *ledger {
	l := newLedger([]int32{0, 0, 0}, []bool{true, true, false}, 2, 1, 8)
	l.begin()
	l.closed, l.from = closed, 0
	return l
}

func TestLedger_inOrder(t *testing.T) {
	l := books(true)
	a, b := l.launch(0, 0, 10), l.launch(1, 0, 20)
	assert.Equal(t, 2, l.inFlight)
	assert.Equal(t, int64(4), l.due)
	for _, m := range []mark{a, b} {
		l.take(0, 100, m)
		l.take(1, 200, m)
		l.take(-1, 200, m)
	}
	assert.Zero(t, l.inFlight)
	assert.Zero(t, l.due)
	l.settle()
	assert.Equal(t, counts{Events: 2, Deliveries: 4, Echoes: 2}, l.count)
	assert.Equal(t, int64(190), int64(l.latency.Max()))
}

func TestLedger_faults(t *testing.T) {
	tests := []struct {
		name  string
		order []int // of five events, as the first subscriber gets them
		want  counts
	}{
		{"none", []int{0, 1, 2, 3, 4}, counts{Deliveries: 5}},
		{"one lost", []int{0, 1, 3, 4}, counts{Deliveries: 4, Lost: 1}},
		{"the last lost", []int{0, 1, 2}, counts{Deliveries: 3, Lost: 2}},
		{"all lost", nil, counts{Lost: 5}},
		{"one twice", []int{0, 1, 1, 2, 3, 4, 4}, counts{Deliveries: 5, Duplicated: 2}},
		{"one late", []int{0, 2, 3, 1, 4}, counts{Deliveries: 5, Reordered: 1}},
		{"late and twice", []int{1, 0, 0, 2, 3, 4}, counts{Deliveries: 5, Reordered: 1, Duplicated: 1}},
		{"backwards", []int{4, 3, 2, 1, 0}, counts{Deliveries: 5, Reordered: 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := books(true)
			l.leave(1) // one is enough
			var marks []mark
			for range 5 {
				marks = append(marks, l.launch(0, 0, 0))
			}
			for _, i := range tt.order {
				l.take(0, 1, marks[i])
			}
			if len(tt.order) > 0 && tt.order[len(tt.order)-1] == 4 {
				assert.Zero(t, l.inFlight, "what is known to be lost is not waited for")
			}
			l.settle()
			tt.want.Events = 5
			assert.Equal(t, tt.want, l.count)
		})
	}
}

func TestLedger_alien(t *testing.T) {
	l := books(false)
	l.take(0, 1, mark{publisher: 0, seq: 3})
	l.take(0, 1, mark{publisher: 9, seq: 3})
	assert.Equal(t, counts{Alien: 1, Echoes: 1}, l.count)
}

// A subscriber that leaves is not waited for; what it did not get is lost.
func TestLedger_leave(t *testing.T) {
	l := books(true)
	m := l.launch(0, 0, 0)
	l.take(0, 1, m)
	l.leave(1)
	assert.Zero(t, l.inFlight)
	assert.Zero(t, l.due)
	l.take(1, 1, l.launch(0, 0, 0)) // its socket may hold more
	l.leave(1)
	assert.Equal(t, int64(1), l.count.Lost)
	assert.Equal(t, 1, l.inFlight)
	l.settle()
	assert.Equal(t, int64(2), l.count.Lost)
}

// Events that were given up free their slots, and are no trouble when they come after all.
func TestLedger_giveUp(t *testing.T) {
	l := books(true)
	late := l.launch(0, 0, 0)
	l.giveUp()
	assert.Zero(t, l.inFlight)
	for range 8 {
		l.launch(0, 0, 0)
	}
	require.Equal(t, 8, l.inFlight)
	l.take(0, 1, late)
	l.take(1, 1, late)
	assert.Equal(t, 8, l.inFlight)
	assert.Equal(t, int64(2), l.count.Deliveries)
}

func TestLedger_priming(t *testing.T) {
	l := newLedger([]int32{0, 0}, []bool{true, true}, 1, 1, 8)
	l.closed = true
	l.launch(0, 0, 0)
	second := l.launch(0, 0, 0)
	l.take(0, 1, second) // it subscribed between the two
	n, example := l.waiting()
	assert.Equal(t, 1, n)
	assert.Equal(t, 1, example)
	l.begin()
	assert.Equal(t, counts{}, l.count)
	m := l.launch(0, 0, 0)
	l.take(0, 1, m)
	l.take(1, 1, m)
	l.settle()
	assert.Equal(t, counts{Events: 1, Deliveries: 2}, l.count)
}
