package server

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

	"eventrelay/relay/transport/wsclient"
)

// TestServer is the whole way: in over HTTP and WebSocket, through a filter, out to every subscriber.
func TestServer(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, base(driver)+fmt.Sprintf("filters: [{name: redact, path: %q, topics: [\"orders.>\"], config: {fields: [card, ssn]}, limits: {time: 5s}}]", sample(t, "redactgo")))
		one, all := r.subscribe("topic=orders.new"), r.subscribe("topic=orders.>")
		other := r.subscribe("topic=other")

		res := r.publish("orders.new", `{"card":"4111 1111","total":9}`)
		assert.Equal(t, 200, res.status)
		assert.Equal(t, "transformed", res.Verdict)
		assert.Equal(t, "redact", res.Filter)
		assert.NotEmpty(t, res.ID)
		for _, c := range []*wsclient.Conn{one, all} {
			assert.JSONEq(t, `{"card":"[redacted]","total":9}`, read(t, c))
		}

		require.NoError(t, one.WriteText(t.Context(), []byte(`{"ssn":"1","n":2}`)))
		for _, c := range []*wsclient.Conn{one, all} {
			assert.JSONEq(t, `{"ssn":"[redacted]","n":2}`, read(t, c), "inbound events pass the filters, and the sender gets its own")
		}

		assert.Equal(t, "accepted", r.publish("other", `{"card":"not redacted here"}`).Verdict)
		assert.JSONEq(t, `{"card":"not redacted here"}`, read(t, other))
	})
}

func TestServer_PublicPortShowsNoAdmin(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, base(driver))
		for _, path := range []string{"/metrics", "/healthz", "/readyz", "/debug/pprof/", "/debug/pprof/heap", "/admin", "//publish", "/x/../metrics", "/publish.json"} {
			status, body := r.get("http://" + r.Addr().String() + path)
			assert.Equal(t, 404, status, path)
			assert.Contains(t, body, `"status":404`, path)
		}
		status, body := r.get("http://" + r.Addr().String() + "/")
		assert.Equal(t, 200, status)
		assert.Contains(t, body, "/publish/TOPIC")
		assert.Contains(t, body, "/ws?topic=TOPIC")

		for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
			status, _ := r.get("http://" + r.AdminAddr().String() + path)
			assert.Equal(t, 200, status, path)
		}
	})
}

func TestServer_Metrics(t *testing.T) {
	r := start(t, base("auto"))
	c := r.subscribe("topic=a")
	r.publish("a", "1")
	read(t, c)
	_, body := r.get("http://" + r.AdminAddr().String() + "/metrics")
	assert.Contains(t, body, "\nrelay_connections")
	for _, family := range []string{"relay_connections", "relay_publish_requests_total", "relay_deliveries_total"} {
		assert.Contains(t, body, "# TYPE "+family+" ", "every part reports")
	}
}

func TestServer_AdminOff(t *testing.T) {
	r := start(t, "listen: 127.0.0.1:0\nadmin: {listen: \"off\"}")
	assert.Nil(t, r.AdminAddr())
	assert.Equal(t, 200, r.publish("a", "1").status)
}

func TestServer_Auth(t *testing.T) {
	const key, token = "key-0123456789abcdef", "token-0123456789abcdef"
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, base(driver)+"auth: {publish_keys: ["+key+"], subscribe_tokens: ["+token+"]}")
		assert.Equal(t, 401, r.publish("a", "1").status)
		assert.Equal(t, 401, r.publish("a", "1", "Authorization", "Bearer wrong").status)
		assert.Equal(t, 403, r.publish("a", "1", "Authorization", "Bearer "+token).status)
		assert.Equal(t, 403, r.publish("a", "1", "X-API-Key", key, "Origin", "https://evil.example").status)
		assert.Equal(t, 200, r.publish("a", "1", "X-API-Key", key).status)
		for query, want := range map[string]int{"": 401, "token=wrong": 401, "token=" + key: 403, "token=" + token: 101} {
			c, err := wsclient.Dial(t.Context(), "ws://"+r.Addr().String()+"/ws?"+query, wsclient.Options{})
			if want == 101 {
				require.NoError(t, err)
				require.NoError(t, c.CloseNow())
				continue
			}
			require.ErrorContains(t, err, fmt.Sprint(want), query)
		}
		assert.NotContains(t, r.logs.String(), key)
		assert.NotContains(t, r.logs.String(), token)
	})
}

func TestServer_RefusesForeignPagesWithoutAuth(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, base(driver))
		own := "http://" + r.Addr().String()
		for origin, want := range map[string]int{own: 200, "https://evil.example": 403, "null": 403, strings.ToUpper(own): 403} {
			assert.Equal(t, want, r.publish("a", "1", "Origin", origin).status, origin)
			c, err := wsclient.Dial(t.Context(), "ws://"+r.Addr().String()+"/ws", wsclient.Options{Header: http.Header{"Origin": {origin}}})
			if want == 200 {
				require.NoError(t, err)
				require.NoError(t, c.CloseNow())
				continue
			}
			require.ErrorContains(t, err, "403", origin)
		}
		_, err := wsclient.Dial(t.Context(), "ws://"+r.Addr().String()+"/ws", wsclient.Options{Header: http.Header{"Host": {"rebound.example"}}})
		require.ErrorContains(t, err, "403")
	})
}

func TestOpen_PortInUse(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, base(driver))
		for _, text := range []string{
			"listen: " + r.Addr().String() + "\nadmin: {listen: \"off\"}\nwebsocket: {driver: " + driver + "}",
			"listen: 127.0.0.1:0\nadmin: {listen: \"" + r.AdminAddr().String() + "\"}\nwebsocket: {driver: " + driver + "}",
		} {
			_, err := Open(t.Context(), configure(t, text), slog.New(slog.DiscardHandler))
			require.Error(t, err)
			assert.Contains(t, err.Error(), "in use")
		}
		assert.Equal(t, 200, r.publish("a", "1").status, "the first goes on")
	})
}

func TestOpen_BrokenFilterLeavesNothingOpen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "broken.wasm")
	require.NoError(t, os.WriteFile(file, []byte("not wasm"), 0o600))
	_, err := Open(t.Context(), configure(t, base("auto")+fmt.Sprintf("filters: [{name: broken, path: %q}]", file)), slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "broken")
	_, err = Open(t.Context(), configure(t, base("auto")+"filters: [{name: gone, path: none.wasm}]"), slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestOpen_WarnsOfOpenDoors(t *testing.T) {
	r := start(t, base("auto")+"insecure_public: true\nauth: {allowed_origins: [\"*\"]}\n")
	assert.Contains(t, r.logs.String(), `allowed_origins has \"*\"`)
	c := configure(t, "listen: 0.0.0.0:0\nadmin: {listen: \"off\"}\ninsecure_public: true")
	out := &logs{}
	s, err := Open(t.Context(), c, slog.New(slog.NewTextHandler(out, nil)))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	assert.Contains(t, out.String(), "anyone who reaches 0.0.0.0:0 can publish and subscribe")
}

func TestServer_CloseLeavesNothing(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		before := openFiles(t)
		r := start(t, base(driver)+fmt.Sprintf("filters: [{name: a, path: %q, config: {field: level, value: debug}, limits: {time: 5s}}]", sample(t, "dropfield")), WithWatch())
		var clients []*wsclient.Conn
		for i := range 20 {
			clients = append(clients, r.subscribe(fmt.Sprintf("topic=t.%d", i%3)))
		}
		assert.Equal(t, 200, r.publish("t.1", "{}").status)
		require.NoError(t, r.Close())
		require.NoError(t, r.Close(), "twice")
		r.http.CloseIdleConnections()
		for _, c := range clients {
			require.NoError(t, c.CloseNow())
		}
		assert.Eventually(t, func() bool { return openFiles(t) <= before }, waitFor, tick)
	})
}
