package plugins

import (
	"context"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
	shipped "eventrelay/testdata/plugins"
)

func TestFilter_Origin(t *testing.T) {
	for want, f := range map[string]Filter{
		"": {Use: "split"},
		"filters[0].use: stands beside path; a filter has exactly one of path, script, inline and use":                     {Use: "split", Path: "x.wasm"},
		`filters[0].use: "spilt" does not ship with relay; there are ` + shipped.Names():                                   {Use: "spilt"},
		"filters[0].path: is missing; write the module file, such as filters/redact.wasm, script: and a JavaScript file, ": {},
		"filters[0].script: stands beside path; a filter has exactly one of":                                               {Path: "x.wasm", Script: "x.js"},
		"filters[0].inline: stands beside script; a filter has exactly one of":                                             {Script: "x.js", Inline: "e => e"},
		"filters[0].limits.memory: 1MiB; a script takes at least 2MiB":                                                     {Inline: "e => e", Limits: Limits{Memory: relay.MiB}},
		"filters[0].path: x.js is JavaScript; write script: in place of path":                                              {Path: "x.js"},
		"filters[0].inline: 65537 bytes; at most 64KiB, or write script: and a file":                                       {Inline: strings.Repeat(" ", 65537)},
	} {
		f.Name = "a"
		err := Validate(Options{}, []Filter{f})
		if want == "" {
			assert.NoError(t, err)
			continue
		}
		require.Error(t, err)
		assert.True(t, strings.HasPrefix(err.Error(), want), err.Error())
	}
}

func TestFilter_UsePinned(t *testing.T) {
	f := Filter{Name: "a", Use: "split", SHA256: strings.Repeat("0", 64)}
	err := Check(context.Background(), Options{}, []Filter{f})
	assert.ErrorContains(t, err, `filter "a" (use split): its sha256 is `)
	i, err := Inspect(context.Background(), Options{}, Filter{Name: "a", Use: "split"})
	require.NoError(t, err)
	assert.True(t, i.Accepted, i.Refusal)
	assert.Equal(t, "use split", i.Path)
	f.SHA256 = i.SHA256
	assert.NoError(t, Check(context.Background(), Options{}, []Filter{f}))
}

// A reload leaves a filter that ships alone, and changes it with its configuration; its file is in the binary.
func TestReload_Use(t *testing.T) {
	f := Filter{Name: "items", Use: "split", Config: map[string]any{"topic": "a"}, Limits: testLimits}
	r := openRig(t, Options{Lanes: 1}, f)
	assert.Equal(t, 1, r.publish(jsonEvent("batch", `[1]`))[0].Emitted)
	f = steady(f)
	require.NoError(t, r.Reload(t.Context(), []Filter{f}))
	status := r.Plugins()[0]
	assert.Equal(t, relay.PluginVersion{Number: 1, Path: "use split", SHA256: status.Running.SHA256}, status.Running)
	raw, err := hex.DecodeString(status.Running.SHA256)
	require.NoError(t, err)
	assert.Len(t, raw, 32)
	f.Config = map[string]any{"topic": "b"}
	require.NoError(t, r.Reload(t.Context(), []Filter{f}))
	r.publish(jsonEvent("batch", `[2]`))
	assert.Equal(t, uint64(2), r.Plugins()[0].Running.Number)
	assert.Equal(t, []string{"a 1", "b 2"}, r.sink.texts())
}
