package admin

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"eventrelay/relay"
)

// control is a relay.PluginControl with one filter, a.
type control struct{ rollback error }

func (control) Plugins() []relay.PluginStatus {
	return []relay.PluginStatus{{Name: "a", Breaker: "closed", Running: relay.PluginVersion{Number: 2, SHA256: "ab"}}}
}

func (control) Quarantine(name string, yield func([]byte)) error {
	if name != "" && name != "a" {
		return relay.ErrNoPlugin
	}
	yield([]byte("{\"plugin\":\"a\"}\n"))
	yield([]byte("{\"plugin\":\"a\"}\n"))
	return nil
}

func (c control) Rollback(_ context.Context, name string) error {
	if name != "a" {
		return relay.ErrNoPlugin
	}
	return c.rollback
}

func TestServer_plugins(t *testing.T) {
	s := start(t, Deps{Plugins: control{}})
	list := ask(t, s, "GET", "/plugins")
	assert.Contains(t, list.body, `"name":"a","running":{"version":2,"path":"","sha256":"ab"}`)
	assert.Equal(t, "application/json", list.header.Get("Content-Type"))
	for _, path := range []string{"/plugins/quarantine", "/plugins/quarantine?name=a"} {
		got := ask(t, s, "GET", path)
		assert.Equal(t, "{\"plugin\":\"a\"}\n{\"plugin\":\"a\"}\n", got.body)
		assert.Equal(t, "application/x-ndjson", got.header.Get("Content-Type"))
		assert.Contains(t, got.header.Get("Content-Disposition"), "attachment")
	}
	assert.Equal(t, 404, ask(t, s, "GET", "/plugins/quarantine?name=b").status)
	assert.Equal(t, 405, ask(t, s, "GET", "/plugins/rollback?name=a").status)
	assert.Equal(t, 200, ask(t, s, "POST", "/plugins/rollback?name=a").status)
	assert.Equal(t, 404, ask(t, s, "POST", "/plugins/rollback?name=b").status)
	assert.Equal(t, 404, ask(t, s, "POST", "/plugins/rollback").status)
	assert.Equal(t, 403, ask(t, s, "POST", "/plugins/rollback?name=a", "Sec-Fetch-Site: cross-site").status)
	assert.Equal(t, 403, ask(t, s, "GET", "/plugins/quarantine", "Host: evil.example").status)

	for err, status := range map[error]int{relay.ErrNoPrevious: 409, relay.ErrClosed: 503, errors.New("does not start"): 422} {
		s := start(t, Deps{Plugins: control{rollback: err}})
		got := ask(t, s, "POST", "/plugins/rollback?name=a")
		assert.Equal(t, status, got.status)
		assert.Equal(t, err.Error()+"\n", got.body)
	}
	assert.Equal(t, 404, ask(t, start(t, Deps{}), "GET", "/plugins").status)
}
