package script

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"eventrelay/sdk/abi"
)

// FuzzAttributes holds what is made of a script's attributes to the contract.
func FuzzAttributes(f *testing.F) {
	for _, seed := range []string{`[]`, `["b","2","a","1"]`, `["a","1","a","2"]`, `["","x"]`, `["\ud800","x","\ud801","y"]`, `[1]`, `["a"]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var list []string
		attrs, fault := attributes(text)
		if json.Unmarshal(text, &list) != nil || len(list)%2 != 0 {
			require.NotEmpty(t, fault)
			return
		}
		if fault == "" {
			require.NoError(t, attrs.Check())
			require.Equal(t, len(list)/2, abi.Attributes(attrs).Len())
		}
	})
}

// TestTrim holds that nothing large stays after a large event.
func TestTrim(t *testing.T) {
	v := &VM{content: make([]byte, 1<<20), encoded: make([]byte, 1<<20), before: make([]byte, 1<<20)}
	v.parser = parser{values: make([]value, 1<<20), names: make([]uint32, 1<<20), decoded: make([]byte, 1<<20)}
	v.trim()
	require.Zero(t, cap(v.content)+cap(v.encoded)+cap(v.before)+cap(v.parser.values)+cap(v.parser.names)+cap(v.parser.decoded))
	v.content, v.parser.values = make([]byte, 1000), make([]value, 1000)
	v.trim()
	require.Equal(t, 2000, cap(v.content)+cap(v.parser.values))
}
