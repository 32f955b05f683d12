// Package meter makes a WebAssembly module safe to run for a bounded time and on a bounded stack, whatever its author
// had in mind. It is pure: bytes go in, bytes and a Report come out. It knows nothing of the engine that runs them.
//
//	Scan     reads a module, strictly by WebAssembly 2.0, and refuses what would make the compiler slow or large
//	Rewrite  scans it and returns it metered:
//	         every block of instructions pays its weight from a fuel global as it begins;
//	         fuel is looked at on entry to a function and in each loop; below zero, the host is asked for more;
//	         every function pays for its frame from a stack global on entry and gets it back as it returns;
//	         mutable globals are saved and restored by two injected functions.
//
// What a host does with a rewritten module:
//
//   - It provides the function [TickName] of the module [HostModule]. The guest calls it when fuel or stack is below
//     zero, with the values of both (i64, i64), and goes on with the fuel that it returns (i64). There the host looks at
//     the deadline, lets other goroutines run, counts what was spent, and refills with a slice such as [Slice], or
//     panics with its own error, which unwinds the guest and leaves the module open. If the stack is below zero it must
//     panic: the guest traps (unreachable) should it return.
//   - Fuel begins at 0, so that a start function asks before it runs. The host may set the exported global [FuelGlobal]
//     before a call, or let what is left of a slice serve the next one.
//   - The stack begins at Limits.StackBytes. The host sets the exported global [StackGlobal] to that again after a call
//     that trapped, as nothing was given back on that way.
//   - If Report.SnapshotSlots > 0 the module exports [SaveName], which returns all mutable globals, and [RestoreName],
//     which takes them: one call each, with SnapshotSlots values of 64 bits, of use to the same instance only where
//     they are references. Fuel and stack are not among them.
//
// Fuel is deterministic: the same module, state and host answers spend the same on every machine. One unit is about one
// simple instruction; the table is in cost.go.
package meter
