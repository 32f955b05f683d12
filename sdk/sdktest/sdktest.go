// Package sdktest runs a filter natively, in an ordinary unit test: Start configures the handlers that the package under
// test has registered, and Event gives them an event as relay would, through the same records and answers, and checks
// the answer as relay does. So what passes here passes there, except for limits of time, memory and size, and that a
// panic, which is a trap there, is a panic here.
//
//	filter, err := sdktest.Start(`{"fields": ["card"]}`)
//	got := filter.Event(sdk.Event{Topic: "orders", Kind: sdk.JSON, Payload: []byte(`{"card": "4111"}`)})
//	// got.Outcome, got.Reason, got.Event, got.Emitted
//
// There is one set of handlers in a program, so tests that use it must not run in parallel.
package sdktest

import (
	"errors"
	"fmt"
	"time"

	"eventrelay/sdk"
	"eventrelay/sdk/abi"
	"eventrelay/sdk/internal/host"
)

// Filter is the filter under test, and the world that it sees. Change its fields between events as you like.
type Filter struct {
	Now     time.Time         // what grant.Now answers
	KV      map[string][]byte // the key-value store; times to live are not kept
	Counts  map[string]int64  // what grant.Count has counted
	Logs    []Line            // what sdk.Log has written
	MaxEmit int               // how many events one call may emit. Default 64.
	call    call
}

// Line is one line of the log.
type Line struct {
	Level sdk.Level
	Text  string
}

// Outcome is what the filter did with an event.
type Outcome string

const (
	Passed   Outcome = "passed"
	Changed  Outcome = "changed"
	Dropped  Outcome = "dropped"
	Rejected Outcome = "rejected"
	Refused  Outcome = "refused" // a connection or subscription
	Failed   Outcome = "failed"  // the filter said so, or relay would not take its answer
)

// Result is what came of one event.
type Result struct {
	Outcome Outcome
	Reason  string      // the filter's words, or what is wrong with its answer
	Status  int         // when Refused: the HTTP status
	Event   sdk.Event   // the event that goes on; zero unless Passed or Changed
	Emitted []sdk.Event // none when Failed
}

// Start configures the filter with config, which is JSON ("" is {}), and returns it, or the error that would keep relay
// from loading it.
func Start(config string) (*Filter, error) {
	f := &Filter{Now: time.Unix(0, 0).UTC(), KV: map[string][]byte{}, Counts: map[string]int64{}, MaxEmit: 64}
	if config == "" {
		config = "{}"
	}
	ok := true
	f.within(call{}, func() { ok = host.Guest.Init([]byte(config)) })
	if !ok {
		return nil, errors.New(f.call.reason)
	}
	return f, nil
}

// Event gives e to the handler of sdk.OnEvent.
func (f *Filter) Event(e sdk.Event) Result { return f.run(abi.OnEvent, host.Guest.Event, e) }

// Connect gives e to the handler of sdk.OnConnect. Passed and Changed mean accepted. The event of Changed has the
// attributes that relay keeps: not those of the request.
func (f *Filter) Connect(e sdk.Event) Result { return f.run(abi.OnConnect, host.Guest.Connect, e) }

// Subscribe gives e to the handler of sdk.OnSubscribe. Passed and Changed mean accepted.
func (f *Filter) Subscribe(e sdk.Event) Result {
	return f.run(abi.OnSubscribe, host.Guest.Subscribe, e)
}

// Disconnect gives e to the handler of sdk.OnDisconnect.
func (f *Filter) Disconnect(e sdk.Event) {
	f.need(abi.OnDisconnect)
	f.within(call{parent: e, mayEmit: true}, func() { host.Guest.Disconnect(encode(e)) })
}

func (f *Filter) run(hook abi.Hook, handler func([]byte) (host.Answer, []byte), e sdk.Event) Result {
	f.need(hook)
	var kind host.Answer
	var out []byte
	in := encode(e)
	f.within(call{parent: e, mayEmit: hook != abi.OnConnect, refuses: hook != abi.OnEvent}, func() { kind, out = handler(in) })
	res, err := f.call.result(hook, e, kind, out)
	if err != nil {
		return Result{Outcome: Failed, Reason: err.Error()}
	}
	return res
}

func (f *Filter) need(hook abi.Hook) {
	if host.Guest.Hooks()&hook == 0 {
		panic(fmt.Sprintf("sdktest: the filter has no handler for hook %d", hook))
	}
}

// within makes one call in the filter's world.
func (f *Filter) within(c call, do func()) {
	f.call = c
	outer := host.World
	host.World = world{f}
	defer func() { host.World = outer }()
	do()
}
