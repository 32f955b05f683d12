package main

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay/bench"
)

func TestBench(t *testing.T) {
	p := start(t, "-c", serveYAML(t, ""))
	url := strings.Replace(p.base, "http", "ws", 1) + "/ws?topic=bench"
	pid := strconv.Itoa(p.cmd.Process.Pid)
	short := []string{"--duration", "200ms", "--warmup", "10ms", "--spin=false", "-c", "20", "--pid", pid}

	got := run(t, append([]string{"bench", url, "--progress"}, short...)...)
	require.Equal(t, exitOK, got.code, got.err)
	for _, row := range []string{
		`^20 subscribers on 1 topic, 1 publisher, 128-byte events, 1 in flight, for 0\.\d+ s after 0\.01 s of warm-up\n`,
		`\nconnect +[\d,]+/s +in .* s +handshake p50 .*, p99 .*\n`, `\ndeliveries +[\d,]+/s +[\d,]+ in all +[\d.]+ per read\n`,
		`\norder +0 lost +0 repeated +0 reordered, 0 corrupted\n`, `\nserver RSS +[\d.]+ MiB before`,
	} {
		assert.Regexp(t, row, got.out)
	}
	for line := range strings.Lines(got.out) {
		assert.Less(t, len(line), 140)
	}

	got = run(t, append([]string{"bench", url, "--json", "--saturate", "--publishers", "4"}, short...)...)
	require.Equal(t, exitOK, got.code, got.err)
	assert.Empty(t, got.err, "no progress without a terminal")
	var res struct {
		Mode       string  `json:"mode"`
		InFlight   int     `json:"in_flight"`
		Deliveries int64   `json:"deliveries"`
		PerS       float64 `json:"deliveries_per_s"`
		Lost       *int64  `json:"lost"`
		Latency    struct {
			P99     float64    `json:"p99_us"`
			Buckets [][2]int64 `json:"buckets_ns"`
		} `json:"latency"`
		Server struct {
			PIDs []int `json:"pids"`
			RSS  int64 `json:"rss_bytes_after"`
		} `json:"server"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &res))
	assert.Equal(t, "in_flight", res.Mode)
	assert.Equal(t, 64, res.InFlight)
	assert.Positive(t, res.Deliveries)
	assert.Positive(t, res.PerS)
	assert.NotNil(t, res.Lost)
	assert.Positive(t, res.Latency.P99)
	assert.NotEmpty(t, res.Latency.Buckets)
	assert.Equal(t, pid, strconv.Itoa(res.Server.PIDs[0]))
	assert.Positive(t, res.Server.RSS)
}

// A filter that eats events makes a bench fail, not wait.
func TestBench_nothingComes(t *testing.T) {
	p := start(t, "-c", serveYAML(t, ""))
	got := run(t, "bench", strings.Replace(p.base, "http", "ws", 1)+"/ws?topic=a", "--publish", p.base+"/publish/b", "-c", "3", "--spin=false")
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.err, "3 of 3 subscribers")
}

func TestBench_secrets(t *testing.T) {
	p := start(t, "-c", serveYAML(t, "auth: {publish_keys_file: "+file(t, "keys", "k1\n")+", subscribe_tokens_file: "+file(t, "tokens", "t1\n")+"}\n"))
	url := strings.Replace(p.base, "http", "ws", 1) + "/ws?topic=bench"
	short := []string{"-c", "3", "--duration", "50ms", "--warmup", "0s", "--spin=false"}

	got := run(t, append([]string{"bench", url}, short...)...)
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.err, "401 Unauthorized")
	for _, publish := range []string{url, p.base + "/publish/bench"} {
		i := invocation{env: map[string]string{"RELAY_TOKEN": "t1"}}
		got := i.run(t, append([]string{"bench", url, "--publish", publish, "--key-file", file(t, "key", "k1\n")}, short...)...)
		assert.Equal(t, exitOK, got.code, got.err)
	}
}

func TestBench_fault(t *testing.T) {
	r := &bench.Result{Lost: 1234, Duplicated: 1, Disconnected: map[string]int{"a": 1, "b": 2}}
	assert.Equal(t, "not all came as it should: 1,234 lost, 1 repeated, 3 subscribers cut off", benchFault(r))
	assert.Equal(t, []string{"1× a; 2× b"}, reasons(r.Disconnected))
}

func TestBench_noSuchProcess(t *testing.T) {
	got := run(t, "bench", "ws://127.0.0.1:1/", "--pid", "1073741824")
	assert.Equal(t, exitUsage, got.code)
	_, err := os.Stat("/proc/1073741824")
	assert.ErrorIs(t, err, os.ErrNotExist)
}
