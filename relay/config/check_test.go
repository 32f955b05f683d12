package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLoad_PublicAddressesNeedAuth(t *testing.T) {
	const (
		keys   = "RELAY_AUTH_PUBLISH_KEYS=0123456789abcdef"
		tokens = "RELAY_AUTH_SUBSCRIBE_TOKENS=0123456789abcdef"
		open   = "RELAY_INSECURE_PUBLIC=true"

		filters = "RELAY_AUTH_BY_FILTER=true"
	)
	for name, tc := range map[string]struct {
		environ []string
		refused string // part of the message; "" when it may start
		warned  []string
	}{
		"loopback":                 {environ: []string{"RELAY_LISTEN=127.0.0.1:80"}},
		"loopback, other":          {environ: []string{"RELAY_LISTEN=127.1.2.3:80"}},
		"loopback, IPv6":           {environ: []string{"RELAY_LISTEN=[::1]:80"}},
		"loopback, mapped":         {environ: []string{"RELAY_LISTEN=[::ffff:127.0.0.1]:80"}},
		"localhost":                {environ: []string{"RELAY_LISTEN=localhost:80"}},
		"all":                      {environ: []string{"RELAY_LISTEN=0.0.0.0:80"}, refused: "anyone there could publish and subscribe"},
		"all, short":               {environ: []string{"RELAY_LISTEN=:80"}, refused: "anyone there could publish and subscribe"},
		"all, IPv6":                {environ: []string{"RELAY_LISTEN=[::]:80"}, refused: "anyone"},
		"a name":                   {environ: []string{"RELAY_LISTEN=relay.example:80"}, refused: "anyone"},
		"one":                      {environ: []string{"RELAY_LISTEN=192.0.2.1:80"}, refused: "anyone"},
		"all, keys":                {environ: []string{"RELAY_LISTEN=:80", keys}, refused: "anyone there could subscribe"},
		"all, tokens":              {environ: []string{"RELAY_LISTEN=:80", tokens}, refused: "anyone there could publish;"},
		"all, keys and tokens":     {environ: []string{"RELAY_LISTEN=:80", keys, tokens}},
		"all, filters":             {environ: []string{"RELAY_LISTEN=:80", filters}, refused: "anyone there could publish;"},
		"all, keys and filters":    {environ: []string{"RELAY_LISTEN=:80", keys, filters}},
		"override with filters":    {environ: []string{"RELAY_LISTEN=:80", open, filters}, warned: []string{"anyone who reaches :80 can publish"}},
		"all, override":            {environ: []string{"RELAY_LISTEN=:80", open}, warned: []string{"anyone who reaches :80 can publish and subscribe"}},
		"all, override with keys":  {environ: []string{"RELAY_LISTEN=:80", open, keys}, warned: []string{"anyone who reaches :80 can subscribe"}},
		"admin for all":            {environ: []string{"RELAY_ADMIN_LISTEN=:90"}, refused: "the admin listener has no auth"},
		"admin for all, with auth": {environ: []string{"RELAY_ADMIN_LISTEN=:90", keys, tokens}, refused: "the admin listener has no auth"},
		"admin for all, override":  {environ: []string{"RELAY_ADMIN_LISTEN=:90", open}, warned: []string{"can read metrics and profiles"}},
		"admin off":                {environ: []string{"RELAY_ADMIN_LISTEN=off"}},
		"override without a need":  {environ: []string{open}},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Load(LoadOptions{Path: "testdata/empty.yaml", Environ: tc.environ})
			if tc.refused != "" {
				require.ErrorContains(t, err, tc.refused)
				assert.ErrorContains(t, err, "insecure_public: true")
				if !strings.Contains(tc.refused, "admin") {
					assert.ErrorContains(t, err, "auth.publish_keys")
					assert.ErrorContains(t, err, "auth.subscribe_tokens")
				}
				return
			}
			require.NoError(t, err)
			require.Len(t, c.Warnings(), len(tc.warned))
			for i, want := range tc.warned {
				assert.Contains(t, c.Warnings()[i], want)
			}
		})
	}
}

func TestLoad_WarnsOfSecretsThatOthersMayRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("file modes say nothing of who may read")
	}
	file := filepath.Join(t.TempDir(), "relay.yaml")
	require.NoError(t, os.WriteFile(file, []byte("auth: {publish_keys: [hunter2-hunter2-hunter2]}"), 0o644))
	c, err := Load(LoadOptions{Path: file})
	require.NoError(t, err)
	require.Len(t, c.Warnings(), 1)
	assert.Contains(t, c.Warnings()[0], "chmod 600")
	assert.NotContains(t, c.Warnings()[0], "hunter2")

	require.NoError(t, os.Chmod(file, 0o600))
	c, err = Load(LoadOptions{Path: file})
	require.NoError(t, err)
	assert.Empty(t, c.Warnings())

	require.NoError(t, os.Chmod(file, 0o644))
	c, err = Load(LoadOptions{Path: file, Environ: []string{"RELAY_AUTH_PUBLISH_KEYS=hunter2-hunter2-hunter2"}})
	require.NoError(t, err)
	assert.Empty(t, c.Warnings(), "what the environment holds isn't in the file")
}
