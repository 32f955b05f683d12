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
	causes           = int(causeUnavailable) + 1
)

var causeTable = [causes]struct {
	label    string
	poisoned bool // whether the instance cannot be trusted afterwards
}{
	causeTrap:        {"trap", true},
	causeTimeout:     {"timeout", true},
	causeExit:        {"exit", true},
	causeBadAnswer:   {"bad_answer", true},
	causeTooLarge:    {"too_large", false},
	causeGuest:       {"guest", false},
	causeUnavailable: {"unavailable", false},
}

func (c cause) String() string { return causeTable[c].label }

// failure is a call that failed. Its text is bounded and printable, whatever the guest said.
type failure struct {
	cause cause
	text  string
}

func (f *failure) Error() string { return f.cause.String() + ": " + f.text }

func badAnswer(format string, args ...any) *failure {
	return &failure{causeBadAnswer, clean(fmt.Sprintf(format, args...), maxErrorText)}
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
		return &failure{causeExit, e.Error()}
	}
	closed, isClosed := errors.AsType[*sys.ExitError](err)
	if isClosed && closed.ExitCode() == sys.ExitCodeContextCanceled {
		return &failure{causeTimeout, "cancelled"}
	}
	if isClosed || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &failure{causeTimeout, fmt.Sprintf("took longer than %v", ctx.limit)}
	}
	return &failure{causeTrap, trapText(err)}
}

const (
	wazeroTrap    = "wasm error: "
	wazeroHost    = " (recovered by wazero)"
	wazeroFrames  = "\nwasm stack trace:\n\t"
	quotedFrames  = 3
	maxFrameBytes = 64
)

// trapText makes one line of wazero's error: what happened, and the innermost functions.
func trapText(err error) string {
	text, trace, _ := strings.Cut(err.Error(), wazeroFrames)
	text, _, _ = strings.Cut(text, "\n")
	if _, after, found := strings.Cut(text, wazeroTrap); found {
		text = after
	}
	text = strings.TrimSuffix(text, wazeroHost)
	frames := strings.SplitN(trace, "\n\t", quotedFrames+1)
	for i, frame := range frames[:min(len(frames), quotedFrames)] {
		name, _, _ := strings.Cut(frame, "(")
		if name = strings.TrimPrefix(name, "."); name == "" {
			break
		}
		text += [...]string{" in ", " < ", " < "}[i] + clean(name, maxFrameBytes)
	}
	return clean(text, maxErrorText)
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
