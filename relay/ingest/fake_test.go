package ingest

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"eventrelay/relay"
)

// net/http lets a connection whose body was refused linger for half a second, in a goroutine that ends by itself.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// fakePublisher takes every event and decides as decide says; nil accepts all.
type fakePublisher struct {
	decide func(ctx context.Context, ev *relay.Event) relay.Result

	mu    sync.Mutex
	got   []*relay.Event
	calls int
}

func (p *fakePublisher) Publish(ctx context.Context, evs []*relay.Event, results []relay.Result) {
	if len(evs) != len(results) || len(evs) == 0 {
		panic("BUG: events and results")
	}
	p.mu.Lock()
	p.calls++
	p.mu.Unlock()
	for i, ev := range evs {
		r := relay.Result{EventID: ev.ID}
		if p.decide != nil {
			r = p.decide(ctx, ev)
		}
		p.mu.Lock()
		if r.Err == nil {
			p.got = append(p.got, ev)
			if r.Verdict.Passed() {
				r.Position = relay.Position{Epoch: "e", N: uint64(len(p.got))}
			}
		}
		p.mu.Unlock()
		results[i] = r
	}
}

func (p *fakePublisher) Submit(*relay.Event, func(relay.Result), func()) error { panic("unused") }

func (p *fakePublisher) events() []*relay.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.got
}

// fakeGate knows one key, "k", and one foreign origin. The zero value lets anyone publish.
type fakeGate struct{ keyed bool }

func (g fakeGate) Admit(h *relay.Handshake) (relay.Grant, error) {
	if o := h.Header.Get("Origin"); o != "" && o != "https://app.example" {
		return relay.Grant{}, &relay.Refusal{Status: 403, Reason: "this origin may not come in"}
	}
	if h.Host == "evil.example" {
		return relay.Grant{}, &relay.Refusal{Status: 403, Reason: "this host is not served"}
	}
	switch key := h.Header.Get("Authorization"); {
	case !g.keyed:
		return relay.Grant{Publish: true}, nil
	case key == "":
		return relay.Grant{}, nil
	case key == "Bearer k":
		return relay.Grant{Publish: true, Known: true}, nil
	case key == "Bearer subscriber":
		return relay.Grant{Subscribe: true, Known: true}, nil
	}
	return relay.Grant{}, &relay.Refusal{Status: 401, Reason: "this key is not known"}
}

// rig is a Handler with its fakes.
type rig struct {
	*Handler
	fake *fakePublisher
}

func newRig(o Options, g relay.Gate, decide func(context.Context, *relay.Event) relay.Result) rig {
	fake := &fakePublisher{decide: decide}
	return rig{New(o, fake, g, slog.New(slog.DiscardHandler)), fake}
}

func open(t *testing.T) rig {
	t.Helper()
	return newRig(Options{}, fakeGate{}, nil)
}

// post sends body with headers given as "Name: value".
func (r rig) post(target, body string, headers ...string) *httptest.ResponseRecorder {
	return r.do(http.MethodPost, target, body, headers...)
}

func (r rig) do(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}

// reply is any answer.
type reply struct {
	EventID string `json:"event_id"`
	ID      string
	Topic   string
	Verdict string
	Filter  string
	Reason  string
	Emitted int

	Title, Detail        string
	Status               int
	Line, Column, Offset int

	Items, Failed int
	Results       []reply
}

func read(t *testing.T, w *httptest.ResponseRecorder) (r reply) {
	t.Helper()
	d := json.NewDecoder(w.Body)
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&r))
	return r
}

// only returns the one event that was published.
func (r rig) only(t *testing.T) *relay.Event {
	t.Helper()
	require.Len(t, r.fake.events(), 1)
	return r.fake.events()[0]
}
