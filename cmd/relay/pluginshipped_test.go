package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	shipped "eventrelay/testdata/plugins"
)

func TestPlugin_Shipped(t *testing.T) {
	got := run(t, "plugin", "list", "--shipped")
	require.Equal(t, 0, got.code, got.err)
	for _, f := range shipped.All() {
		assert.Contains(t, got.out, f.About)
		assert.Contains(t, got.out, f.Config)
	}
	var list []shipped.Filter
	require.NoError(t, json.Unmarshal([]byte(run(t, "plugin", "list", "--shipped", "--json").out), &list))
	assert.Equal(t, shipped.All(), list)
}

func TestPlugin_ShippedIsCheckedAndInspected(t *testing.T) {
	good := file(t, "good.yaml", "filters:\n- name: items\n  use: split\n  config: {topic: a}\n")
	assert.Equal(t, good+": ok, 1 filter\n", run(t, "check", "-c", good).out)
	bad := file(t, "bad.yaml", "filters:\n- name: items\n  use: split\n  config: {tpoic: a}\n")
	got := run(t, "check", "-c", bad)
	assert.Equal(t, 2, got.code)
	assert.Contains(t, got.err, bad+":3: filters[0]: use split: relay_init refused the configuration: ")
	assert.Equal(t, 0, run(t, "plugin", "inspect", "use:split").code)
	assert.Equal(t, 0, run(t, "plugin", "inspect", "use:split", "-c", good).code)
	assert.Equal(t, 2, run(t, "plugin", "inspect", "use:split", "-c", bad).code)
	assert.Contains(t, run(t, "plugin", "inspect", "use:nothing").err, `"nothing" does not ship with relay`)
}

// The desk tries what ships as it tries a file.
func TestPlugin_ShippedOnTheDesk(t *testing.T) {
	events := file(t, "events.ndjson", `{"topic":"a","data":{"n":1}}`+"\n"+`{"topic":"a","data":{"n":2}}`+"\n")
	got := run(t, "plugin", "bench", "use:match", events, "--config", `{"field":"n","above":1}`, "--time", "10ms")
	assert.Equal(t, 0, got.code, got.err)
	cases := "../../testdata/plugins/redact/cases/"
	got = run(t, "plugin", "test", "use:redact", cases+"names.json", cases+"refuse-path.json")
	assert.Equal(t, 0, got.code, got.err+got.out)
	got = run(t, "plugin", "bench", "use:nothing", events)
	assert.Equal(t, 2, got.code)
	assert.Contains(t, got.err, `"nothing" does not ship with relay`)
}
