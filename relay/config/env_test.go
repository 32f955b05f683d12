package config

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/relay"
	"eventrelay/relay/auth"
)

func TestEnvTable_NamesEachKeyOnce(t *testing.T) {
	leaves := 0
	schema().leaves(func(*field) { leaves++ })
	assert.Len(t, envTable(), leaves, "no two keys have one name")
	for name, path := range map[string]string{
		"RELAY_LISTEN":                      "listen",
		"RELAY_ADMIN_LISTEN":                "admin.listen",
		"RELAY_INSECURE_PUBLIC":             "insecure_public",
		"RELAY_WEBSOCKET_PING_INTERVAL":     "websocket.ping_interval",
		"RELAY_AUTH_PUBLISH_KEYS_FILE":      "auth.publish_keys_file",
		"RELAY_PUBLISH_MAX_BODY":            "publish.max_body",
		"RELAY_FILTERS":                     "filters",
		"RELAY_AUTH_SUBSCRIBE_TOKENS":       "auth.subscribe_tokens",
		"RELAY_FANOUT_MEMORY":               "fanout.memory",
		"RELAY_FANOUT_SLOW":                 "fanout.slow",
		"RELAY_TOPICS":                      "topics",
		"RELAY_FANOUT_MAX_LAG_TIME":         "fanout.max_lag_time",
		"RELAY_WEBSOCKET_MAX_MESSAGE_SIZE":  "websocket.max_message_size",
		"RELAY_PUBLISH_IDEMPOTENCY_WINDOW":  "publish.idempotency_window",
		"RELAY_PLUGINS_MAX_HOOKS":           "plugins.max_hooks",
		"RELAY_PLUGINS_INIT_TIMEOUT":        "plugins.init_timeout",
		"RELAY_AUTH_ALLOWED_ORIGINS":        "auth.allowed_origins",
		"RELAY_SHUTDOWN_DRAIN":              "shutdown.drain",
		"RELAY_WEBSOCKET_DEFAULT_TOPIC":     "websocket.default_topic",
		"RELAY_WEBSOCKET_MAX_SUBSCRIPTIONS": "websocket.max_subscriptions",
		"RELAY_AUTH_SUBSCRIBE_TOKENS_FILE":  "auth.subscribe_tokens_file",
		"RELAY_LOG_LEVEL":                   "log.level",
		"RELAY_WEBSOCKET_HANDSHAKE_TIMEOUT": "websocket.handshake_timeout",
		"RELAY_PUBLISH_IDEMPOTENCY_KEYS":    "publish.idempotency_keys",
	} {
		require.Contains(t, envTable(), name)
		assert.Equal(t, path, envTable()[name].path)
	}
}

func TestEnvironment(t *testing.T) {
	c, err := load(t, "auth: {publish_keys: [a, b, c, d]}",
		"HOME=/root", "RELAYED=1",
		"RELAY_AUTH_PUBLISH_KEYS=k1, k2",
		`RELAY_AUTH_SUBSCRIBE_TOKENS=["with,comma", "two"]`,
		"RELAY_WEBSOCKET_INBOUND=false",
		"RELAY_WEBSOCKET_LOOPS=2",
		"RELAY_WEBSOCKET_PING_INTERVAL=5s",
		"RELAY_FANOUT_MAX_LAG=3MiB",
		`RELAY_FILTERS=[{"name":"f","path":"f.wasm","topics":["a.>"],"config":{"n":1},"limits":{"time":"1ms"}}]`,
		// What Kubernetes sets beside a Service named relay.
		"RELAY_SERVICE_HOST=10.0.0.1", "RELAY_SERVICE_PORT=80", "RELAY_SERVICE_PORT_HTTP=80", "RELAY_PORT=tcp://10.0.0.1:80",
		"RELAY_PORT_80_TCP=tcp://10.0.0.1:80", "RELAY_PORT_80_TCP_PROTO=tcp", "RELAY_PORT_80_TCP_PORT=80", "RELAY_PORT_80_TCP_ADDR=10.0.0.1",
		// And beside one named relay-admin.
		"RELAY_ADMIN_SERVICE_HOST=10.0.0.2", "RELAY_ADMIN_SERVICE_PORT=9090", "RELAY_ADMIN_SERVICE_PORT_METRICS=9090",
		"RELAY_ADMIN_PORT=tcp://10.0.0.2:9090", "RELAY_ADMIN_PORT_9090_TCP=tcp://10.0.0.2:9090", "RELAY_ADMIN_PORT_9090_TCP_PORT=9090",
	)
	require.NoError(t, err)
	assert.Equal(t, []auth.Secret{"k1", "k2"}, c.Auth.PublishKeys)
	assert.Equal(t, []auth.Secret{"with,comma", "two"}, c.Auth.SubscribeTokens)
	assert.False(t, c.WebSocket.Inbound)
	assert.Equal(t, 2, c.WebSocket.Loops)
	assert.Equal(t, 5*time.Second, c.WebSocket.PingInterval)
	assert.Equal(t, 3*relay.MiB, c.Fanout.MaxLag)
	assert.Equal(t, []plugins.Filter{{
		Name: "f", Path: "f.wasm", Topics: []relay.Pattern{"a.>"}, Config: map[string]any{"n": int64(1)},
		Limits: plugins.Limits{Time: time.Millisecond},
	}}, c.Filters, "relative to where the relay runs")
	assert.Empty(t, c.origin("auth.publish_keys[3]")[len("RELAY_AUTH_PUBLISH_KEYS"):], "the file's list is gone")
}

func TestEnvironment_Faults(t *testing.T) {
	for entry, want := range map[string]string{
		"RELAY_LISTN=a":                      "RELAY_LISTN: unknown variable (did you mean RELAY_LISTEN?)",
		"RELAY_PING_INTERVAL=1s":             "RELAY_PING_INTERVAL: unknown variable",
		"RELAY_WEBSOCKET=a":                  "RELAY_WEBSOCKET: unknown variable",
		"RELAY_=a":                           "RELAY_: unknown variable",
		"RELAY_PORT=9000":                    "RELAY_PORT: unknown variable",
		"RELAY_ADMIN_PORT=9090":              "RELAY_ADMIN_PORT: unknown variable",
		"RELAY_LISTEN=":                      "RELAY_LISTEN: listen: is set but empty",
		"RELAY_AUTH_PUBLISH_KEYS=":           "RELAY_AUTH_PUBLISH_KEYS: auth.publish_keys: is set but empty",
		"RELAY_AUTH_PUBLISH_KEYS=a,,b":       "RELAY_AUTH_PUBLISH_KEYS: auth.publish_keys[1]: is empty",
		"RELAY_AUTH_PUBLISH_KEYS=[1":         "RELAY_AUTH_PUBLISH_KEYS: auth.publish_keys: must be a JSON list",
		"RELAY_WEBSOCKET_LOOPS=two":          `RELAY_WEBSOCKET_LOOPS: websocket.loops: must be a whole number, such as 4, not "two"`,
		"RELAY_WEBSOCKET_LOOPS=-1":           "-1 is negative",
		"RELAY_WEBSOCKET_INBOUND=no":         `must be true or false, not "no"`,
		"RELAY_SHUTDOWN_DRAIN=10":            "10 has no unit",
		"RELAY_FILTERS=a.wasm":               "RELAY_FILTERS: filters: must be a list",
		`RELAY_FILTERS=[{"nam":"a"}]`:        "RELAY_FILTERS: filters[0].nam: unknown key (did you mean name?)",
		"RELAY_LOG_LEVEL=loud":               `RELAY_LOG_LEVEL: log.level: "loud" is none; write debug, info, warn or error`,
		"RELAY_WEBSOCKET_DEFAULT_TOPIC=a..b": "RELAY_WEBSOCKET_DEFAULT_TOPIC: websocket.default_topic: not a topic",
	} {
		t.Run(entry, func(t *testing.T) {
			_, err := Load(LoadOptions{Path: "testdata/empty.yaml", Environ: []string{entry}})
			_, ok := errors.AsType[*Error](err)
			require.True(t, ok, "%v", err)
			assert.ErrorContains(t, err, want)
		})
	}
}

func TestEnvironment_Ignore(t *testing.T) {
	_, err := Load(LoadOptions{Path: "testdata/empty.yaml", Environ: []string{"RELAY_URL=x"}, Ignore: []string{"RELAY_URL"}})
	require.NoError(t, err)
}
