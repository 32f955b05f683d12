package main

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
)

func TestPlugin_Inspect(t *testing.T) {
	counts := guest(t, "counts")
	got := run(t, "plugin", "inspect", counts)
	assert.Equal(t, 2, got.code)
	assert.Empty(t, got.err, "the table says it all")
	assert.Regexp(t, `(?m)^import +relay\.kv_add .*: NOT GRANTED, add kv to allow$`, got.out)
	assert.Regexp(t, `(?m)^verdict +refused: imports relay\.kv_add, which it is not granted`, got.out)

	got = run(t, "plugin", "inspect", counts, "--allow", "kv,metric")
	assert.Equal(t, 0, got.code, got.err)
	assert.Regexp(t, `(?m)^verdict +accepted$`, got.out)

	yaml := file(t, "relay.yaml", fmt.Sprintf("filters:\n- {name: a, path: %q, allow: [kv]}\n- {name: b, path: %q, allow: [kv, metric]}\n- {name: c, path: %q}\n", counts, counts, guest(t, "pass")))
	assert.Contains(t, run(t, "plugin", "inspect", counts, "-c", yaml).err, "2 filters in "+yaml+" name this file; say which by --name")
	assert.Equal(t, 2, run(t, "plugin", "inspect", counts, "-c", yaml, "--name", "a").code)
	got = run(t, "plugin", "inspect", counts, "-c", yaml, "--name", "b", "--json")
	require.Equal(t, 0, got.code, got.err)
	var i plugins.Inspection
	require.NoError(t, json.Unmarshal([]byte(got.out), &i))
	assert.True(t, i.Accepted)
	assert.Equal(t, 0, run(t, "plugin", "inspect", guest(t, "pass"), "-c", yaml).code)
	assert.Contains(t, run(t, "plugin", "inspect", guest(t, "puppet"), "-c", yaml).err, "no filter in "+yaml+" names this file")

	got = run(t, "plugin", "inspect", "../../testdata/plugins/dropfield/dropfield.wasm", "--config", `{"field":"a","value":"b"}`)
	assert.Equal(t, 0, got.code, got.out)
	for _, path := range []string{"/nonexistent.wasm", "plugin.go"} {
		got = run(t, "plugin", "inspect", path)
		assert.Equal(t, 2, got.code)
		assert.Contains(t, got.out, "refused: ")
	}
}
