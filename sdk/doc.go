// Package sdk writes filters for relay in Go. A filter registers its handler in init, since main never runs in a
// WebAssembly module that is a library:
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
// and is built by stock Go, with no other tool:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -ldflags='-s -w' -o filter.wasm
//
// The package owns the Go side of the contract in eventrelay/sdk/abi, and no more: what a filter may do is the host's to
// say. It uses no reflection and allocates nothing for an event that passes. Handlers of one instance run one at a
// time; globals need no lock, and are not shared with the instances of other lanes. A panic in a handler is a trap: the
// call fails, the operator's on_error decides about the event, and the instance starts anew.
//
// What the operator must grant is in package grant. Only the host functions that a filter calls are linked into it, so
// it needs in `allow:` no more than it uses. Package sdktest runs the same handlers natively, in a unit test; package
// jsonscan reads JSON without decoding it.
//
// The source keeps to what TinyGo compiles for wasip1; only stock Go is tested.
//
//	record in the buffer → Event → handler → Verdict → answer: pass, drop, or a range of memory to read
package sdk
