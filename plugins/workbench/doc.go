// Package workbench is the desk of those who write filters: it makes a project, builds it with whatever compiler is
// installed, and tries the filter on cases, on recordings and on the clock. It runs filters through plugins.Desk, the very
// code that serves, and knows neither sockets nor relay.yaml; cmd/relay joins it to both.
//
//	Create (create.go): templates/LANG, and the SDK beside them (sources.go) → a project
//	Find (project.go) → Build (build.go): finds the compiler (gotool.go, clang.go, rustc.go, asc.go), or says what to install
//	ReadCase (case.go) → Bench.TryCase (try.go) → what differs (expect.go, diff.go) → CaseResult.Update (update.go)
//	Recording (recording.go): events one a line, as `relay publish --file` takes them and `relay subscribe --record` writes them
//	Measure (measure.go): nanoseconds, fuel, memory per event; beside an older build in turns
package workbench
