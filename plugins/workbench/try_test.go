package workbench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
)

const guests = "../testdata/"

// caseFile writes a case into a file of its own.
func caseFile(t *testing.T, text string) *Case {
	t.Helper()
	path := filepath.Join(t.TempDir(), "case.json")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	c, err := ReadCase(path)
	require.NoError(t, err)
	return c
}

func bench(t *testing.T, file string, allow ...string) *Bench {
	b := New(plugins.Options{}, plugins.Filter{Name: "f", Path: file, Allow: allow})
	t.Cleanup(b.Close)
	return b
}

func try(t *testing.T, b *Bench, c *Case) *CaseResult {
	t.Helper()
	r, err := b.TryCase(t.Context(), c)
	require.NoError(t, err)
	return r
}

// The puppet does what the first byte of its payload says; see its source.
func TestTryCase(t *testing.T) {
	b := bench(t, guests+"puppet.wasm")
	event := func(data string) string { return `{"topic":"t","type":"text","data":"` + data + `"}` }
	tests := []struct {
		name, event, expect string
		diff                []string // none: as expected
	}{
		{"pass", event("p"), `{"verdict":"pass"}`, nil},
		{"drop", event("dwhy"), `{"verdict":"drop","reason":"why"}`, nil},
		{"any reason", event("dwhy"), `{"verdict":"drop"}`, nil},
		{"another reason", event("dwhy"), `{"verdict":"drop","reason":"because"}`, []string{`-  "reason": "because",`, `+  "reason": "why",`}},
		{"reject, not drop", event("rwhy"), `{"verdict":"drop"}`, []string{`-  "verdict": "drop"`, `+  "reason": "why",`, `+  "verdict": "reject"`}},
		{"changed", event("Pnew"), `{"verdict":"transform","event":{"type":"text","data":"new"}}`, nil},
		{"changed in a way not looked at", event("Pnew"), `{"verdict":"transform"}`, nil},
		{"changed otherwise", event("Pnew"), `{"verdict":"transform","event":{"type":"text","data":"old"}}`, []string{`-    "data": "old",`, `+    "data": "new",`}},
		{"trap", event("u"), `{"verdict":"fail","cause":"trap","error":"unreachable"}`, nil},
		{"trap, not pass", event("u"), `{"verdict":"pass"}`, []string{`-  "verdict": "pass"`, `+  "cause": "trap",`, `+  "error": "unreachable in relay_on_event",`, `+  "verdict": "fail"`}},
		{"guest's own failure", event("Nbad luck"), `{"verdict":"fail","cause":"guest","error":"bad luck"}`, nil},
		{"log", event("Lhello"), `{"verdict":"pass","log":["hello"]}`, nil},
		{"another log", event("Lhello"), `{"verdict":"pass","log":[]}`, []string{`-  "log": [],`, `+  "log": [`, `+    "hello"`, `+  ],`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := try(t, b, caseFile(t, `{"events":[`+tt.event+`],"expect":[`+tt.expect+`]}`))
			if tt.diff == nil {
				assert.Empty(t, r.Problems)
				return
			}
			require.Len(t, r.Problems, 1)
			var lines []string
			for _, l := range r.Problems[0].Diff {
				if l.Op != ' ' {
					lines = append(lines, string(l.Op)+l.Text)
				}
			}
			assert.Equal(t, tt.diff, lines)
		})
	}
}

func TestTryCase_WhatIsEmittedMustBeExpected(t *testing.T) {
	b := bench(t, "../../testdata/plugins/split/split.wasm")
	events := `{"config":{"topic":"one"},"events":[{"topic":"many","data":[1,{"b":2,"a":1}]}],"expect":[{"verdict":"drop"`
	r := try(t, b, caseFile(t, events+`,"emitted":[{"topic":"one","data":1},{"topic":"one","data":{"a":1,"b":2}}]}]}`))
	assert.Empty(t, r.Problems, "the order of keys does not matter")
	r = try(t, b, caseFile(t, events+`}]}`))
	assert.Len(t, r.Problems, 1)
	r = try(t, b, caseFile(t, events+`,"emitted":[{"topic":"one","data":1}]}]}`))
	assert.Len(t, r.Problems, 1)
}

func TestTryCase_Refusals(t *testing.T) {
	b := bench(t, "../../testdata/plugins/dropfield/dropfield.wasm")
	assert.Empty(t, try(t, b, caseFile(t, `{"config":{},"refuse":"want {field: NAME"}`)).Problems)
	r := try(t, b, caseFile(t, `{"config":{},"refuse":"no such words"}`))
	assert.Equal(t, "the filter refuses with other words", r.Problems[0].Text)
	r = try(t, b, caseFile(t, `{"config":{"field":"a","value":1},"refuse":"x"}`))
	assert.Contains(t, r.Problems[0].Text, "the filter starts, but should refuse")
	r = try(t, b, caseFile(t, `{"events":[{"topic":"a","data":1}]}`))
	assert.Contains(t, r.Problems[0].Text, "the filter does not start: relay_init refused")
}

// Events of one case go into one instance; those of the next find nothing of them.
func TestTryCase_StateIsTheCases(t *testing.T) {
	b := bench(t, guests+"counts.wasm", "kv", "metric")
	c := caseFile(t, `{"events":[{"topic":"a","data_base64":""},{"topic":"a","data_base64":""}],"expect":[
		{"verdict":"transform","event":{"data_base64":"AQAAAAAAAAA="}},
		{"verdict":"transform","event":{"data_base64":"AgAAAAAAAAA="}}]}`)
	for range 2 {
		assert.Empty(t, try(t, b, c).Problems)
	}
}

func TestTryCase_GrantsAreTheCases(t *testing.T) {
	b := bench(t, guests+"counts.wasm")
	_, err := b.TryCase(t.Context(), caseFile(t, `{"events":[{"topic":"a","data":1}]}`))
	assert.ErrorContains(t, err, "not granted: add kv to allow")
	assert.NotEmpty(t, try(t, b, caseFile(t, `{"allow":["kv","metric"],"events":[{"topic":"a","data":1}]}`)).Trials)
}

func TestUpdate(t *testing.T) {
	b := bench(t, guests+"puppet.wasm")
	c := caseFile(t, `{ "about": "kept as it is",
	"events": [{"topic":"t","type":"text","data":"Pnew"},   {"topic":"t","type":"text","data":"dwhy"}, {"topic":"t","type":"text","data":"u"}],

	"expect": [{"verdict":"pass", "log": ["x"]}]
}`)
	r := try(t, b, c)
	assert.Len(t, r.Problems, 3)
	require.NoError(t, r.Update())
	text, err := os.ReadFile(c.File)
	require.NoError(t, err)
	assert.Equal(t, `{ "about": "kept as it is",
	"events": [{"topic":"t","type":"text","data":"Pnew"},   {"topic":"t","type":"text","data":"dwhy"}, {"topic":"t","type":"text","data":"u"}],

	"expect": [
    {"verdict": "transform", "event": {"type": "text", "data": "new"}, "log": []},
    {"verdict": "drop", "reason": "why"},
    {"verdict": "fail", "cause": "trap"}
  ]
}`, string(text))
	again, err := ReadCase(c.File)
	require.NoError(t, err)
	assert.Empty(t, try(t, b, again).Problems)
}

// A file of Windows stays one.
func TestUpdate_KeepsLineEnds(t *testing.T) {
	b := bench(t, guests+"pass.wasm")
	for _, text := range []string{
		"{\r\n\"events\": [{\"topic\":\"t\",\"data\":1}]\r\n}\r\n",
		"{\r\n\"events\": [{\"topic\":\"t\",\"data\":1}],\r\n\"expect\": []\r\n}\r\n",
	} {
		c := caseFile(t, text)
		require.NoError(t, try(t, b, c).Update())
		got, err := os.ReadFile(c.File)
		require.NoError(t, err)
		assert.Contains(t, string(got), "pass")
		assert.Equal(t, strings.Count(string(got), "\n"), strings.Count(string(got), "\r\n"), "%q", got)
	}
}

func TestUpdate_AddsWhatIsExpected(t *testing.T) {
	b := bench(t, "../../testdata/plugins/dropfield/dropfield.wasm")
	c := caseFile(t, `{"config":{"field":"a","value":1},"events":[{"topic":"t","data":{"a":1}}]}`)
	require.NoError(t, try(t, b, c).Update())
	again, err := ReadCase(c.File)
	require.NoError(t, err)
	assert.Empty(t, try(t, b, again).Problems)

	c = caseFile(t, `{"config":{}, "refuse": "x"}`)
	require.NoError(t, try(t, b, c).Update())
	again, err = ReadCase(c.File)
	require.NoError(t, err)
	assert.Contains(t, *again.Refuse, "want {field: NAME")

	c = caseFile(t, `{"config":{},"events":[{"topic":"t","data":1}]}`)
	assert.ErrorContains(t, try(t, b, c).Update(), `or has "events"`, "a filter that does not start is not what such a case is about")
}

// The guest does what the first byte of the topic says; see its source.
func TestTryCase_Hooks(t *testing.T) {
	b := bench(t, guests+"hooks.wasm", "metric")
	c := caseFile(t, `{"events":[
		{"hook":"connect","topic":"pass","attributes":{"path":"/ws","header.origin":"x"}},
		{"hook":"connect","topic":"a","attributes":{"path":"/ws"}},
		{"hook":"subscribe","topic":"rate.>"},
		{"hook":"subscribe","topic":"d"},
		{"hook":"subscribe","topic":"t.*","attributes":{"tenant":"acme"}},
		{"hook":"disconnect","attributes":{"tenant":"acme"}},
		{"hook":"subscribe","topic":"u"}
	],"expect":[
		{"verdict":"pass"},
		{"verdict":"transform","event":{"attributes":{"remote_address":"1.2.3.4:5","tenant":"acme"}}},
		{"verdict":"refuse","status":429,"reason":"rate.>"},
		{"verdict":"refuse","status":403},
		{"verdict":"transform","event":{"topic":"T.*"}},
		{"verdict":"pass"},
		{"verdict":"fail","cause":"trap"}
	]}`)
	r := try(t, b, c)
	for _, p := range r.Problems {
		t.Errorf("event %d: %v", p.Event, p.Diff)
	}
	c.Expect = nil
	r = try(t, b, c)
	require.NoError(t, r.Update())
	again, err := ReadCase(c.File)
	require.NoError(t, err)
	assert.Empty(t, try(t, b, again).Problems)
}
