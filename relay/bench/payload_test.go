package bench

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMark_roundTrip(t *testing.T) {
	marks := []mark{{}, {65535, 1<<32 - 1, maxSlot, 1<<48 - 1}, {1, 2, 3, 4}}
	for range 1000 {
		marks = append(marks, mark{rand.IntN(1 << 16), rand.Uint32(), rand.IntN(maxSlot + 1), rand.Int64N(1 << 48)})
	}
	for _, m := range marks {
		var p [32]byte
		m.put(p[:])
		require.Equal(t, m, readMark(p[:]))
		quoted, err := json.Marshal(string(p[:]))
		require.NoError(t, err)
		require.Equal(t, `"`+string(p[:])+`"`, string(quoted), "no digit is ever escaped")
	}
}

func TestMarker(t *testing.T) {
	a, b := newMarker(), newMarker()
	assert.NotEqual(t, a, b)
	assert.Equal(t, byte(markerByte), a[0])
	assert.NotContains(t, string(a[1:]), string(markerByte))
}

// Every size is JSON of exactly that size, with one mark and no other marker byte.
func TestPayload(t *testing.T) {
	for size := MinSize; size < 1500; size++ {
		p := newPayload(size, newMarker())
		require.Len(t, p.text, size)
		require.True(t, json.Valid(p.text), "%s", p.text)
		require.Equal(t, 1, strings.Count(string(p.text), string(markerByte)))
	}
}

// The filler compresses about as events do, neither to nothing nor not at all.
func TestPayload_isLikeEvents(t *testing.T) {
	p := newPayload(4096, newMarker())
	var event struct {
		Pad []any `json:"pad"`
	}
	require.NoError(t, json.Unmarshal(p.text, &event))
	assert.Greater(t, len(event.Pad), 20)
	size := len(deflate(t, p.text))
	assert.Greater(t, size, 400)
	assert.Less(t, size, 2500)
}

func TestTemplate(t *testing.T) {
	p := newPayload(64, newMarker())
	tests := []struct{ text, want string }{
		{"{payload}", "PAYLOAD"},
		{"PUB {topic} {size}\r\n{payload}\r\n", "PUB a.b 64\r\nPAYLOAD\r\n"},
		{`42["{topic}",{payload},"{topic}"]`, `42["a.b",PAYLOAD,"a.b"]`},
		{`{"a":{payload}}`, `{"a":PAYLOAD}`},
	}
	for _, tt := range tests {
		tpl, err := newTemplate(tt.text, p)
		require.NoError(t, err)
		m := mark{publisher: 3, seq: 7}
		got := tpl.append(nil, m, "a.b")
		assert.Len(t, got, tpl.size("a.b"))
		at := strings.Index(string(got), string(markerByte))
		assert.Equal(t, m, readMark(got[at+markerLen:]))
		event := append([]byte(nil), p.text...)
		m.put(event[p.digits:])
		assert.Equal(t, strings.Replace(tt.want, "PAYLOAD", string(event), 1), string(got))
		assert.Equal(t, strings.Contains(tt.text, "{topic}"), tpl.topics)
	}
	for _, text := range []string{"", "{topic}", "{payload}{payload}"} {
		_, err := newTemplate(text, p)
		assert.Error(t, err, text)
	}
}
