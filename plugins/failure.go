package plugins

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero/sys"
)

// cause says how a call failed: the label in metrics and the word in logs.
type cause uint8

const (
	causeTrap        cause = iota // the guest trapped, or a host function refused what it asked
	causeTimeout                  // limits.time
	causeExit                     // proc_exit
	causeBadAnswer                // an answer that breaks the contract
	causeTooLarge                 // relay_buffer had no room for the event
	causeGuest                    // a negative answer: the guest says that it failed
	causeUnavailable              // no instance could be started
	causeBreaker                  // not called, as it failed too often before
	causes           = int(causeBreaker) + 1
)

var causeTable = [causes]struct {
	label    string
	poisoned bool // whether the instance cannot be trusted afterwards
	ofEvent  bool // whether the event at hand caused it
}{
	causeTrap:        {"trap", true, true},
	causeTimeout:     {"timeout", true, true},
	causeExit:        {"exit", true, true},
	causeBadAnswer:   {"bad_answer", true, true},
	causeTooLarge:    {"too_large", false, true},
	causeGuest:       {"guest", false, true},
	causeUnavailable: {"unavailable", false, false},
	causeBreaker:     {"breaker", false, false},
}

func (c cause) String() string { return causeTable[c].label }

// failure is a call that failed. Its text is bounded and printable, whatever the guest said.
type failure struct {
	cause     cause
	text      string
	functions []string // of a trap, innermost first
	fuel      uint64   // that the call had spent
}

// breakerFailure stands for every call that was not made.
var breakerFailure = failure{cause: causeBreaker, text: "left alone for a while, as it failed too often"}

func (f *failure) Error() string { return f.cause.String() + ": " + f.text }

func badAnswer(format string, args ...any) *failure {
	return &failure{cause: causeBadAnswer, text: clean(fmt.Sprintf(format, args...), maxErrorText)}
}

// trap is what host functions panic with; wazero unwinds the guest and returns it.
type trap string

func (t trap) Error() string { return string(t) }

// exit is what proc_exit panics with. Unlike wazero's own it leaves the module open.
type exit uint32

func (e exit) Error() string { return fmt.Sprintf("proc_exit(%d)", uint32(e)) }

// callFailure reads the error of a wazero call.
func callFailure(ctx *callContext, err error) *failure {
	if e, ok := errors.AsType[exit](err); ok {
		return &failure{cause: causeExit, text: e.Error()}
	}
	closed, isClosed := errors.AsType[*sys.ExitError](err)
	if isClosed && closed.ExitCode() == sys.ExitCodeContextCanceled {
		return &failure{cause: causeTimeout, text: "cancelled"}
	}
	if isClosed || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &failure{cause: causeTimeout, text: fmt.Sprintf("took longer than %v", ctx.limit)}
	}
	return trapFailure(err)
}

const (
	wazeroTrap    = "wasm error: "
	wazeroHost    = " (recovered by wazero)"
	wazeroFrames  = "\nwasm stack trace:\n\t"
	quotedFrames  = 3
	keptFrames    = 16
	maxFrameBytes = 64
)

// trapFailure makes a failure of wazero's error: one line of what happened, and the innermost functions.
func trapFailure(err error) *failure {
	text, trace, _ := strings.Cut(err.Error(), wazeroFrames)
	text, _, _ = strings.Cut(text, "\n")
	if _, after, found := strings.Cut(text, wazeroTrap); found {
		text = after
	}
	f := &failure{cause: causeTrap, functions: frames(trace)}
	text = strings.TrimSuffix(text, wazeroHost)
	for i, name := range f.functions[:min(len(f.functions), quotedFrames)] {
		text += [...]string{" in ", " < ", " < "}[i] + name
	}
	f.text = clean(text, maxErrorText)
	return f
}

// frames returns the names of the innermost functions of wazero's trace, whose lines are module.name(types) types.
func frames(trace string) (names []string) {
	lines := strings.SplitN(trace, "\n\t", keptFrames+1)
	for _, line := range lines[:min(len(lines), keptFrames)] {
		name, _, _ := strings.Cut(line, "(")
		if name = strings.TrimPrefix(name, "."); name == "" {
			break
		}
		names = append(names, clean(name, maxFrameBytes))
	}
	return names
}

// LoadError is returned when a filter cannot be loaded. The running filters are untouched.
type LoadError struct {
	Filter string // its name
	Path   string // its file
	Err    error  // why; bounded and printable
}

func (e *LoadError) Error() string {
	return fmt.Sprintf("filter %q (%s): %s", e.Filter, e.Path, e.Err)
}

func (e *LoadError) Unwrap() error { return e.Err }
