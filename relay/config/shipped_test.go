package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/broadcaster"
	"eventrelay/plugins"
	"eventrelay/relay"
)

// shipped is the relay.yaml of the repository.
var shipped = filepath.Join("..", "..", "relay.yaml")

func TestShippedFile_IsTheDefaultAndTheSampleFilter(t *testing.T) {
	c, err := Load(LoadOptions{Path: shipped})
	require.NoError(t, err)
	assert.Empty(t, c.Warnings())
	want := Default()
	want.Filters = []plugins.Filter{{
		Name: "redact", Path: filepath.Join("..", "..", "bin", "filters", "redactgo.wasm"), Topics: []relay.Pattern{"orders.>"},
		Config: map[string]any{"fields": []any{"card", "ssn"}},
	}}
	assert.Equal(t, want, bare(c))
}

func TestShippedFile_TeachesEveryKey(t *testing.T) {
	text, err := os.ReadFile(shipped)
	require.NoError(t, err)
	schema().all(func(f *field) {
		key := regexp.MustCompile(`(?m)^[ #{]*(- |[a-z]+: {|.*, )?` + f.key + `:`)
		assert.Regexp(t, key, string(text), "%s is not in relay.yaml", f.path)
	})
}

// TestShippedFile_ExamplesAreValid takes the # away from the examples.
func TestShippedFile_ExamplesAreValid(t *testing.T) {
	text, err := os.ReadFile(shipped)
	require.NoError(t, err)
	example := regexp.MustCompile(`(?m)^([ ]*)#(\S)`)
	require.GreaterOrEqual(t, len(example.FindAll(text, -1)), 9)
	c, err := load(t, example.ReplaceAllString(string(text), "$1$2"))
	require.NoError(t, err)
	assert.Equal(t, []string{"path", "script", "inline"}, []string{c.Filters[0].OriginKey(), c.Filters[1].OriginKey(), c.Filters[2].OriginKey()})
	f := c.Filters[0]
	assert.Equal(t, []string{"published", "inbound"}, f.Sources)
	assert.Equal(t, "drop", f.OnError)
	want := plugins.DefaultLimits(c.Plugins)
	want.Fuel = f.Limits.Fuel // the only one that is off unless it is set
	assert.Equal(t, want, f.Limits)
	assert.Equal(t, plugins.DefaultBreaker(), f.Breaker)
	assert.Equal(t, plugins.DefaultQuarantine(), f.Quarantine)
	assert.Equal(t, "on_error", f.Reset)
	assert.Equal(t, []broadcaster.Topic{{Match: "prices.>", Slow: broadcaster.Latest, MaxLag: 256 * relay.KiB, MaxLagTime: 2 * time.Second}}, c.Topics)
	assert.NotEmpty(t, c.Auth.PublishKeys)
	assert.True(t, strings.HasSuffix(c.Auth.SubscribeTokensFile, filepath.Join("keys", "subscribe")))
	for _, s := range []bool{c.Auth.NeedsKey(), c.Auth.NeedsToken()} {
		assert.True(t, s)
	}
}
