package config

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfig_Print_GivesTheSameAgain(t *testing.T) {
	c, err := load(t, `
websocket: {ping_interval: 90s, driver: portable}
auth: {allowed_origins: ["https://a.example", "*"]}
filters:
  - {name: a, path: /a.wasm, topics: ["a.>", "*"], config: {x: [1, 2.5, "3", null, true, {"y.z": ""}]}, limits: {time: 1s, emits: 3}}
`, "RELAY_LOG_LEVEL=debug")
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, c.Print(&out))
	again, err := load(t, out.String())
	require.NoError(t, err, out.String())
	assert.Equal(t, bare(c).WebSocket, bare(again).WebSocket)
	assert.Equal(t, "https://a.example", again.Auth.AllowedOrigins[0])
	assert.Equal(t, c.Filters[0].Config, again.Filters[0].Config)
	assert.Equal(t, c.Filters[0].Topics, again.Filters[0].Topics)
	assert.Equal(t, c.Log, again.Log)
	assert.Contains(t, out.String(), "level: debug # RELAY_LOG_LEVEL")
	assert.Contains(t, out.String(), "driver: portable # "+filepath.ToSlash(c.File())+":2")
	assert.Contains(t, out.String(), "drain: 30s\n")
}

func TestConfig_Print_HidesSecrets(t *testing.T) {
	c, err := load(t, `
auth: {publish_keys: [hunter2], subscribe_tokens: [hunter2, hunter2]}
filters:
  - {name: a, path: a.wasm, config: {api_key: hunter2, nested: [{Password: hunter2}], keys: [hunter2], plain: shown}}
`)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, c.Print(&out))
	assert.NotContains(t, out.String(), "hunter2")
	assert.Contains(t, out.String(), "plain: shown")
	assert.Contains(t, out.String(), "publish_keys: ['[secret]']")
}

func TestDurationText(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Hour: "1h", 90 * time.Minute: "1h30m", 5 * time.Minute: "5m", 90 * time.Second: "1m30s", 10 * time.Second: "10s",
		100 * time.Minute: "1h40m", 10 * time.Hour: "10h", time.Millisecond: "1ms", time.Hour + time.Second: "1h0m1s", 0: "0s",
	} {
		assert.Equal(t, want, durationText(d))
	}
}
