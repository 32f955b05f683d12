package ingest

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"eventrelay/relay"
)

// sink accepts events and keeps none.
type sink struct{}

func (sink) Publish(_ context.Context, evs []*relay.Event, results []relay.Result) {
	for i, ev := range evs {
		results[i] = relay.Result{EventID: ev.ID, Position: relay.Position{Epoch: "01234567", N: uint64(i + 1)}}
	}
}

func (sink) Submit(*relay.Event, func(relay.Result), func()) error { return nil }

// nowhere is a ResponseWriter that keeps nothing.
type nowhere struct {
	header http.Header
	status int
}

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n *nowhere) WriteHeader(status int)      { n.status = status }

func (n *nowhere) SetReadDeadline(time.Time) error  { return nil }
func (n *nowhere) SetWriteDeadline(time.Time) error { return nil }

// again serves the same request time after time.
func again(tb testing.TB, target, contentType, body string) func() {
	return serveAgain(tb, sink{}, target, contentType, body)
}

func serveAgain(tb testing.TB, p relay.Publisher, target, contentType, body string) func() {
	h := New(Options{}, p, fakeGate{}, slog.New(slog.DiscardHandler))
	req := httptest.NewRequest(http.MethodPost, target, nil)
	req.Header.Set("Content-Type", contentType)
	req.ContentLength = int64(len(body))
	r := bytes.NewReader(nil)
	w := &nowhere{header: http.Header{}}
	return func() {
		r.Reset([]byte(body))
		req.Body = io.NopCloser(r)
		h.ServeHTTP(w, req)
		if w.status != 200 {
			tb.Fatal(w.status)
		}
	}
}

// event128 is a JSON event of 128 bytes.
const event128 = `{"id":"0f3a91","type":"order.created","customer":{"id":8271,"name":"Ada"},"lines":[{"sku":"X1","n":2}],"total":1299,"ok":true}`

func manyLines(line string, n int) string { return strings.Repeat(line+"\n", n) }

func BenchmarkHandler(b *testing.B) {
	const n = 5000
	wrapped := `{"topic":"orders.eu","data":` + event128 + `}`
	benchmarks := []struct {
		name, target, contentType, body string
		events                          int
	}{
		{"json", "/publish/orders.eu", "application/json", event128, 1},
		{"ndjson", "/publish/orders.eu", "application/x-ndjson", manyLines(event128, n), n},
		{"ndjson wrapped", "/publish", "application/x-ndjson", manyLines(wrapped, n), n},
		{"array", "/publish/orders.eu?batch", "application/json", "[" + strings.TrimSuffix(strings.Repeat(event128+",", n), ",") + "]", n},
	}
	for _, bm := range benchmarks {
		b.Run(bm.name, func(b *testing.B) {
			serve := again(b, bm.target, bm.contentType, bm.body)
			b.ReportAllocs()
			for b.Loop() {
				serve()
			}
			b.ReportMetric(float64(b.N*bm.events)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
