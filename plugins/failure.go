package plugins

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"eventrelay/plugins/meter"
)

// cause says how a call failed: the label in metrics and the word in logs.
type cause uint8

const (
	causeTrap        cause = iota // the guest trapped, or a host function refused what it asked
	causeTimeout                  // limits.time
	causeEventTime                // Options.EventTime
	causeFuel                     // limits.fuel
	causeStack                    // limits.stack
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
	ofFilter bool // whether it counts for the filter's breaker
}{
	causeTrap:        {"trap", true, true, true},
	causeTimeout:     {"timeout", true, true, true},
	causeEventTime:   {"event_time", true, true, false},
	causeFuel:        {"fuel", true, true, true},
	causeStack:       {"stack", true, true, true},
	causeExit:        {"exit", true, true, true},
	causeBadAnswer:   {"bad_answer", true, true, true},
	causeTooLarge:    {"too_large", false, true, true},
	causeGuest:       {"guest", false, true, true},
	causeUnavailable: {"unavailable", false, false, true},
	causeBreaker:     {"breaker", false, false, false},
}

func (c cause) String() string { return causeTable[c].label }

// failure is a call that failed. Its text is bounded and printable, whatever the guest said.
type failure struct {
	cause     cause
	text      string
	functions []string // of a trap, innermost first
	fuel      uint64   // that the call had spent
}

// What stands for every call that was not made.
var (
	breakerFailure   = failure{cause: causeBreaker, text: "left alone for a while, as it failed too often"}
	eventTimeFailure = failure{cause: causeEventTime, text: "all filters together took longer than plugins.event_time for the event and what was emitted from it"}
)

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
func (in *instance) callFailure(err error) *failure {
	f := &failure{cause: causeTrap}
	f.text, f.functions = in.filter.trapText(err)
	if in.script != nil { // QuickJS's functions, which say nothing about the script
		f.text, f.functions = scriptTrapText(err, f.text), nil
	}
	switch e, exited := errors.AsType[exit](err); {
	case exited:
		f.cause, f.text = causeExit, e.Error()
	case errors.Is(err, errTime) && in.call.event != nil && in.meter.limit < in.filter.limits.Time:
		f.cause, f.text = eventTimeFailure.cause, eventTimeFailure.text
	case errors.Is(err, errTime):
		f.cause, f.text = causeTimeout, fmt.Sprintf("took longer than %v", in.meter.limit)
	case errors.Is(err, errFuel):
		f.cause, f.text = causeFuel, fmt.Sprintf("spent more than %d units of fuel", in.meter.most)
	case errors.Is(err, errStack):
		f.cause, f.text = causeStack, fmt.Sprintf("calls nested deeper than %v of stack", in.filter.limits.Stack)
	case errors.Is(err, errCancelled):
		f.cause, f.text = causeTimeout, errCancelled.Error()
	case strings.HasPrefix(f.text, wazeroOverflow): // BUG: the meter's stack is smaller
		f.cause = causeStack
	}
	return f
}

const (
	wazeroOverflow = "stack overflow"
	wazeroTrap     = "wasm error: "
	wazeroHost     = " (recovered by wazero)"
	wazeroFrames   = "\nwasm stack trace:\n\t"
	quotedFrames   = 3
	keptFrames     = 16
	maxFrameBytes  = 64
)

// trapText makes of wazero's error one line of what happened, and the names of the innermost functions.
func (f *filter) trapText(err error) (text string, functions []string) {
	text, trace, _ := strings.Cut(err.Error(), wazeroFrames)
	text, _, _ = strings.Cut(text, "\n")
	if _, after, found := strings.Cut(text, wazeroTrap); found {
		text = after
	}
	text = strings.TrimSuffix(text, wazeroHost)
	functions = f.frames(trace)
	for i, name := range functions[:min(len(functions), quotedFrames)] {
		text += [...]string{" in ", " < ", " < "}[i] + name
	}
	return clean(text, maxErrorText), functions
}

// frames returns the names of the innermost functions of wazero's trace, whose lines are module.name(types) types.
func (f *filter) frames(trace string) (names []string) {
	for line := range strings.SplitSeq(trace, "\n\t") {
		name, _, _ := strings.Cut(line, "(")
		name = strings.TrimPrefix(name, ".")
		switch {
		case strings.HasPrefix(name, meter.ReservedPrefix):
			continue
		case name == "" || len(names) == keptFrames:
			return names
		}
		names = append(names, clean(f.nameOf(name), maxFrameBytes))
	}
	return names
}

// nameOf returns the name by which the module's author knows a function that wazero calls by its index: what it is
// exported as, or the index that it had before the module was rewritten.
func (f *filter) nameOf(name string) string {
	if exported := f.exported[name]; exported != "" {
		return exported
	}
	if index, err := strconv.Atoi(strings.TrimPrefix(name, "$")); err == nil && strings.HasPrefix(name, "$") {
		return "$" + strconv.Itoa(index-1)
	}
	return name
}

// LoadError is returned when a filter cannot be loaded. The running filters are untouched.
type LoadError struct {
	Filter string // its name
	Path   string // its file, or what else its code comes from
	Err    error  // why; bounded and printable
}

func (e *LoadError) Error() string {
	return fmt.Sprintf("filter %q (%s): %s", e.Filter, e.Path, e.Err)
}

func (e *LoadError) Unwrap() error { return e.Err }
