package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/broadcaster"
	"eventrelay/plugins"
	"eventrelay/relay"
	"eventrelay/relay/auth"
)

// load loads a relay.yaml of the given text, beside which keys/publish and keys/subscribe hold a key each. In the error, the directory is left out.
func load(t testing.TB, text string, environ ...string) (*Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "relay.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	keys := filepath.Join(filepath.Dir(file), "keys")
	require.NoError(t, os.Mkdir(keys, 0o700))
	for _, name := range []string{"publish", "subscribe"} {
		require.NoError(t, os.WriteFile(filepath.Join(keys, name), []byte("0123456789abcdef\n"), 0o600))
	}
	c, err := Load(LoadOptions{Path: file, Environ: environ})
	if e, ok := errors.AsType[*Error](err); ok {
		for i := range e.Faults {
			e.Faults[i].Where = strings.ReplaceAll(e.Faults[i].Where, filepath.Dir(file)+string(filepath.Separator), "")
		}
	}
	return c, err
}

func TestLoad_EmptyIsTheDefault(t *testing.T) {
	for name, text := range map[string]string{
		"empty":             "",
		"comments":          "# nothing\n",
		"marker":            "---\n",
		"BOM":               "\xef\xbb\xbf# nothing\n",
		"commented section": "log:\n  # level: debug\nwebsocket:\n",
		"CRLF":              "log:\r\n  level: info\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := load(t, text)
			require.NoError(t, err)
			assert.Equal(t, Default(), bare(c))
		})
	}
}

// bare drops where c came from, and what loading cannot tell from the default: an empty list.
func bare(c *Config) *Config {
	b := *c
	b.source = source{}
	if len(b.Filters) == 0 {
		b.Filters = nil
	}
	if len(b.Topics) == 0 {
		b.Topics = nil
	}
	for _, list := range []*[]auth.Secret{&b.Auth.PublishKeys, &b.Auth.SubscribeTokens} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	for _, list := range []*[]string{&b.Auth.AllowedHosts, &b.Auth.AllowedOrigins} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	return &b
}

func TestLoad_Everything(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(tokens, []byte("0123456789abcdef"), 0o600))
	c, err := load(t, strings.ReplaceAll(`
listen: localhost:0
insecure_public: true
admin: {listen: "off"}
websocket: {driver: portable, loops: 2, ping_interval: 1m30s, max_message_size: 1KiB, default_topic: a.b, inbound: false}
fanout: {slow: skip, max_lag: 2MiB, memory: 1GiB}
topics:
  - {match: "prices.>", slow: latest, max_lag: 256KiB, max_lag_time: 2s}
  - match: audit
plugins: {lanes: 0}
auth:
  publish_keys: [k1, "0123"]
  publish_keys_file: keys/publish
  subscribe_tokens_file: ABSOLUTE
  allowed_origins: ["https://app.example.com"]
log: {level: debug, format: json}
shutdown: {drain: 1h}
filters:
  - name: redact
    path: filters/redact.wasm
    topics: &topics ["orders.>", a.*.b]
    sources: [inbound]
    config: {fields: [card, ssn], "dotted.key": {a: 1, b: 1.5, c: null, d: true, e: 2026-01-02, f: 18446744073709551615}}
    on_error: pass
    limits: {time: 5ms, memory: 1MiB, emits: 3}
    allow: [kv]
  - {name: two, path: /abs/two.wasm, topics: *topics}
`, "ABSOLUTE", tokens))
	require.NoError(t, err)
	dir := filepath.Dir(c.File())
	topics := []relay.Pattern{"orders.>", "a.*.b"}
	want := Default()
	want.Listen, want.InsecurePublic, want.Admin.Listen = "localhost:0", true, "off"
	want.WebSocket.Driver, want.WebSocket.Loops, want.WebSocket.PingInterval = "portable", 2, 90*time.Second
	want.WebSocket.MaxMessageSize, want.WebSocket.DefaultTopic, want.WebSocket.Inbound = relay.KiB, "a.b", false
	want.Fanout.Slow, want.Fanout.MaxLag, want.Fanout.Memory = broadcaster.Skip, 2*relay.MiB, relay.GiB
	want.Topics = []broadcaster.Topic{
		{Match: "prices.>", Slow: broadcaster.Latest, MaxLag: 256 * relay.KiB, MaxLagTime: 2 * time.Second}, {Match: "audit"},
	}
	want.Auth = auth.Options{
		PublishKeys: []auth.Secret{"k1", "0123"}, PublishKeysFile: filepath.Join(dir, "keys/publish"),
		SubscribeTokensFile: tokens, AllowedOrigins: []string{"https://app.example.com"},
	}
	want.Log, want.Shutdown = Log{"debug", "json"}, Shutdown{time.Hour}
	want.Filters = []plugins.Filter{
		{
			Name: "redact", Path: filepath.Join(dir, "filters/redact.wasm"), Topics: topics, Sources: []string{"inbound"},
			Config: map[string]any{
				"fields":     []any{"card", "ssn"},
				"dotted.key": map[string]any{"a": int64(1), "b": 1.5, "c": nil, "d": true, "e": "2026-01-02", "f": uint64(18446744073709551615)},
			},
			OnError: "pass", Limits: plugins.Limits{Time: 5 * time.Millisecond, Memory: relay.MiB, Emits: 3}, Allow: []string{"kv"},
		},
		{Name: "two", Path: "/abs/two.wasm", Topics: topics},
	}
	assert.Equal(t, want, bare(c))
}

// TestLoad_Faults: what can't be meant is an error that says where, which key, and what to write (CF-01, CF-02, CF-03).
func TestLoad_Faults(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'j'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 10), ", "))
	}
	for name, tc := range map[string]struct {
		text string
		want []string // one for each fault, in order
	}{
		"typo":                {"lisen: a", []string{`relay.yaml:1: lisen: unknown key (did you mean listen?)`}},
		"wrong case":          {"\nListen: a", []string{`relay.yaml:2: Listen: unknown key (did you mean listen?)`}},
		"hyphens":             {"insecure-public: true", []string{`unknown key (did you mean insecure_public?)`}},
		"nested typo":         {"websocket:\n  ping_intervall: 1s", []string{`relay.yaml:2: websocket.ping_intervall: unknown key (did you mean ping_interval?)`}},
		"wrong section":       {"fanout:\n  ping_interval: 1s", []string{`relay.yaml:2: fanout.ping_interval: unknown key (did you mean websocket.ping_interval?)`}},
		"wrong place":         {"publish_keys: [a]", []string{`relay.yaml:1: publish_keys: unknown key (did you mean auth.publish_keys?)`}},
		"like nothing":        {"log:\n  xyzzyplugh: 1", []string{`unknown key (known here: level, format)`}},
		"in a list item":      {"filters:\n  - name: a\n    path: b\n    topic: [c]", []string{`relay.yaml:4: filters[0].topic: unknown key (did you mean topics?)`}},
		"deep in a list item": {"filters:\n  - {name: a, path: b}\n  - name: c\n    path: d\n    limits:\n      tim: 1s", []string{`relay.yaml:6: filters[1].limits.tim: unknown key (did you mean time?)`}},
		"topics": {"topics:\n  - {match: a, slow: drop}\n  - slow: skip\n  - {match: a}\nfanout: {slow: none}", []string{
			`relay.yaml:2: topics[0].slow: "drop" is none; write disconnect, skip or latest`, `relay.yaml:3: topics[1].match: is missing`,
			`relay.yaml:4: topics[2].match: "a" has no effect`, `relay.yaml:5: fanout.slow: "none" is none`,
		}},
		"all at once":               {"lisen: a\nlog: {level: loud, format: xml}\nfanout: {max_lag: 1}", []string{`relay.yaml:1: lisen:`, `relay.yaml:2: log.level: "loud" is none`, `relay.yaml:2: log.format: "xml" is none`, `relay.yaml:3: fanout.max_lag:`}},
		"number for text":           {"listen: 8080", []string{`relay.yaml:1: listen: must be text; put it in quotes: "8080"`}},
		"nothing for text":          {"listen:", []string{`listen: has no value; write one, or remove the line`}},
		"list for text":             {"listen: [a]", []string{`listen: must be a single value, such as 127.0.0.1:8080, not a list`}},
		"mapping for text":          {"listen: {a: b}", []string{`listen: must be a single value`}},
		"text for a section":        {"log: debug", []string{`log: must be a mapping with keys below it, not a single value`}},
		"list for a section":        {"log: [debug]", []string{`log: must be a mapping`}},
		"list at the root":          {"- listen", []string{`relay.yaml:1: must be a mapping`}},
		"text at the root":          {"listen", []string{`relay.yaml:1: must be a mapping`}},
		"mapping for a list":        {"filters: {name: a}", []string{`filters: must be a list, such as - name: …, not a mapping`}},
		"text for a list":           {"auth:\n  allowed_hosts: a", []string{`auth.allowed_hosts: must be a list, such as [text], not a single value`}},
		"nothing for a list":        {"auth:\n  publish_keys:", []string{`auth.publish_keys: must be a list, such as [text], not nothing`}},
		"quoted number":             {`websocket: {loops: "10"}`, []string{`websocket.loops: is text; write 10 without quotes`}},
		"negative number":           {"websocket: {loops: -1}", []string{`websocket.loops: -1 is negative`}},
		"float for a number":        {"websocket: {loops: 1.5}", []string{`websocket.loops: must be a whole number, such as 4, not "1.5"`}},
		"1e99 for a number":         {"websocket: {loops: 1e99}", []string{`must be a whole number`}},
		"NaN for a number":          {"websocket: {loops: .nan}", []string{`must be a whole number`}},
		"octal for a number":        {"websocket: {loops: 010}", []string{`must be a whole number`}},
		"overflow":                  {"websocket: {loops: 99999999999999999999}", []string{`websocket.loops: 99999999999999999999 is too large`}},
		"zero number":               {"websocket: {max_subscriptions: 0}", []string{`websocket.max_subscriptions: 0 has no meaning here; write an amount, such as 128,`}},
		"bare duration":             {"websocket: {ping_interval: 25}", []string{`websocket.ping_interval: 25 has no unit; write it with ms, s, m or h, such as 25s`}},
		"quoted bare duration":      {`websocket: {ping_interval: "10"}`, []string{`10 has no unit`}},
		"negative duration":         {"websocket: {ping_interval: -5s}", []string{`-5s is negative`}},
		"zero duration":             {"websocket: {ping_interval: 0s}", []string{`0 has no meaning here; write an amount, such as 25s`}},
		"zero bare duration":        {"websocket: {ping_interval: 0}", []string{`0 has no meaning here`}},
		"duration with other unit":  {"websocket: {ping_interval: 5d}", []string{`"5d" is no duration; write a number and ms, s, m or h`}},
		"duration overflow":         {"websocket: {ping_interval: 9999999h}", []string{`"9999999h" is no duration`}},
		"NaN duration":              {"websocket: {ping_interval: .nan}", []string{`".nan" is no duration`}},
		"bare size":                 {"fanout: {max_lag: 1048576}", []string{`fanout.max_lag: not a size: "1048576" has no unit; write it with B, KiB, MiB or GiB`}},
		"negative size":             {"fanout: {max_lag: -1MiB}", []string{`fanout.max_lag: not a size: "-1MiB"; write a whole number and a unit`}},
		"size with other unit":      {"fanout: {max_lag: 1MB}", []string{`not a size: "1MB"`}},
		"size overflow":             {"fanout: {max_lag: 99999999999GiB}", []string{`not a size`}},
		"zero size":                 {"fanout: {max_lag: 0}", []string{`0 has no meaning here; write an amount, such as `}},
		"zero in a list item":       {"filters: [{name: a, path: b, limits: {time: 0s}}]", []string{`filters[0].limits.time: 0 has no meaning here`}},
		"yes":                       {"insecure_public: yes", []string{`insecure_public: must be true or false, not "yes"`}},
		"quoted true":               {`insecure_public: "true"`, []string{`must be true or false`}},
		"number for bool":           {"insecure_public: 1", []string{`must be true or false, not "1"`}},
		"bad pattern":               {"filters:\n  - name: a\n    path: b\n    topics:\n      - ok.>\n      - a..b", []string{`relay.yaml:6: filters[0].topics[1]: not a topic pattern: "a..b" has an empty token`}},
		"bad topic":                 {"websocket: {default_topic: a.>}", []string{`websocket.default_topic: not a topic: "a.>" holds a wildcard`}},
		"secret that is a number":   {"auth: {publish_keys: [123456]}", []string{`auth.publish_keys[0]: must be text; put it in quotes`}},
		"secret with a space":       {"auth:\n  publish_keys:\n    - hunter2 hunter2", []string{`relay.yaml:3: auth.publish_keys[0]: holds a space`}},
		"no such file of keys":      {"auth:\n  publish_keys_file: keys/none", []string{`relay.yaml:2: auth.publish_keys_file: open `}},
		"no keys in the file":       {"auth:\n  subscribe_tokens_file: relay.yaml", []string{`relay.yaml:2: auth.subscribe_tokens_file: `}},
		"origin that is none":       {"auth:\n  allowed_origins: [a.example]", []string{`relay.yaml:2: auth.allowed_origins[0]: "a.example" is no origin; write scheme and host`}},
		"duplicate key":             {"listen: localhost:1\nlog: {}\nlisten: localhost:2", []string{`relay.yaml:3: listen: stands twice; the first is at line 1`}},
		"duplicate in free config":  {"filters:\n  - name: a\n    path: b\n    config:\n      x: 1\n      x: 2", []string{`relay.yaml:6: filters[0].config.x: stands twice; the first is at line 5`}},
		"bad sum":                   {"filters:\n  - name: a\n    path: b\n    sha256: abc", []string{`relay.yaml:4: filters[0].sha256: "abc"; write the 64 digits that sha256sum prints`}},
		"duplicate filter":          {"filters:\n  - {name: a, path: b}\n  - {name: a, path: c}", []string{`relay.yaml:3: filters[1].name: "a" is also the name of filters[0]`}},
		"key that is no text":       {"1: a", []string{`relay.yaml:1: has a key that is not text`}},
		"key that is a list":        {"? [a]\n: b", []string{`has a key that is not text`}},
		"merge key":                 {"log: &l {level: info}\nshutdown:\n  <<: *l", []string{`relay.yaml:3: shutdown: merge keys (<<) are not supported`}},
		"NaN in free config":        {"filters:\n  - name: a\n    path: b\n    config: {x: .nan}", []string{`filters[0].config.x: ".nan" is no number that JSON has`}},
		"hex in free config":        {"filters: [{name: a, path: b, config: {x: 0x10}}]", []string{`read differently by different programs`}},
		"list for free config":      {"filters: [{name: a, path: b, config: [1]}]", []string{`filters[0].config: must be a mapping, not a list`}},
		"unknown tag":               {"listen: !!binary aGk=", []string{`listen: has a tag`}},
		"own tag":                   {"listen: !go/exec ls", []string{`listen: has a tag, which means nothing here; put text that begins with ! in quotes`}},
		"two documents":             {"listen: localhost:1\n---\nlisten: localhost:2", []string{`relay.yaml:2: a second document begins here`}},
		"tab":                       {"log:\n\tlevel: info", []string{`relay.yaml:2: not YAML: found character that cannot start any token; indent with spaces, not tabs`}},
		"on the first line":         {"a: b: c", []string{`relay.yaml:1: not YAML: mapping values are not allowed`}},
		"unclosed":                  {"log: {level: info", []string{`not YAML: `}},
		"unknown alias":             {"log: {}\nlisten: *a", []string{`relay.yaml:2: not YAML: found an alias of nothing; put text that begins with * or & in quotes`}},
		"pattern without quotes":    {"filters:\n- name: a\n  path: b\n  topics: [*.created]", []string{`relay.yaml:4: not YAML: did not find expected alphabetic or numeric character; put text that begins with * or & in quotes, such as "*.created"`}},
		"UTF-16 with BOM":           {"\xff\xfel\x00", []string{`relay.yaml:1: is UTF-16; save it as UTF-8`}},
		"UTF-16 without BOM":        {"l\x00o\x00g\x00", []string{`relay.yaml:1: holds a NUL byte`}},
		"latin-1":                   {"# one\n# caf\xe9", []string{`relay.yaml:2: is not UTF-8`}},
		"control characters":        {"#\nlisten: \x01", []string{`relay.yaml:2: holds the control character U+0001`}},
		"alias bomb in free config": {"filters:\n- name: a\n  path: b\n  config:\n    " + strings.ReplaceAll(bomb, "\n", "\n    "), []string{`there are more than 100000 values`}},
		"alias of itself":           {"filters:\n- name: a\n  path: b\n  config: &a {x: *a}", []string{`is nested more than 64 levels deep`}},
		"deep":                      {"filters:\n- name: a\n  path: b\n  config: {x: " + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}", []string{`is nested more than 64 levels deep`}},
		"bad address":               {"listen: localhost", []string{`listen: "localhost" is no address; write host and port, such as 127.0.0.1:8080`}},
		"bad port":                  {"listen: localhost:99999", []string{`has no port between 0 and 65535`}},
		"bad admin address":         {"admin: {listen: none}", []string{`relay.yaml:1: admin.listen: "none" is no address`}},
		"one address twice":         {"listen: localhost:1\nadmin:\n  listen: localhost:1", []string{`relay.yaml:3: admin.listen: is the same address as listen`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, tc.text)
			e, ok := errors.AsType[*Error](err)
			require.True(t, ok, "%v", err)
			assert.NotContains(t, err.Error(), "hunter2")
			require.Len(t, e.Faults, len(tc.want), "%v", err)
			for i, want := range tc.want {
				assert.Contains(t, e.Faults[i].String(), want)
			}
		})
	}
}

// TestLoad_HostileFilesAreRefusedSoon: as large as they may be (CF-03).
func TestLoad_HostileFilesAreRefusedSoon(t *testing.T) {
	var keys strings.Builder
	for i := 0; keys.Len() < MaxFile-16; i++ {
		fmt.Fprintf(&keys, "k%d:\n", i)
	}
	for name, text := range map[string]string{
		"unknown keys":     keys.String(),
		"one key":          strings.Repeat("a:\n", MaxFile/3),
		"nested lists":     strings.Repeat("[", MaxFile-1),
		"nested mappings":  strings.Repeat("{a: ", MaxFile/4),
		"indented":         strings.Repeat("- ", MaxFile/2),
		"one long key":     strings.Repeat("a", MaxFile-3) + ": b",
		"question marks":   strings.Repeat("? ", MaxFile/2),
		"anchors":          strings.Repeat("- &a b\n", MaxFile/7),
		"quotes":           strings.Repeat("'", MaxFile-1),
		"long list":        "filters: [" + strings.Repeat("{},", MaxFile/4) + "]",
		"unclosed mapping": "{" + strings.Repeat("a,", MaxFile/2-2),
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			_, err := load(t, text)
			_, ok := errors.AsType[*Error](err)
			require.True(t, ok)
			assert.Less(t, len(err.Error()), 20_000)
			// On a quiet machine each takes less than a second. What grows with the square of the size takes hours.
			assert.Less(t, time.Since(begin), 30*time.Second)
		})
	}
}

func TestLoad_File(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	c, err := Load(LoadOptions{})
	require.NoError(t, err, "no relay.yaml: the defaults")
	assert.Empty(t, c.File())

	require.NoError(t, os.WriteFile("relay.yaml", []byte("log: {level: warn}"), 0o600))
	c, err = Load(LoadOptions{})
	require.NoError(t, err)
	assert.Equal(t, "relay.yaml", c.File())
	assert.Equal(t, "warn", c.Log.Level)

	_, err = Load(LoadOptions{Path: "none.yaml"})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Load(LoadOptions{Path: dir})
	require.Error(t, err, "a directory")

	require.NoError(t, os.WriteFile("large.yaml", []byte(strings.Repeat("# comment\n", MaxFile/10+1)), 0o600))
	_, err = Load(LoadOptions{Path: "large.yaml"})
	require.ErrorContains(t, err, "large.yaml: is larger than 1MiB")
}

func TestLoad_Precedence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.yaml")
	require.NoError(t, os.WriteFile(file, []byte("log: {level: warn}\nlisten: localhost:1\nadmin: {listen: localhost:2}"), 0o600))
	c, err := Load(LoadOptions{
		Path:    file,
		Environ: []string{"RELAY_LISTEN=localhost:3", "RELAY_ADMIN_LISTEN=localhost:4"},
		Flags:   map[string]any{"admin.listen": "localhost:5", "shutdown.drain": time.Minute, "websocket.loops": 3, "auth.allowed_hosts": []string{"a", "b"}, "insecure_public": true},
	})
	require.NoError(t, err)
	assert.Equal(t, "text", c.Log.Format, "default")
	assert.Equal(t, "warn", c.Log.Level, "file")
	assert.Equal(t, "localhost:3", c.Listen, "environment over file")
	assert.Equal(t, "localhost:5", c.Admin.Listen, "flag over environment")
	assert.Equal(t, time.Minute, c.Shutdown.Drain)
	assert.Equal(t, 3, c.WebSocket.Loops)
	assert.Equal(t, []string{"a", "b"}, c.Auth.AllowedHosts)
	assert.True(t, c.InsecurePublic)
}

func TestConfig_Again(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := Load(LoadOptions{Environ: []string{"RELAY_LOG_FORMAT=json"}})
	require.NoError(t, err)

	require.NoError(t, os.WriteFile("relay.yaml", []byte("log: {level: warn}"), 0o600))
	c, err = c.Again()
	require.NoError(t, err, "the file has come")
	assert.Equal(t, Log{"warn", "json"}, c.Log)

	require.NoError(t, os.WriteFile("relay.yaml", nil, 0o600))
	_, err = c.Again()
	require.ErrorIs(t, err, ErrEmpty)
	require.NoError(t, os.Remove("relay.yaml"))
	_, err = c.Again()
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestLoad_BadFlags(t *testing.T) {
	_, err := Load(LoadOptions{Flags: map[string]any{"lisen": "a"}})
	require.ErrorContains(t, err, "--lisen: lisen: unknown key (did you mean listen?)")
	_, err = Load(LoadOptions{Flags: map[string]any{"shutdown.drain": "10"}})
	require.ErrorContains(t, err, "--shutdown.drain: shutdown.drain: 10 has no unit")
}

func FuzzLoad(f *testing.F) {
	shipped, err := os.ReadFile("../../relay.yaml")
	require.NoError(f, err)
	f.Add(string(shipped))
	f.Add("filters:\n- &a {name: b, config: {x: *a}}\n")
	f.Add("? [a]\n: !!binary x\n<<: {}\n")
	f.Add("log: {level: \"\\0\", format: .nan}\n---\n...")
	f.Add("\xef\xbb\xbf? \n- - - :\n\t%")
	f.Fuzz(func(t *testing.T, text string) {
		var faults Error
		l := fileLayer("relay.yaml", []byte(text), &faults)
		c, err := merge([]layer{l})
		require.NoError(t, err, "a value of a layer has its field's type")
		c.check(&faults)
		for _, fault := range faults.Faults {
			require.NotEmpty(t, fault.Problem)
		}
	})
}

// Text that YAML reads as something else may be a secret all the same.
func TestLoad_FaultsShowNoSecrets(t *testing.T) {
	for _, text := range []string{"[*hunter2]", "[!hunter2 ]", "[!hunter2]", "[&hunter2]", "[hunter2: x]", "hunter2", "[hunter2", "{hunter2: x}", "[@hunter2]", `["\hunter2"]`, "[[hunter2]]"} {
		_, err := load(t, "auth: {publish_keys: "+text+"}")
		require.Error(t, err, text)
		assert.NotContains(t, err.Error(), "hunter2", text)
	}
}
