package server

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAdmin_Reload: what SIGHUP does can be asked for over HTTP too, and says what is wrong.
func TestAdmin_Reload(t *testing.T) {
	r := start(t, base("auto"))
	post := func() (int, string) {
		res, err := r.http.Post("http://"+r.AdminAddr().String()+"/reload", "", nil)
		require.NoError(t, err)
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res.StatusCode, string(text)
	}
	require.NoError(t, os.WriteFile(r.file, []byte(base("auto")+fmt.Sprintf("filters: [{name: a, path: %q, config: {field: level, value: debug}, limits: {time: 5s}}]", sample(t, "dropfield"))), 0o600))
	status, text := post()
	require.Equal(t, http.StatusOK, status, text)
	assert.Equal(t, "dropped", r.publish("t", `{"level":"debug"}`).Verdict)

	require.NoError(t, os.WriteFile(r.file, []byte("filters: [{name: a, path: "+filepath.Join(t.TempDir(), "gone.wasm")+"}]"), 0o600))
	status, text = post()
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, text, "gone.wasm")
	assert.Equal(t, "dropped", r.publish("t", `{"level":"debug"}`).Verdict, "the running filters stay")
}

// TestAdmin_MetricsLint: the metrics of all parts together are what Prometheus recommends.
func TestAdmin_MetricsLint(t *testing.T) {
	r := start(t, base("auto")+fmt.Sprintf("filters: [{name: a, path: %q, config: {field: level, value: debug}, limits: {time: 5s}}]", sample(t, "dropfield")))
	r.publish("t", `{"level":"debug"}`)
	_, text := r.get("http://" + r.AdminAddr().String() + "/metrics")
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	require.NoError(t, err)
	for _, p := range problems {
		assert.False(t, strings.HasPrefix(p.Metric, "relay_"), "%s: %s", p.Metric, p.Text)
	}
	for _, want := range []string{
		"relay_connections ", "relay_subscriptions ", `relay_events_total{source="published",verdict="dropped"} 1`, "relay_deliveries_total ",
		"relay_delivered_bytes_total ", "relay_delivery_lag_seconds_count ", `relay_reaped_total{reason="slow"} 0`, `relay_plugin_calls_total{plugin="a"} 1`,
		`relay_plugin_verdicts_total{plugin="a",verdict="drop"} 1`, `relay_plugin_duration_seconds_count{plugin="a"} 1`,
	} {
		assert.Contains(t, text, want)
	}
}
