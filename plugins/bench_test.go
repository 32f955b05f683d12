package plugins

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	"eventrelay/relay"
)

// benchEvent is a typical event of 235 bytes.
func benchEvent(topic relay.Topic) *relay.Event {
	payload := `{"id":"01JA8Q0Z3V9W3K6X","type":"trade","symbol":"ACME","price":101.25,"quantity":300,"side":"buy","venue":"XNAS","account":"a-19-3321","card":"4111111111111111","note":"filled in two parts, settles on T+1","ts":1700000000000000}`
	return &relay.Event{Topic: topic, ID: "id", Payload: []byte(payload), Kind: relay.KindJSON, Time: time.Unix(1_700_000_000, 0)}
}

func benchPipeline(b *testing.B, filters ...Filter) *Pipeline {
	p, err := Open(context.Background(), Options{}, filters, nowhere{}, slog.New(slog.DiscardHandler))
	require.NoError(b, err)
	b.Cleanup(func() { _ = p.Close() })
	return p
}

func publishLoop(b *testing.B, p *Pipeline, batch int) {
	evs, results := make([]*relay.Event, batch), make([]relay.Result, batch)
	for i := range evs {
		evs[i] = benchEvent("orders.new")
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		p.Publish(context.Background(), evs, results)
		n += batch
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
}

func BenchmarkPublish(b *testing.B) {
	pass := func(name string) Filter { return Filter{Name: name, Path: guest("pass")} }
	elsewhere := pass("elsewhere")
	elsewhere.Topics = []relay.Pattern{"other.>"}
	b.Run("no filters", func(b *testing.B) { publishLoop(b, benchPipeline(b), 1) })
	b.Run("no filter sees it", func(b *testing.B) { publishLoop(b, benchPipeline(b, elsewhere), 1) })
	b.Run("one passes", func(b *testing.B) { publishLoop(b, benchPipeline(b, pass("a")), 1) })
	b.Run("one passes, 64 at once", func(b *testing.B) { publishLoop(b, benchPipeline(b, pass("a")), 64) })
	b.Run("three pass", func(b *testing.B) { publishLoop(b, benchPipeline(b, pass("a"), pass("b"), pass("c")), 1) })
	eight := make([]Filter, 8)
	for i := range eight {
		eight[i] = pass(string(rune('a' + i)))
	}
	b.Run("eight pass, 64 at once", func(b *testing.B) { publishLoop(b, benchPipeline(b, eight...), 64) })
	b.Run("stock Go redacts", func(b *testing.B) { publishLoop(b, benchPipeline(b, redact(b)), 1) })
}

func BenchmarkPublish_Parallel(b *testing.B) {
	p := benchPipeline(b, Filter{Name: "a", Path: guest("pass")})
	b.RunParallel(func(pb *testing.PB) {
		evs, results := []*relay.Event{benchEvent("orders.new")}, make([]relay.Result, 1)
		for pb.Next() {
			p.Publish(context.Background(), evs, results)
		}
	})
}

// BenchmarkRawCall is what wazero itself takes, without and with its time-out: the others are to be seen against it.
func BenchmarkRawCall(b *testing.B) {
	for _, timeout := range []bool{false, true} {
		b.Run(map[bool]string{false: "bare", true: "with time-out"}[timeout], func(b *testing.B) {
			ctx := context.Background()
			rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCloseOnContextDone(timeout))
			defer rt.Close(ctx)
			module, err := os.ReadFile(guest("pass"))
			require.NoError(b, err)
			mod, err := rt.Instantiate(ctx, module)
			require.NoError(b, err)
			fn, stack := mod.ExportedFunction("relay_on_event"), make([]uint64, 1)
			b.ReportAllocs()
			for b.Loop() {
				_ = fn.CallWithStack(ctx, stack)
			}
		})
	}
}

// BenchmarkReplace is what a trap costs: the call, and the instance that takes the broken one's place.
func BenchmarkReplace(b *testing.B) {
	p := benchPipeline(b, Filter{Name: "a", Path: guest("puppet")})
	evs, results := []*relay.Event{event("t", "u")}, make([]relay.Result, 1)
	for b.Loop() {
		p.Publish(context.Background(), evs, results)
	}
}
