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
