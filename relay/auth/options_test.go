package auth

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOptions_Validate_ReportsEveryFault(t *testing.T) {
	o := Options{
		PublishKeys:     []Secret{"good-0123456789abcdef", "", "has space"},
		SubscribeTokens: []Secret{"é"},
		AllowedOrigins: []string{
			"https://app.example.com", "http://localhost:3000", "*",
			"null", "app.example.com", "https://app.example.com/", "https://App.example.com", "https://app.example.com:443",
		},
		AllowedHosts: []string{"relay.example.com", "192.0.2.1", "[2001:db8::1]", "*", "", "http://relay.example.com", "relay.example.com:8080", "*.example.com", "2001:db8::1"},
	}
	err := o.Validate()
	require.Error(t, err)
	var keys []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		keys = append(keys, line[:strings.IndexByte(line, ':')])
	}
	assert.Equal(t, []string{
		"auth.publish_keys[1]", "auth.publish_keys[2]", "auth.subscribe_tokens[0]",
		"auth.allowed_origins[3]", "auth.allowed_origins[4]", "auth.allowed_origins[5]", "auth.allowed_origins[6]", "auth.allowed_origins[7]",
		"auth.allowed_hosts[4]", "auth.allowed_hosts[5]", "auth.allowed_hosts[6]", "auth.allowed_hosts[7]", "auth.allowed_hosts[8]",
	}, keys)
	assert.NotContains(t, err.Error(), "has space", "secrets are not shown")
	_, err = New(o)
	require.Error(t, err)
}

func TestNew_ReadsSecretFiles(t *testing.T) {
	file := write(t, 0o600, "\xef\xbb\xbf# the shop\r\n"+key+"\r\n\n  "+token+"  \n#end")
	g, err := New(Options{PublishKeysFile: file, PublishKeys: []Secret{key}})
	require.NoError(t, err)
	assert.Empty(t, g.Warnings())
	assert.Len(t, g.keys, 2, "the same key twice is one")
	assert.True(t, g.keys.has(digest(token)))
	assert.False(t, g.keys.has(digest("#end")))
}

func TestNew_RefusesSecretFiles(t *testing.T) {
	for name, file := range map[string]string{
		"missing":   filepath.Join(t.TempDir(), "none"),
		"directory": t.TempDir(),
		"empty":     write(t, 0o600, ""),
		"comments":  write(t, 0o600, "# none yet\n"),
		"spaces":    write(t, 0o600, "two words\n"),
		"binary":    write(t, 0o600, "a\x00b\n"),
		"too large": write(t, 0o600, strings.Repeat("# a comment\n", 1<<17)),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(Options{SubscribeTokensFile: file})
			require.ErrorContains(t, err, "auth.subscribe_tokens_file: ")
			assert.ErrorContains(t, err, file)
			assert.NotContains(t, err.Error(), "two words")
		})
	}
}

func TestGuard_Warnings(t *testing.T) {
	g, err := New(Options{
		PublishKeys: []Secret{"short"}, AllowedOrigins: []string{"*"}, AllowedHosts: []string{"*"},
		SubscribeTokensFile: write(t, 0o644, token),
	})
	require.NoError(t, err)
	all := strings.Join(g.Warnings(), "\n")
	for _, want := range []string{"auth.publish_keys[0] is shorter", `allowed_origins has "*"`, `allowed_hosts has "*"`} {
		assert.Contains(t, all, want)
	}
	if runtime.GOOS != "windows" {
		assert.Contains(t, all, "(mode 0644)")
	}
	assert.NotContains(t, all, token)
}

func TestSecret_IsNeverPrinted(t *testing.T) {
	o := Options{PublishKeys: []Secret{key}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out := fmt.Sprintf(verb, o)
		assert.NotContains(t, out, key, verb)
		assert.NotContains(t, out, fmt.Sprintf("%x", key), verb)
	}
}

func write(t *testing.T, mode os.FileMode, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secrets")
	require.NoError(t, os.WriteFile(file, []byte(text), mode))
	require.NoError(t, os.Chmod(file, mode))
	return file
}
