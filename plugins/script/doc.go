// Package script runs JavaScript as a guest of ABI v1 (package sdk/abi): on QuickJS, a WebAssembly module that is embedded
// and known by its hash, in an instance that package plugins makes, meters and brings back to its start like any other. It
// owns QuickJS's memory and what is in it. It knows no files, no limits and no wazero beyond calling exports.
//
//	Module    QuickJS, if it was built in (engine.go)
//	Compile   a script → bytecode, by an instance of its own that is thrown away (program.go)
//	Boot      bytecode → prelude, top level, onInit, in an instance without a compiler (boot.go, prelude.js)
//	Export    what a module of ABI v1 exports: the host calls relay_on_event … (export.go, handle.go)
//	Rejected  what QuickJS says of promises that fail unseen (rejection.go)
//	Native    what the prelude asks of the host (natives.go), through a table entry that Companion sets (host.go)
//
// An event's way: its record lies in the guest's memory → the prelude makes an Event of accessors → the script reads data,
// which parse.go makes of the payload → it returns, and the prelude tells by natives what became of it → plain.go writes the
// data, which is compared with the payload → an answer of ABI v1.
//
// QuickJS may be called while it calls the host, on one more level, and only for what runs no script.
package script
