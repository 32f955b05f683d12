package ingest

import (
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"eventrelay/relay"
)

// keeper keeps the events of one topic, as a fan-out with a stuck client of it does.
type keeper struct{ kept []*relay.Event }

func (k *keeper) Publish(_ context.Context, evs []*relay.Event, _ []relay.Result) {
	for _, ev := range evs {
		if ev.Topic == "kept" {
			k.kept = append(k.kept, ev)
		}
	}
}

func (k *keeper) Submit(*relay.Event, func(relay.Result), func()) error { panic("not used") }

// An event that stays keeps little more than itself, whatever else its batch held.
func TestBatch_RetainsLittle(t *testing.T) {
	const batches, perBatch = 20, 5
	for name, filler := range map[string]string{
		"large": strings.Repeat("x", 4000), "small": "x", "medium": strings.Repeat("x", 400),
	} {
		t.Run(name, func(t *testing.T) {
			others := strings.Repeat(`{"topic":"other","data":"`+filler+`"}`+"\n", 40)
			body := strings.Repeat(`{"topic":"kept","data":1}`+"\n"+others, perBatch)
			k := &keeper{}
			serve := serveAgain(t, k, "/publish", "application/x-ndjson", body)
			serve() // makes what is kept between requests
			k.kept = make([]*relay.Event, 0, batches*perBatch)
			before := heapInUse()
			for range batches {
				serve()
			}
			per := (heapInUse() - before) / (batches * perBatch)
			t.Logf("%d bytes per event", per)
			runtime.KeepAlive(serve)
			assert.Len(t, k.kept, batches*perBatch)
			assert.Positive(t, per)
			assert.Less(t, per, 4096)
		})
	}
}

func heapInUse() int {
	var m runtime.MemStats
	for range 4 { // sync.Pool forgets by and by
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
