package plugins

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/api"

	"eventrelay/relay"
	"eventrelay/sdk/abi"
)

// What a filter gives a connection is bounded, whatever the request beside it was.
func TestGiven_Bound(t *testing.T) {
	list := func(size int) abi.Attributes {
		a := abi.AppendAttribute(abi.Attributes{}, "header.big", strings.Repeat("x", 16<<10))
		return abi.AppendAttribute(a, "tenant", strings.Repeat("x", size-abi.AttributeSize-len("tenant")))
	}
	got, failed := given(list(maxGiven))
	require.Nil(t, failed)
	assert.Len(t, got, 1)
	_, failed = given(list(maxGiven + 1))
	require.NotNil(t, failed)
	assert.Equal(t, causeBadAnswer, failed.cause)
}

// What a hook answers is foreign bytes.
func FuzzHookAnswer(f *testing.F) {
	f.Add(record(0, "a.>", ""), true)
	f.Add(record(0, "", "", "header.x", "1", "tenant", "acme"), true)
	f.Add(record(0, "a", "payload"), false)
	f.Add("", false)
	f.Fuzz(func(t *testing.T, answer string, connect bool) {
		h := onSubscribe
		if connect {
			h = onConnect
		}
		asked := &relay.Event{Topic: "asked"}
		in := &instance{mem: fuzzMemory(answer)}
		in.call.hook = h
		out := &outgoing{}
		out.setHook(h, asked)
		a, failed := in.readHook(abi.RecordAnswer(8, uint32(len(answer))), out)
		if failed != nil {
			require.Equal(t, causeBadAnswer, failed.cause)
			return
		}
		require.Equal(t, saidTransform, a.said)
		_, err := relay.ParsePattern(string(a.event.Topic))
		require.NoError(t, err)
		require.Empty(t, a.event.Payload)
		last := ""
		for _, x := range a.event.Attributes {
			require.False(t, abi.OfRequest([]byte(x.Key)), "%q is the request's", x.Key)
			require.Less(t, last, x.Key)
			last = x.Key
		}
	})
}

// fuzzMemory is a guest's memory with an answer at 8.
type memoryOf struct {
	api.Memory
	bytes []byte
}

func fuzzMemory(answer string) api.Memory {
	return memoryOf{bytes: append(make([]byte, 8), answer...)}
}

// Read implements api.Memory.
func (m memoryOf) Read(at, n uint32) ([]byte, bool) {
	if uint64(at)+uint64(n) > uint64(len(m.bytes)) {
		return nil, false
	}
	return m.bytes[at : at+n], true
}
