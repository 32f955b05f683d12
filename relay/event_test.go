package relay_test

import (
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

func TestSize(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want relay.Size
		out  string // "" when it is refused
	}{
		{"0", 0, "0"},
		{"512B", 512, "512B"},
		{"64KiB", 64 * relay.KiB, "64KiB"},
		{"1024KiB", relay.MiB, "1MiB"},
		{"16MiB", 16 * relay.MiB, "16MiB"},
		{"2GiB", 2 * relay.GiB, "2GiB"},
		{"16 MiB", 16 * relay.MiB, "16MiB"},
		{in: "16"},
		{in: "16MB"},
		{in: "16M"},
		{in: "-1KiB"},
		{in: "1.5MiB"},
		{in: ""},
		{in: "KiB"},
		{in: "1e3B"},
		{in: "9223372036854775807GiB"},
		{in: "99999999999999999999B"},
	} {
		var s relay.Size
		err := s.UnmarshalText([]byte(tc.in))
		if tc.out == "" {
			require.ErrorIs(t, err, relay.ErrSize, tc.in)
			continue
		}
		require.NoError(t, err, tc.in)
		assert.Equal(t, tc.want, s)
		assert.Equal(t, tc.out, s.String())
	}
}

func TestAttributes(t *testing.T) {
	var none relay.Attributes
	a := none.With("b", "2").With("c", "3").With("a", "1")
	b := a.With("b", "two")
	assert.Equal(t, relay.Attributes{{"a", "1"}, {"b", "2"}, {"c", "3"}}, a, "sorted, and not changed by With")
	assert.Equal(t, "two", b.Get("b"))
	assert.Empty(t, b.Get("d"))
	assert.Empty(t, none.Get("a"))
}

func TestPosition(t *testing.T) {
	assert.Equal(t, "e1.17", relay.Position{Epoch: "e1", N: 17}.String())
	assert.Empty(t, relay.Position{Epoch: "e1"}.String())
	assert.True(t, relay.Position{}.IsZero())
}

func TestNewEventID(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		id := relay.NewEventID()
		require.Len(t, id, 26)
		require.False(t, seen[id], "minted twice")
		seen[id] = true
	}
	assert.NotEqual(t, relay.NewEpoch(), relay.NewEpoch())
}

// TestReasons: every reason has its own row, and its text fits a close frame.
func TestReasons(t *testing.T) {
	labels := map[string]bool{}
	for r := range relay.CloseReason(relay.Reasons) {
		require.NotEmpty(t, r.String(), "reason %d has no row", r)
		require.False(t, labels[r.String()], "%s twice", r)
		labels[r.String()] = true
		assert.LessOrEqual(t, len(r.Text()), 123)
		assert.True(t, utf8.ValidString(r.Text()))
		code := r.Code()
		assert.True(t, code == 0 || code >= 1000 && code <= 1013 && (code < 1004 || code > 1006) || code >= 4000 && code < 4200, "%s: %d", r, code)
	}
}

func TestVerdicts(t *testing.T) {
	for v, want := range map[relay.Verdict]string{
		relay.Accepted: "accepted", relay.Transformed: "transformed", relay.Dropped: "dropped",
		relay.Rejected: "rejected", relay.Failed: "failed",
	} {
		assert.Equal(t, want, v.String())
		assert.Equal(t, v == relay.Accepted || v == relay.Transformed, v.Passed())
	}
	assert.Equal(t, "binary text json", relay.KindBinary.String()+" "+relay.KindText.String()+" "+relay.KindJSON.String())
	assert.Equal(t, "published inbound", relay.Published.String()+" "+relay.Inbound.String())
}

func TestHistogram(t *testing.T) {
	var h relay.Histogram
	h.Observe(0)
	h.Observe(200 * time.Nanosecond)
	h.Observe(201 * time.Nanosecond)
	h.Observe(time.Hour)
	counts, sum := h.Read()
	assert.EqualValues(t, 2, counts[0])
	assert.EqualValues(t, 1, counts[1])
	assert.EqualValues(t, 1, counts[len(counts)-1])
	assert.Equal(t, time.Hour+401*time.Nanosecond, sum)
	assert.Zero(t, testing.AllocsPerRun(100, func() { h.Observe(time.Millisecond) }))
}
