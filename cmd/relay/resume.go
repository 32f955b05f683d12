package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
)

// resume knows where a file that was published in part is to be taken up again.
type resume struct {
	done  int    // the lines up to this one are decided
	again int    // lines after it that are decided too
	doubt []line // sent, and no answer came
}

// book notes that of batch only left is undecided.
func (r *resume) book(batch, left []line) {
	r.doubt = nil
	if len(left) == 0 {
		r.done, r.again = batch[len(batch)-1].number, 0
		return
	}
	first := slices.IndexFunc(batch, func(l line) bool { return l.number == left[0].number })
	r.done, r.again = left[0].number-1, len(batch)-first-len(left)
}

// stopped says how far it came before err, and how to go on. It names what going on would publish twice.
func (r *resume) stopped(err error) error {
	text := fmt.Sprintf("go on with --skip %d", r.done)
	if r.again > 0 {
		text += fmt.Sprintf(", which publishes %s after it again", plural(r.again, "line"))
	}
	if n := len(r.doubt); n > 0 {
		text += fmt.Sprintf("; no answer came to lines %d to %d, which may have been published", r.doubt[0].number, r.doubt[n-1].number)
	}
	if err.Error() == "" {
		return fmt.Errorf("stopped after line %d; %s", r.done, text)
	}
	return fmt.Errorf("stopped after line %d: %w; %s", r.done, err, text)
}

// mayHaveArrived reports whether the relay may have taken a request that ended with this answer or error.
func mayHaveArrived(ans *answer, err error) bool {
	if err != nil {
		op, ok := errors.AsType[*net.OpError](err)
		return !ok || op.Op != "dial"
	}
	return ans.status == http.StatusBadGateway || ans.status == http.StatusGatewayTimeout
}
