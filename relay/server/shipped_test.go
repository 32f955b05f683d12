package server

import (
	"cmp"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	shipped "eventrelay/testdata/plugins"
)

// say is what is published in a test: to orders.new, with the status, verdict and detail or reason it gets.
type say struct {
	body    string
	status  int
	verdict string
	reason  string
	headers []string
}

// Every filter that ships, behind real sockets: a publisher by HTTP, and what a WebSocket client sees.
var shippedRuns = map[string]struct {
	config string
	says   []say
	sees   []string
}{
	"dedupe": {
		"{key: field id}",
		[]say{{body: `{"id":1}`}, {body: `{"id":1,"again":true}`, verdict: "dropped", reason: "duplicate"}, {body: `{"id":2}`}},
		[]string{`{"id":1}`, `{"id":2}`},
	},
	"enrich": {
		"{set: {region: eu}, from: {who: user}, count: seq, into: meta}",
		[]say{{body: `{"user":"ann","meta":"mine"}`, verdict: "transformed"}, {body: `{}`, verdict: "transformed"}},
		[]string{`{"user":"ann","meta":{"region":"eu","who":"ann","seq":"1"}}`, `{"meta":{"region":"eu","seq":"2"}}`},
	},
	"match": {
		"{field: total, above: 100}",
		[]say{{body: `{"total":100}`, verdict: "dropped", reason: "total does not match"}, {body: `{"total":100.5}`}},
		[]string{`{"total":100.5}`},
	},
	"ratelimit": {
		"{events: 2, per: 24h, by: publisher}",
		[]say{{body: `1`}, {body: `2`}, {body: `3`, status: 422, verdict: "rejected", reason: "more than 2 events per 24h by publisher"}},
		[]string{`1`, `2`},
	},
	"redact": {
		"{fields: [card, user.ssn]}",
		[]say{{body: `{"c\u0061rd":1,"user":[{"ssn":2}]}`, verdict: "transformed"}, {body: `{"a":1}`}, {body: `{"card":1}`, verdict: "transformed", headers: []string{"Content-Type", "text/plain"}}},
		[]string{`{"c\u0061rd":"[redacted]","user":[{"ssn":"[redacted]"}]}`, `{"a":1}`, `{"card":"[redacted]"}`},
	},
	"sample": {
		"{keep: 0.5, by: field u}",
		[]say{{body: `{"u":0}`, verdict: "dropped", reason: "not in the sample"}, {body: `{"u":1}`}, {body: `{"u":0}`, verdict: "dropped"}, {body: `{"u":1}`}},
		[]string{`{"u":1}`, `{"u":1}`},
	},
	"split": {
		"{field: items, max: 2}",
		[]say{
			{body: `{"items":[1,{"a":2}]}`, verdict: "dropped", reason: "split"},
			{body: `{"items":[1,2,3]}`, status: 422, verdict: "rejected", reason: "an array of 3 elements; at most 2"},
			{body: `{}`},
		},
		[]string{`1`, `{"a":2}`, `{}`},
	},
	"validate": {
		"{schema: {type: object, required: [id], properties: {id: {type: integer}}}}",
		[]say{
			{body: `{"id":"1"}`, status: 422, verdict: "rejected", reason: "id: want integer"},
			{body: `{"id":1}`, status: 422, verdict: "rejected", reason: "event: is not JSON, or was not sent as JSON", headers: []string{"Content-Type", "text/plain"}},
			{body: `{"id":1}`},
		},
		[]string{`{"id":1}`},
	},
}

func TestServer_ShippedFilters(t *testing.T) {
	for _, f := range shipped.All() {
		test, ok := shippedRuns[f.Name]
		require.True(t, ok, f.Name)
		t.Run(f.Name, func(t *testing.T) {
			r := start(t, base("auto")+fmt.Sprintf("filters:\n- name: it\n  use: %s\n  config: %s\n  limits: {time: 5s}\n", f.Name, test.config))
			c := r.subscribe("topic=orders.>")
			for _, s := range test.says {
				got := r.publish("orders.new", s.body, s.headers...)
				assert.Equal(t, cmp.Or(s.status, 200), got.status, s.body)
				assert.Equal(t, cmp.Or(s.verdict, "accepted"), got.Verdict, s.body)
				if s.reason != "" {
					assert.Contains(t, got.Reason+got.Detail, s.reason)
				}
			}
			for _, want := range test.sees {
				assert.Equal(t, want, read(t, c))
			}
		})
	}
}

// What ships is reloaded as any other: a changed configuration takes effect, one that is refused does not.
func TestServer_ShippedFilterIsReloaded(t *testing.T) {
	of := func(config string) string {
		return base("auto") + "filters: [{name: it, use: match, config: " + config + ", limits: {time: 5s}}]\n"
	}
	r := start(t, of("{field: n, above: 5}"))
	assert.Equal(t, "dropped", r.publish("t", `{"n":3}`).Verdict)
	require.NoError(t, r.Reload(t.Context(), configure(t, of("{field: n, above: 1}"))))
	assert.Equal(t, "accepted", r.publish("t", `{"n":3}`).Verdict)
	assert.ErrorContains(t, r.Reload(t.Context(), configure(t, of("{field: n, over: 1}"))), `filter "it" (use match): relay_init refused the configuration: config: "over" is unknown`)
	assert.Equal(t, "accepted", r.publish("t", `{"n":3}`).Verdict)
}
