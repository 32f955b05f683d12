package abi

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// workedExample is the record that README.md spells out byte by byte.
var workedExample = func() string {
	text, err := os.ReadFile("README.md")
	if err != nil {
		panic(err)
	}
	_, example, _ := strings.Cut(string(text), "### An example")
	_, example, _ = strings.Cut(example, "```\n")
	example, _, _ = strings.Cut(example, "```\n")
	var wire strings.Builder
	for line := range strings.Lines(example) {
		_, line, _ = strings.Cut(line, "  ") // the offset
		bytes, _, _ := strings.Cut(line, "   ")
		wire.WriteString(bytes)
	}
	return wire.String()
}()

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func exampleRecord() *Record {
	attrs := AppendAttribute(nil, "id", "42")
	return &Record{
		Flags:      Text | JSON,
		Time:       123456789,
		Topic:      []byte("orders"),
		Attributes: AppendAttribute(attrs, "tenant", "acme!"),
		Payload:    []byte(`{"a": 1}`),
	}
}

func TestRecord_WorkedExample(t *testing.T) {
	r := exampleRecord()
	wire := unhex(workedExample)
	assert.Equal(t, wire, AppendRecord(nil, r))
	assert.Equal(t, len(wire), r.Size())
	assert.Equal(t, uint64(len(wire)), r.Header().Size())

	got, err := Decode(wire)
	require.NoError(t, err)
	assert.Equal(t, *r, got)
}

func TestDecode_Faults(t *testing.T) {
	attrs := func(list ...string) []byte {
		var a Attributes
		for i := 0; i < len(list); i += 2 {
			a = AppendAttribute(a, list[i], list[i+1])
		}
		return AppendRecord(nil, &Record{Attributes: a})
	}
	tests := []struct {
		name string
		wire []byte
		want error
	}{
		{"empty", nil, ErrShort},
		{"header cut", make([]byte, HeaderSize-1), ErrShort},
		{"a byte too many", make([]byte, HeaderSize+1), ErrLength},
		{"payload cut", unhex(workedExample)[:HeaderSize+40], ErrLength},
		{"topic longer than record", AppendHeader(nil, Header{Topic: 1}), ErrLength},
		{"lengths that add up in 32 bits only", AppendHeader(nil, Header{Topic: 1 << 31, Payload: 1 << 31}), ErrLength},
		{"all lengths at their most", AppendHeader(nil, Header{Topic: 1<<32 - 1, Attributes: 1<<32 - 1, Payload: 1<<32 - 1}), ErrLength},
		{"attribute header cut", append(AppendHeader(nil, Header{Attributes: 5}), 0, 0, 0, 0, 0), ErrAttribute},
		{"key beyond attributes", append(AppendHeader(nil, Header{Attributes: 6, Payload: 1}), 1, 0, 0, 0, 0, 0, 'k'), ErrAttribute},
		{"value beyond attributes", append(AppendHeader(nil, Header{Attributes: 7}), 1, 0, 255, 255, 255, 255, 'k'), ErrAttribute},
		{"empty key", attrs("", "v"), ErrKey},
		{"key twice", attrs("a", "1", "a", "2"), ErrOrder},
		{"keys out of order", attrs("b", "1", "a", "2"), ErrOrder},
		{"keys in order", attrs("a", "1", "aa", "", "b", "3"), nil},
		{"bare header", make([]byte, HeaderSize), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Decode(tt.wire)
			assert.ErrorIs(t, err, tt.want)
		})
	}
}

func TestDecode_Views(t *testing.T) {
	wire := unhex(workedExample)
	r, err := Decode(wire)
	require.NoError(t, err)
	wire[HeaderSize] = 'O'
	assert.Equal(t, "Orders", string(r.Topic), "a decoded record copies nothing")

	_ = append(r.Topic, 'X')
	_ = append(r.Attributes, 'X')
	again, err := Decode(wire)
	require.NoError(t, err)
	assert.Equal(t, r, again, "appending to one part leaves the next alone")
}

func TestAttributes(t *testing.T) {
	a := exampleRecord().Attributes
	assert.Equal(t, 2, a.Len())
	v, ok := a.Get("tenant")
	assert.True(t, ok)
	assert.Equal(t, "acme!", string(v))
	_, ok = a.Get("tenan")
	assert.False(t, ok)

	cutOff := a[:len(a)-1]
	assert.Equal(t, 1, cutOff.Len(), "what follows a malformed attribute is not seen")
	assert.ErrorIs(t, cutOff.Check(), ErrAttribute)
}

func TestCodec_DoesNotAllocate(t *testing.T) {
	r := exampleRecord()
	buf := make([]byte, 0, r.Size())
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		wire := AppendRecord(buf, r)
		got, err := Decode(wire)
		if err != nil || len(got.Payload) != len(r.Payload) {
			t.Fatal("round trip")
		}
		for k, v := range got.Attributes.All() {
			_, _ = k, v
		}
		if _, ok := got.Attributes.Get("tenant"); !ok {
			t.Fatal("attribute lost")
		}
	}))
}

func FuzzDecode(f *testing.F) {
	f.Add(unhex(workedExample))
	f.Add(make([]byte, HeaderSize))
	f.Add(AppendHeader(nil, Header{Topic: 1 << 31, Payload: 1 << 31}))
	f.Add(append(AppendHeader(nil, Header{Attributes: 7}), 1, 0, 255, 255, 255, 255, 'k'))
	f.Fuzz(func(t *testing.T, wire []byte) {
		_ = Attributes(wire).Check()
		_ = Attributes(wire).Len()
		r, err := Decode(wire)
		if err != nil {
			return
		}
		again := AppendRecord(nil, &r)
		clear(wire[16:24]) // reserved: read as anything, written as 0
		require.Equal(t, wire, again)
		rebuilt := Attributes{}
		for k, v := range r.Attributes.All() {
			rebuilt = AppendAttribute(rebuilt, k, v)
		}
		require.Equal(t, string(r.Attributes), string(rebuilt))
	})
}

func FuzzRoundTrip(f *testing.F) {
	f.Add(uint32(5), int64(1), "orders.eu", "key", "value", []byte(`{"a":1}`))
	f.Add(uint32(0), int64(-1), "", "", "", []byte{})
	f.Fuzz(func(t *testing.T, flags uint32, at int64, topic, key, value string, payload []byte) {
		r := Record{Flags: Flags(flags), Time: at, Topic: []byte(topic), Attributes: Attributes{}, Payload: payload}
		if key != "" && len(key) <= MaxKey {
			r.Attributes = AppendAttribute(r.Attributes, key, value)
		}
		got, err := Decode(AppendRecord(nil, &r))
		require.NoError(t, err)
		require.Equal(t, r, got)
	})
}

func BenchmarkRecord(b *testing.B) {
	r := exampleRecord()
	buf := make([]byte, 0, r.Size())
	b.Run("append", func(b *testing.B) {
		for b.Loop() {
			AppendRecord(buf, r)
		}
	})
	wire := AppendRecord(nil, r)
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			if _, err := Decode(wire); err != nil {
				b.Fatal(err)
			}
		}
	})
}
