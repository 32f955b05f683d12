package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay/config"
	"eventrelay/relay/server"
)

// guest is the path of a module that the tests of package plugins have.
func guest(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs("../../plugins/testdata/" + name + ".wasm")
	require.NoError(t, err)
	return path
}

// serving is a relay with a filter at a file of its own, the puppet.
type serving struct {
	*server.Server
	yaml, module string
}

func serve(t *testing.T) serving {
	t.Helper()
	s := serving{module: t.TempDir() + "/f.wasm"}
	s.deploy(t, "puppet")
	s.yaml = file(t, "relay.yaml", fmt.Sprintf("listen: 127.0.0.1:0\nadmin: {listen: 127.0.0.1:0}\nfilters: [{name: f, path: %q, limits: {time: 5s}}]\n", s.module))
	cfg, err := config.Load(config.LoadOptions{Path: s.yaml})
	require.NoError(t, err)
	s.Server, err = server.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func (s serving) deploy(t *testing.T, name string) {
	t.Helper()
	module, err := os.ReadFile(guest(t, name))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.module, module, 0o600))
}

func (s serving) publish(t *testing.T, text string) (status int) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Post("http://"+s.Addr().String()+"/publish/t", "text/plain", strings.NewReader(text))
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}

func TestPlugin_QuarantineIsReplayed(t *testing.T) {
	s := serve(t)
	assert.Equal(t, 503, s.publish(t, "u first"))
	assert.Equal(t, 200, s.publish(t, "p"))
	assert.Equal(t, 503, s.publish(t, "z second"))
	admin := "--admin=" + s.AdminAddr().String()

	got := run(t, "plugin", "quarantine", admin)
	require.Equal(t, 0, got.code, got.err)
	assert.Equal(t, 2, strings.Count(got.out, "\n"))
	assert.Equal(t, got.out, run(t, "plugin", "quarantine", "f", admin).out)
	assert.Contains(t, run(t, "plugin", "quarantine", "g", admin).err, "g: no filter has this name")

	broken := file(t, "broken.ndjson", got.out)
	again := run(t, "plugin", "replay", broken, "-c", s.yaml)
	assert.Equal(t, 1, again.code)
	assert.Contains(t, again.err, "the filter fails on 2 of 2 events")
	lines := strings.Split(again.out, "\n")
	assert.Regexp(t, `^t \S+: was trap, now fails: trap: unreachable in .* \(fuel \d+, `, lines[0])
	assert.Regexp(t, `integer divide by zero`, lines[1])

	fixed := invocation{in: got.out}.run(t, "plugin", "replay", "-", "--filter", guest(t, "pass"), "--json")
	require.Equal(t, 0, fixed.code, fixed.err)
	assert.Equal(t, 2, strings.Count(fixed.out, `"was":"trap","now":{"verdict":"pass"`))
}

// What is replayed to has the settings in the relay.yaml beside it, as everywhere on the desk.
func TestPlugin_Replay_TakesSettingsBeside(t *testing.T) {
	dir := onDesk(t, "../../testdata/plugins/dropfield/dropfield.wasm", "a.json", "{}")
	broken := file(t, "broken.ndjson", `{"plugin":"f","cause":"trap","event":{"topic":"t","kind":"json","payload":"{\"a\":1}"}}`)
	yaml := filepath.Join(dir, "relay.yaml")
	require.NoError(t, os.WriteFile(yaml, []byte("filters: [{name: g, path: f.wasm, config: {field: a, value: 1}}]\n"), 0o600))
	for _, path := range []string{dir, filepath.Join(dir, "f.wasm")} {
		got := run(t, "plugin", "replay", broken, "--filter", path)
		assert.Equal(t, 0, got.code, got.err)
		assert.Contains(t, got.out, "t: was trap, now drop")
	}
	inspected := run(t, "plugin", "inspect", dir)
	assert.Equal(t, 0, inspected.code, inspected.out+inspected.err)
	assert.Regexp(t, `(?m)^verdict +accepted$`, inspected.out)
	two := "filters: [{name: g, path: f.wasm, config: {field: a, value: 1}}, {name: h, path: f.wasm, config: {field: b, value: 1}}]\n"
	require.NoError(t, os.WriteFile(yaml, []byte(two), 0o600))
	assert.Contains(t, run(t, "plugin", "replay", broken, "--filter", dir).err, "say which by --name")
	assert.Contains(t, run(t, "plugin", "replay", broken, "--filter", dir, "--name", "h").out, "now pass")
}

func TestPlugin_ListAndRollback(t *testing.T) {
	s := serve(t)
	admin := "--admin=http://" + s.AdminAddr().String()
	assert.Contains(t, run(t, "plugin", "rollback", "f", admin).err, "f: there is no version to go back to")
	s.deploy(t, "pass")
	require.NoError(t, s.ReloadFile(t.Context()))
	assert.Equal(t, 200, s.publish(t, "u"))
	got := run(t, "plugin", "rollback", "f", admin)
	require.Equal(t, 0, got.code, got.err)
	assert.Equal(t, "f: rolled back\n", got.out)
	assert.Equal(t, 503, s.publish(t, "u"))
	list := run(t, "plugin", "list", admin)
	assert.Regexp(t, `(?m)^f +1 +[0-9a-f]{8} +2 \([0-9a-f]{8}\) rolled back +closed +2 +1 +1 +`, list.out)
	assert.Contains(t, run(t, "plugin", "list", "--json", admin).out, `"rolled_back":true`)
}

func TestPlugin_Errors(t *testing.T) {
	s := serve(t)
	tests := []struct {
		name string
		args []string
		code int
		err  string
	}{
		{"no relay", []string{"plugin", "list", "--admin", "127.0.0.1:1"}, 1, "is the relay running"},
		{"not the admin listener", []string{"plugin", "list", "--admin", s.Addr().String()}, 1, "no admin listener"},
		{"bad address", []string{"plugin", "list", "--admin", "ftp://x"}, 2, "--admin ftp://x: write it as"},
		{"no such verb", []string{"plugin", "bulid"}, 2, `unknown command "bulid" for "relay plugin"; did you mean build?`},
		{"nothing like a verb", []string{"plugin", "x"}, 2, `unknown command "x" for "relay plugin"`},
		{"nothing to replay to", []string{"plugin", "replay", "x"}, 2, "which filter?"},
		{"no file", []string{"plugin", "replay", "/nonexistent", "--filter", guest(t, "pass")}, 2, "no such file"},
		{"no quarantine", []string{"plugin", "replay", file(t, "x", "\n{}\n"), "--filter", guest(t, "pass")}, 2, "x:2: not a line of relay plugin quarantine"},
		{"bad config", []string{"plugin", "replay", file(t, "x", ""), "--filter", guest(t, "pass"), "--config", "{"}, 2, "--config: "},
		{"bad topic", []string{"plugin", "replay", file(t, "x", `{"event":{"topic":"a..b"}}`), "--filter", guest(t, "pass")}, 2, "not a topic"},
		{"unknown filter", []string{"plugin", "replay", file(t, "x", `{"plugin":"g","event":{"topic":"a"}}`), "-c", s.yaml}, 2, `has no filter "g"`},
		{"broken module", []string{"plugin", "replay", file(t, "x", `{"event":{"topic":"a"}}`), "--filter", guest(t, "no_hooks")}, 2, "the filter has no hook"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, tt.args...)
			assert.Equal(t, tt.code, got.code)
			assert.Contains(t, got.err, tt.err)
		})
	}
}
