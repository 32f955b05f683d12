package main

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRoot_wrongUse(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want []string // parts of stderr
	}{
		{"unknown verb", []string{"subscrbe"}, []string{`relay: unknown command "subscrbe"`, "Did you mean this?\n\tsubscribe", "Run 'relay --help'"}},
		{"unknown flag", []string{"publish", "--topic", "x"}, []string{"relay: unknown flag: --topic", "Run 'relay publish --help'"}},
		{"too many arguments", []string{"publish", "a", "b", "c"}, []string{"accepts at most 2 arg(s), received 3"}},
		{"unknown shell", []string{"completion", "csh"}, []string{`invalid argument "csh"`}},
		{"bad duration", []string{"subscribe", "--timeout", "10"}, []string{"--timeout", "missing unit"}},
		{"bad topic", []string{"publish", "a..b", "x"}, []string{"empty token"}},
		{"wildcard topic", []string{"publish", "a.*", "x"}, []string{"wildcard"}},
		{"data for a topic", []string{"publish", `{"a":1}`}, []string{"the first argument is the topic: relay publish events"}},
		{"bad pattern", []string{"subscribe", "a.>.b"}, []string{"'>' before its last token"}},
		{"data and file", []string{"publish", "a", "b", "--file", "f"}, []string{"either DATA or --file"}},
		{"type and file", []string{"publish", "a", "--type", "json", "--file", "f"}, []string{"--type is for one event"}},
		{"skip without file", []string{"publish", "a", "b", "--skip", "3"}, []string{"--skip is for --file"}},
		{"unknown type", []string{"publish", "a", "b", "--type", "jsn"}, []string{"write json, text, binary or a media type"}},
		{"no such file", []string{"publish", "--file", "/does/not/exist"}, []string{"no such file"}},
		{"a folder", []string{"publish", "--file", "."}, []string{"is a folder"}},
		{"negative count", []string{"subscribe", "--count", "-1"}, []string{"can't be negative"}},
		{"address with a password", []string{"publish", "a", "b", "--url", "http://me:secret@h"}, []string{"use a key or token file", "xxxxx"}},
		{"address with a token", []string{"subscribe", "--url", "ws://h/?token=x"}, []string{"tokens come from a file"}},
		{"no address", []string{"subscribe", "--url", "ftp://h"}, []string{"write it as http://HOST:PORT"}},
		{"bench: no address", []string{"bench"}, []string{"accepts 1 arg(s), received 0"}},
		{"bench: TLS", []string{"bench", "wss://h/"}, []string{"no TLS"}},
		{"bench: two paces", []string{"bench", "ws://h/", "--rate", "5", "--saturate"}, []string{"--saturate and --rate exclude each other"}},
		{"bench: no share", []string{"bench", "ws://h/", "--stuck", "1"}, []string{"write a share, such as 10%"}},
		{"bench: no subscribers", []string{"bench", "ws://h/", "-c", "0"}, []string{"--connections 0: write a number from 1 up"}},
		{"bench: no size", []string{"bench", "ws://h/", "--size", "1MB"}, []string{"write bytes, such as 128 or 1KiB"}},
		{"bench: tiny", []string{"bench", "ws://h/", "--size", "9"}, []string{"--size 9: write a number from 52"}},
		{"bench: header", []string{"bench", "ws://h/", "--header", "x"}, []string{"'Name: value'"}},
		{"bench: header with a key", []string{"bench", "ws://h/", "--header", "authorization: Bearer secret"}, []string{"use --token-file or --key-file"}},
		{"bench: address with a token", []string{"bench", "ws://h/?token=secret"}, []string{"--token-file"}},
		{"no such key file", []string{"publish", "a", "b", "--key-file", "/does/not/exist"}, []string{"no such file"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, tt.args...)
			assert.Equal(t, exitUsage, got.code)
			assert.Empty(t, got.out)
			assert.True(t, strings.HasPrefix(got.err, "relay: "), got.err)
			for _, part := range tt.want {
				assert.Contains(t, got.err, part)
			}
			assert.NotContains(t, got.err, "Usage:", "the usage is not recited")
			assert.NotContains(t, got.err, "secret")
		})
	}
}

func TestRoot_help(t *testing.T) {
	root := run(t)
	assert.Equal(t, exitOK, root.code)
	assert.Contains(t, root.out, exitTable)
	assert.Equal(t, root, run(t, "--help"))
	for _, verb := range (&app{}).rootCmd().Commands() {
		if verb.Name() == "help" {
			continue
		}
		t.Run(verb.Name(), func(t *testing.T) {
			got := run(t, verb.Name(), "--help")
			assert.Equal(t, exitOK, got.code)
			assert.Contains(t, got.out, "Examples:\n  relay "+verb.Name(), "every verb shows how it is used")
			assert.Contains(t, root.out, verb.Short)
			for line := range strings.Lines(got.out) {
				assert.LessOrEqual(t, len([]rune(line)), 140, line)
			}
		})
	}
}

// The table names every exit code there is.
func TestRoot_exitTable(t *testing.T) {
	for _, row := range []string{"  0  ", "  1  ", "  2  ", "  3  ", "  4  ", "  130 ", "143"} {
		assert.Contains(t, exitTable, row)
	}
	assert.Equal(t, []int{0, 1, 2, 3, 4, 128}, []int{exitOK, exitFailed, exitUsage, exitNotAccepted, exitTimeout, exitSignal})
}

func TestVersion(t *testing.T) {
	text := run(t, "version")
	assert.Equal(t, exitOK, text.code)
	assert.Contains(t, text.out, "relay ")
	assert.Contains(t, text.out, runtime.Version())

	got := run(t, "version", "--json")
	require.Equal(t, exitOK, got.code)
	var v versionInfo
	require.NoError(t, json.Unmarshal([]byte(got.out), &v))
	assert.Equal(t, buildVersion(), v)
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		got := run(t, "completion", shell)
		assert.Equal(t, exitOK, got.code)
		assert.Contains(t, got.out, "relay", shell)
		assert.Empty(t, got.err)
	}
}

func TestSecret_neverOnTheCommandLine(t *testing.T) {
	for _, args := range [][]string{
		{"publish", "--key", "hunter2", "a", "b"},
		{"subscribe", "--token=hunter2"},
		{"bench", "ws://h/", "--token=hunter2"},
	} {
		got := run(t, args...)
		assert.Equal(t, exitUsage, got.code)
		assert.Contains(t, got.err, "visible to every user")
		assert.NotContains(t, got.err, "hunter2")
	}
}
