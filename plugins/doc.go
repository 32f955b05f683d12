// Package plugins runs users' filters, WebAssembly modules of ABI v1 (package sdk/abi), on every event, and hands what
// they let pass to the relay.Sink. It owns the wazero runtimes, the filters' instances, the lanes that order events,
// and what becomes of an event when a filter misbehaves. It does not read configuration files, know sockets, or frame
// events for clients.
//
// An event's way, and the file that holds each step:
//
//	Publish, Submit (pipeline.go) → which filters see this topic (match.go) → none: straight to the sink
//	  → lane = hash(topic) mod lanes (lane.go): a FIFO, one holder at a time, so order per topic is order of acceptance
//	    → chain (chain.go): for each filter one call (instance.go), its answer checked (answer.go), failures by on_error
//	      → sink.Append: the event, then what filters emitted from it → relay.Result
//
// A connection's, a subscription's and a disconnection's way (hooks.go): a queue beside the lane's events, with which it
// takes turns (hookqueue.go) → a step at a time (hookcall.go) → each filter that has the hook (hookchain.go), its answer
// checked (hookanswer.go) → relay.Admission, to whoever asked.
//
// A module's way: read (file.go) → rewritten with a meter (package meter) → compiled on a background thread, imports and
// exports checked by name (filter.go, imports.go, exports.go) → instances (instance.go), one per lane and a spare, each
// with a beginning to go back to (beginning.go) → a generation (generation.go) that Reload puts in the old one's place.
//
// A script's way: the same, but that its module is QuickJS, compiled once for all (engine.go), which package script makes
// speak the ABI (scripthost.go is what it may ask for).
//
// A call's way: fuel and time handed out (metering.go) → the guest → after a failure the instance goes back to its
// beginning, the event into quarantine (quarantine.go), and the breaker (breaker.go) may leave the filter alone.
package plugins
