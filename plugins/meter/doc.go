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
//     zero, with the values of both (i64, i64), and goes on with the fuel that it returns (i64), which must not be below
//     zero. There the host looks at the deadline, lets other goroutines run, counts what was spent, and refills with a
//     slice such as [Slice], or panics with its own error, which unwinds the guest and leaves the module open. If the
//     stack is below zero it must panic: the guest traps (unreachable) should it return.
//   - Fuel begins at 0, so that a start function asks soon. The host may set the exported global [FuelGlobal] before a
//     call, or let what is left of a slice serve the next one. What was spent is what was handed out less what is left;
//     fuel may be far below zero when the host is asked, as after memory.grow.
//   - A function that loops and calls nothing keeps its fuel in a local, which costs its loops next to nothing: the
//     global is behind until it asks or returns. If it traps, what it spent since is not told; that is less than a slice.
//   - The stack begins at Limits.StackBytes. The host sets the exported global [StackGlobal] to that again after a call
//     that trapped, as nothing was given back on that way.
//   - If Report.MutableGlobals > 0 the module exports [SaveName], which returns all mutable globals, and [RestoreName],
//     which takes them: one call each, with SnapshotSlots values of 64 bits, of use to the same instance only where
//     they are references. Fuel and stack are not among them.
//
// Between two looks at the fuel a guest runs for tens of microseconds, and at worst for some milliseconds: one
// memory.grow, or a function of 64 KiB without a loop whose every load misses the cache.
//
// What it costs, in ns per call on 235 bytes, unmetered → metered (go test -bench Metered; 2.x GHz Xeon, wazero 1.12):
// looking for a field 379 → 591, summing up 206 → 237, hashing with a call for each byte 420 → 617, fib(15) 2,810 → 5,860.
// Sample filters on an event of that size: dropfield, in C, 924 → 1,210; redact, in stock Go, 7,340 → 12,780.
// Rewriting takes 17 ms for 1.9 MB of stock Go and 15 ms for 0.6 MB of QuickJS; compiling takes 1 to 9 % longer.
//
// Fuel is deterministic: the same module, state and host answers spend the same on every machine. One unit is about one
// simple instruction; the table is in cost.go.
package meter
