package config

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Fault is one thing that is wrong with the configuration.
type Fault struct {
	Where   string // "relay.yaml:12", "RELAY_LISTEN", "--listen"; "" when it is nowhere in particular
	Key     string // the dotted path of the key, "" when the fault is none of a key
	Problem string // what is wrong and what to write; holds no secret
}

func (f Fault) String() string {
	var parts []string
	for _, p := range []string{f.Where, f.Key, f.Problem} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ": ")
}

// Error is returned by Load when the configuration can't be used. It holds every fault that was found.
type Error struct{ Faults []Fault }

// maxShownFaults bounds the message: a file of another kind has thousands.
const maxShownFaults = 20

func (e *Error) Error() string {
	var b strings.Builder
	for i, f := range e.Faults {
		if i == maxShownFaults {
			fmt.Fprintf(&b, "\nand %d more", len(e.Faults)-i)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(f.String())
	}
	return b.String()
}

// err returns the faults as an error, in the order of the file, or nil.
func (e *Error) err() error {
	if len(e.Faults) == 0 {
		return nil
	}
	slices.SortStableFunc(e.Faults, func(a, b Fault) int { return cmp.Compare(a.line(), b.line()) })
	return e
}

// line returns the line of a fault in a file. Others come last.
func (f Fault) line() int {
	n, err := strconv.Atoi(f.Where[strings.LastIndexByte(f.Where, ':')+1:])
	if err != nil {
		return math.MaxInt
	}
	return n
}

func (e *Error) add(where, key, format string, args ...any) {
	e.Faults = append(e.Faults, Fault{where, key, fmt.Sprintf(format, args...)})
}
