package conformance

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/relay"
)

// desk is a guest in the real host.
type desk struct {
	*plugins.Desk
	filter plugins.Filter // as loaded
	log    *lines
}

// start loads a filter with a configuration, with all grants and time enough for a busy machine.
func start(t *testing.T, f plugins.Filter, config map[string]any) *desk {
	t.Helper()
	d := &desk{filter: equip(f, config), log: &lines{}}
	var err error
	d.Desk, err = plugins.OpenDesk(t.Context(), plugins.Options{}, d.filter, d.log.logger())
	require.NoError(t, err)
	t.Cleanup(d.Close)
	return d
}

func equip(f plugins.Filter, config map[string]any) plugins.Filter {
	f.Name, f.Config = "guest", config
	f.Allow = []string{"kv", "now", "random", "metric"}
	f.Limits.Time = 5 * time.Second
	return f
}

// script reports whether the guest is a script, whose numbers are doubles and whose clock has milliseconds; what it
// throws is a failure that leaves its state.
func (d *desk) script() bool { return d.filter.Script != "" }

// panics is the cause of a panic.
func (d *desk) panics() string {
	if d.script() {
		return "guest"
	}
	return "trap"
}

// do gives the guest an event whose attribute do is verb, with further attributes in pairs.
func (d *desk) do(kind relay.Kind, payload, verb string, more ...string) plugins.Trial {
	return d.Try(event(kind, payload, append([]string{"do", verb}, more...)...))
}

// text is the payload that d.do answers with; the test fails if there is none.
func (d *desk) text(t *testing.T, verb string, more ...string) string {
	t.Helper()
	return payloadOf(t, d.do(relay.KindText, "before", verb, more...))
}

// payloadOf returns the payload of a transformed event.
func payloadOf(t *testing.T, got plugins.Trial) string {
	t.Helper()
	require.Equal(t, "transform", got.Verdict, "%+v", got)
	return payload(got.Event)
}

func payload(e *plugins.Event) string {
	if e.Payload != nil {
		return *e.Payload
	}
	return string(e.PayloadBase64)
}

// instant is when all events were taken.
var instant = time.Unix(1_700_000_000, 123_456_789)

// event is an event on the topic orders.eu, with attributes in pairs.
func event(kind relay.Kind, payload string, attributes ...string) *relay.Event {
	ev := &relay.Event{Topic: "orders.eu", ID: "id", Kind: kind, Payload: []byte(payload), Time: instant}
	for i := 0; i < len(attributes); i += 2 {
		ev.Attributes = append(ev.Attributes, relay.Attribute{Key: attributes[i], Value: attributes[i+1]})
	}
	slices.SortFunc(ev.Attributes, func(a, b relay.Attribute) int { return strings.Compare(a.Key, b.Key) })
	return ev
}

// lines keeps what is logged, as "LEVEL text".
type lines struct {
	mu   sync.Mutex
	text []string
}

func (l *lines) logger() *slog.Logger { return slog.New(l) }

func (l *lines) Enabled(context.Context, slog.Level) bool { return true }
func (l *lines) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *lines) WithGroup(string) slog.Handler            { return l }

func (l *lines) Handle(_ context.Context, r slog.Record) error {
	var b bytes.Buffer
	b.WriteString(r.Level.String() + " " + r.Message)
	r.Attrs(func(a slog.Attr) bool { b.WriteString(" " + a.String()); return true })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b.String())
	return nil
}

// take returns what was logged since it was last called.
func (l *lines) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.text
	l.text = nil
	return text
}
