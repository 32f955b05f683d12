package main

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"eventrelay/plugins"
	"eventrelay/relay"
)

// relayHost is the whole of relay between accepting an event and handing it to the fan-out.
type relayHost struct{ pipeline *plugins.Pipeline }

// nowhere is a sink that counts.
type nowhere struct{ n uint64 }

func (s *nowhere) Append(*relay.Event) relay.Position {
	s.n++
	return relay.Position{Epoch: "e", N: s.n}
}

func (*nowhere) Full(func()) bool { return false }

func (s *nowhere) AppendBatch(evs []*relay.Event, at []relay.Position) {
	for i, ev := range evs {
		at[i] = s.Append(ev)
	}
}

// openScript runs one script.
func openScript(text string) (*relayHost, error) {
	return openChain([]plugins.Filter{{Name: "script", Inline: text}})
}

// openRelay runs n filters of one module in a chain.
func openRelay(path string, n int) (*relayHost, error) {
	filters := make([]plugins.Filter, n)
	for i := range filters {
		filters[i] = plugins.Filter{Name: fmt.Sprintf("scan-%d", i), Path: path}
	}
	return openChain(filters)
}

func openChain(filters []plugins.Filter) (*relayHost, error) {
	p, err := plugins.Open(context.Background(), plugins.Options{}, filters, &nowhere{}, slog.New(slog.DiscardHandler))
	return &relayHost{p}, err
}

func (h *relayHost) bench(b *testing.B) {
	ev := &relay.Event{Topic: "orders.new", ID: "id", Payload: []byte(event), Kind: relay.KindJSON, Time: time.Unix(1_700_000_000, 0)}
	evs, results := []*relay.Event{ev}, make([]relay.Result, 1)
	loop(b, func() error {
		h.pipeline.Publish(context.Background(), evs, results)
		if v := results[0].Verdict; v != relay.Accepted && v != relay.Transformed {
			return fmt.Errorf("verdict %v: %s", results[0].Verdict, results[0].Reason)
		}
		return nil
	})
}
