package main

import (
	"bufio"
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What subscribe --record writes, publish --file publishes again, and a second recording is the same but for the ids that
// were not given; plugin test and plugin run read it too.
func TestSubscribe_RecordRoundTrip(t *testing.T) {
	s := serve(t)
	s.deploy(t, "pass")
	require.NoError(t, s.ReloadFile(t.Context()))
	url := "--url=http://" + s.Addr().String()
	record := func(file string, publish func()) (recorded, printed string) {
		path := t.TempDir() + "/" + file
		done := make(chan outcome, 1)
		go func() {
			done <- invocation{}.runContext(t.Context(), "subscribe", "t.>", url, "--record", path, "--count", "4", "--timeout", "20s")
		}()
		require.Eventually(t, func() bool { return subscriptions(t, s) > 0 }, waitLimit, tick)
		publish()
		got := <-done
		require.Equal(t, 0, got.code, got.err)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(text), got.out
	}
	bytes64 := base64.StdEncoding.EncodeToString([]byte{0xff, 0, '\n'})
	events := `{"topic":"t.a","event_id":"1","data":{"n": 1.50, "s":"é\u2028"}}
{"topic":"t.a","event_id":"2","type":"text","data":"line\nbreak \"quoted\""}
{"topic":"t.a","event_id":"3","data_base64":"` + bytes64 + `"}
{"topic":"t.a","event_id":"4","attributes":{"k":"v"},"data":[]}
`
	file1 := file(t, "events.ndjson", events)
	first, printed := record("first.ndjson", func() {
		require.Equal(t, 0, run(t, "publish", "--file", file1, url).code)
	})
	assert.Equal(t, strings.Replace(events, `"attributes":{"k":"v"},`, "", 1), strings.ReplaceAll(first, "\u2028", `\u2028`),
		"all but the attributes, which clients do not get")
	assert.Contains(t, printed, `{"n": 1.50,`, "printed is the data alone")

	recorded := file(t, "again.ndjson", first)
	second, _ := record("second.ndjson", func() {
		require.Equal(t, 0, run(t, "publish", "--file", recorded, url).code)
	})
	assert.Equal(t, first, second)

	got := run(t, "plugin", "test", guest(t, "pass"), recorded)
	require.Equal(t, 0, got.code, got.err)
	assert.Contains(t, got.out, "4 events: 4 pass")
	ran := invocation{in: first}.run(t, "plugin", "run", guest(t, "pass"), "--events")
	require.Equal(t, 0, ran.code, ran.err)
	assert.Equal(t, first, ran.out, "run --events of a filter that passes all gives the recording")
}

func TestSubscribe_RecordErrors(t *testing.T) {
	got := run(t, "subscribe", "--record", "/nonexistent/x")
	assert.Equal(t, 2, got.code)
	assert.Contains(t, got.err, "--record: ")
}

// subscriptions asks the relay how many there are.
func subscriptions(t *testing.T, s serving) int {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get("http://" + s.AdminAddr().String() + "/metrics")
	require.NoError(t, err)
	defer res.Body.Close()
	return sumMetric(t, res.Body, "relay_subscriptions")
}

const (
	waitLimit = 20 * time.Second
	tick      = 5 * time.Millisecond
)

// sumMetric adds up the values of a metric.
func sumMetric(t *testing.T, r io.Reader, name string) (sum int) {
	t.Helper()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		metric, value, _ := strings.Cut(lines.Text(), " ")
		if base, _, _ := strings.Cut(metric, "{"); base != name {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		require.NoError(t, err)
		sum += int(n)
	}
	return sum
}
