//go:build !race

// Under the race detector sync.Pool forgets at random, and what it forgets is allocated again.

package ingest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHandler_allocations(t *testing.T) {
	serve := again(t, "/publish/orders.eu", "application/json", event128)
	// The event with its id and attributes, and its payload; and two of this test.
	assert.LessOrEqual(t, testing.AllocsPerRun(200, serve), 4.0)

	const n = 1000
	perLine := func(target, line string) float64 {
		few := testing.AllocsPerRun(20, again(t, target, "application/x-ndjson", manyLines(line, 1)))
		many := testing.AllocsPerRun(20, again(t, target, "application/x-ndjson", manyLines(line, n)))
		return (many - few) / n
	}
	// The event, and some that few events share; see TestBatch_RetainsLittle.
	assert.Less(t, perLine("/publish/orders.eu", event128), 1.2, "payload lines")
	assert.Less(t, perLine("/publish", `{"topic":"orders.eu","data":`+event128+`}`), 1.2, "objects with topic and data")
	assert.Less(t, perLine("/publish", `{"topic":"orders.eu","event_id":"17","data":`+event128+`}`), 1.3, "the event's own id")
}
