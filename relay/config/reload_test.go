package config

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNeedsRestart(t *testing.T) {
	const running = "log: {level: info}\nfilters: [{name: a, path: /a}]"
	for name, tc := range map[string]struct {
		next string
		want []string
	}{
		"the same":           {next: running},
		"said differently":   {next: "filters:\n  - path: /a\n    name: a\n"},
		"filters":            {next: "filters: [{name: b, path: /a}, {name: a, path: /b}]"},
		"no filters":         {},
		"auth":               {next: running + "\nauth: {publish_keys: [a], allowed_hosts: [b]}"},
		"log level":          {next: "log: {level: debug}"},
		"drain":              {next: "shutdown: {drain: 1s}"},
		"insecure_public":    {next: "insecure_public: true"},
		"listen":             {next: "listen: localhost:1", want: []string{"listen"}},
		"some of each":       {next: "log: {level: debug, format: json}\nadmin: {listen: \"off\"}\nwebsocket: {inbound: false, loops: 2}", want: []string{"admin.listen", "websocket.loops", "websocket.inbound", "log.format"}},
		"fanout and plugins": {next: "fanout: {outbox: 9MiB}\nplugins: {lanes: 7}\npublish: {max_batch: 1}", want: []string{"publish.max_batch", "fanout.outbox", "plugins.lanes"}},
		"slow clients":       {next: running + "\nfanout: {slow: skip, max_lag: 9MiB, max_lag_time: 1s, memory: 1GiB}\ntopics: [{match: a, slow: latest}]"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := load(t, running)
			require.NoError(t, err)
			b, err := load(t, tc.next)
			require.NoError(t, err)
			assert.Equal(t, tc.want, NeedsRestart(a, b))

			var left []string
			schema().changed(reflect.ValueOf(*a.With(b)), reflect.ValueOf(*b), func(path string) { left = append(left, path) })
			assert.Equal(t, tc.want, left, "With takes exactly what needs no restart")
		})
	}
}
