package main

import (
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"eventrelay/plugins"
	"eventrelay/relay"
	"eventrelay/relay/auth"
	"eventrelay/relay/config"
)

func TestGreeting(t *testing.T) {
	const data = `-d '{"item":"tea","card":"4111 1111 1111 1111"}' `
	tests := []struct {
		name, addr         string
		change             func(*config.Config)
		subscribe, publish string
	}{
		{
			"defaults", "127.0.0.1:8080", func(*config.Config) {},
			"bin/relay subscribe 'events'", "curl " + data + "http://127.0.0.1:8080/publish/events",
		},
		{
			"a filter", "127.0.0.1:8080", func(c *config.Config) { c.Filters = []plugins.Filter{{Topics: []relay.Pattern{"a.*.>"}}} },
			"bin/relay subscribe 'a.*.>'", "curl " + data + "http://127.0.0.1:8080/publish/a.new.new",
		},
		{
			"every address", "[::]:9000", func(*config.Config) {},
			"bin/relay subscribe 'events' --url http://127.0.0.1:9000", "curl " + data + "http://127.0.0.1:9000/publish/events",
		},
		{
			"auth", "[::1]:8080", func(c *config.Config) {
				c.Auth = auth.Options{PublishKeys: []auth.Secret{"hunter2"}, SubscribeTokens: []auth.Secret{"hunter2"}}
			}, "RELAY_TOKEN=… bin/relay subscribe 'events' --url http://[::1]:8080",
			`curl -H "Authorization: Bearer $RELAY_KEY" ` + data + "http://[::1]:8080/publish/events",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr, err := net.ResolveTCPAddr("tcp", tt.addr)
			assert.NoError(t, err)
			cfg := config.Default()
			tt.change(cfg)
			g := newGreeting("bin/relay", addr, cfg)
			assert.Equal(t, tt.subscribe, g.subscribe)
			assert.Equal(t, tt.publish, g.publish)
			var log buffer
			g.show(&app{err: &log}, slog.New(slog.NewTextHandler(&log, nil)))
			assert.Contains(t, log.String(), "publish="+tt.publish[strings.LastIndex(tt.publish, "http"):])
			assert.Contains(t, log.String(), "/ws?topic=")
		})
	}
}
