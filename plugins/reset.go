package plugins

import (
	"fmt"
	"strconv"
	"strings"
)

// reset says when an instance is brought back to where it was after its start.
type reset struct {
	keep  bool // whether a snapshot of the start is kept at all
	every int  // events; 0: not without a reason
}

// Words of `reset`.
const (
	resetNever   = "never"
	resetOnError = "on_error"
	resetEvery   = "every "
)

const maxResetEvery = 1_000_000

// parseReset reads what checkReset has passed.
func parseReset(s string) reset {
	n, _ := strconv.Atoi(strings.TrimPrefix(s, resetEvery))
	return reset{keep: s != resetNever, every: n}
}

func checkReset(at, s string) error {
	if s == "" || s == resetNever || s == resetOnError {
		return nil
	}
	digits, ok := strings.CutPrefix(s, resetEvery)
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 1 || n > maxResetEvery {
		return fmt.Errorf("%s.reset: %.32q; write never, on_error, or every N with N from 1 to %d", at, s, maxResetEvery)
	}
	return nil
}
