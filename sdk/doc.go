// Package sdk writes filters for relay in Go.
//
// A filter registers its handler in init, since main never runs in a WebAssembly module that is a library:
//
//	package main
//
//	import "eventrelay/sdk"
//
//	func init() {
//		sdk.OnEvent(func(e *sdk.Event) sdk.Verdict {
//			if len(e.Payload) == 0 {
//				return sdk.Drop("empty")
//			}
//			return sdk.Pass()
//		})
//	}
//
//	func main() {}
//
// It is built by stock Go, with no other tool,
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -ldflags='-s -w' -o filter.wasm
//
// and named in relay.yaml:
//
//	filters:
//	  - name: no-empty
//	    path: filter.wasm
//
// `relay plugin new NAME --lang go` writes all of that, with cases to test it and this package beside it.
//
// # Deciding
//
// A handler returns one [Verdict]: [Pass] it on, [Drop] it, [Reject] it (which tells its publisher that it is at fault),
// [Replace] its payload, [ReplaceEvent] with another topic, kind, payload and attributes, or [Fail], when the filter
// cannot say: what then becomes of the event is the operator's `on_error`. To make further events, call [Emit] or
// [EmitEvent] before returning; they go on with the filters after this one.
//
// # What an event has
//
// [Event.Payload] and [Event.Attributes] are views of relay's buffer: read them, even edit the payload in place and
// return it by Replace, but copy what must outlast the handler (bytes.Clone). [Event.Topic] is an ordinary string, safe
// to keep. [Event.Kind] says what the payload is; one of kind [JSON] has been checked, so that package jsonscan, which
// reads it without decoding, cannot fail on it.
//
// # Configuration
//
// What the operator writes under `config:` comes to the handler of [OnInit], once, before any event:
//
//	var fields []string
//
//	sdk.OnInit(func(c sdk.Config) (err error) {
//		if err = c.Only("fields"); err != nil { // a slip of the pen is an error, not silence
//			return err
//		}
//		fields, err = c.Strings("fields")
//		return err
//	})
//
// An error keeps the filter from being loaded: `relay check` and a reload report it, and what ran before goes on.
//
// # What lasts
//
// Handlers of one instance run one at a time, so globals need no lock. relay runs one instance per lane, and all events
// of a topic come to the same one; instances share nothing. Memory lasts until the filter is changed or fails: a panic is
// a trap, which fails the call, and takes the instance back to where it was after OnInit. What must be known to all
// lanes, or outlive failures, belongs into the key-value store of package grant.
//
// # What must be granted
//
// A filter sees its events and nothing else: no clock, no files, no network. What relay.yaml may grant (`allow: [kv, now,
// random, metric]`) is in package grant. Only the host functions that a filter calls are linked into it, so it needs no
// more in `allow:` than it uses; and what it was not granted keeps it from being loaded.
//
// # Connections
//
// [OnConnect], [OnSubscribe] and [OnDisconnect] make a filter a gate: who may connect and as whom, who may subscribe to
// what. What OnConnect adds to the attributes is carried by all events of that connection.
//
//	sdk.OnConnect(func(e *sdk.Event) sdk.Verdict {
//		tenant, ok := tenants[e.Attributes.Get("header.x-api-key")]
//		if !ok {
//			return sdk.Refuse(401, "unknown key")
//		}
//		e.Attributes = e.Attributes.With("tenant", tenant)
//		return sdk.ReplaceEvent(e)
//	})
//
// # Testing
//
// Package sdktest runs the same handlers natively, in an ordinary unit test, as relay would call them. `relay plugin
// test` runs the module itself over cases in files, and `relay plugin bench` measures it.
//
// # Cost
//
// The package uses no reflection and allocates nothing for an event that passes. It keeps to what TinyGo compiles for
// wasip1; only stock Go is tested. A module has some 2 MB, nearly all of it Go's runtime; encoding/json or fmt add more,
// and time to load. relay gives an instance 16 MiB of memory unless `limits.memory` says otherwise.
//
// The package owns the Go side of the contract in eventrelay/sdk/abi, and no more: what a filter may do is the host's to
// say.
//
//	record in the buffer → Event → handler → Verdict → answer: pass, drop, or a range of memory to read
package sdk
