package server

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/relay/needs"
)

// needQuickJS ends a test where QuickJS was not fetched.
func needQuickJS(t *testing.T) {
	t.Helper()
	if plugins.QuickJS() == "" {
		needs.Missing(t, "QuickJS is not built in; `make quickjs` fetches it")
	}
}

// A script filters what comes by HTTP and from sockets, and a change of its file is taken over by the running relay; a
// broken one is not.
func TestServer_Script(t *testing.T) {
	needQuickJS(t)
	eachDriver(t, func(t *testing.T, driver string) {
		file := filepath.Join(t.TempDir(), "filter.js")
		write := func(text string) {
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		}
		write(`export default function (event) {
	if (event.data.n < 0) return reject("n must not be below 0");
	event.data.n += config.add;
	return [event, {topic: "copies", data: {of: event.data.n}}];
}`)
		r := start(t, base(driver)+fmt.Sprintf("filters: [{name: js, script: %q, topics: [a], config: {add: 1}, limits: {time: 5s}}, "+
			"{name: one, inline: 'event => event.data.of !== 3', topics: [copies], limits: {time: 5s}}]\n", file))
		a, copies := r.subscribe("topic=a"), r.subscribe("topic=copies")
		assert.Equal(t, "transformed", r.publish("a", `{"n": 1}`).Verdict)
		assert.Equal(t, `{"n":2}`, read(t, a))
		assert.Equal(t, `{"of":2}`, read(t, copies))
		assert.Equal(t, "transformed", r.publish("a", `{"n": 2}`).Verdict)
		assert.Equal(t, `{"n":3}`, read(t, a), "its copy is dropped by the second filter")
		refused := r.publish("a", `{"n": -1}`)
		assert.Equal(t, 422, refused.status)
		assert.Equal(t, "js", refused.Filter)

		write("export default event => {\n\treturn event +\n}")
		assert.ErrorContains(t, r.ReloadFile(t.Context()), "filter.js:3:1: SyntaxError")
		assert.Equal(t, "transformed", r.publish("a", `{"n": 3}`).Verdict)
		assert.Equal(t, `{"n":4}`, read(t, a), "the old one runs on")
		assert.Equal(t, `{"of":4}`, read(t, copies))

		write("export default event => event")
		require.NoError(t, r.ReloadFile(t.Context()))
		assert.Equal(t, "accepted", r.publish("a", `{"n": 5}`).Verdict)
		assert.Equal(t, `{"n": 5}`, read(t, a))
	})
}

// A script decides who comes in, and to what, and learns who has gone.
func TestServer_ScriptHooks(t *testing.T) {
	needQuickJS(t)
	eachDriver(t, func(t *testing.T, driver string) {
		r := start(t, base(driver)+`
filters:
  - name: gate
    limits: {time: 5s}
    inline: |
      export function onConnect(event) {
        const key = /key=(\w+)/.exec(event.attributes.query)?.[1];
        return key ? {attributes: {tenant: key}} : refuse(401, "who are you?");
      }
      export function onSubscribe(event) {
        if (event.topic === "secret") return refuse(403, "not " + event.topic);
        event.topic = event.attributes.tenant + "." + event.topic;
        return event;
      }
      export function onDisconnect(event) { log("gone", event.attributes.tenant) }
`)
		status, _ := r.knock("topic=a", nil)
		assert.Equal(t, 401, status)
		status, _ = r.knock("topic=secret&key=acme", nil)
		assert.Equal(t, 403, status)
		status, c := r.knock("topic=a&key=acme", nil)
		require.Equal(t, 101, status)
		r.publish("a", `"not for acme"`)
		r.publish("acme.a", `"for acme"`)
		assert.Equal(t, `"for acme"`, read(t, c))
		require.NoError(t, c.CloseNow())
		assert.Eventually(t, func() bool { return strings.Count(r.logs.String(), `text="gone acme"`) == 2 }, waitFor, tick)
	})
}
