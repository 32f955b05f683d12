package deflate

import (
	"fmt"
	"strconv"
)

const (
	name             = "permessage-deflate"
	serverNoTakeover = "server_no_context_takeover"
	clientNoTakeover = "client_no_context_takeover"
	serverWindow     = "server_max_window_bits"
	clientWindow     = "client_max_window_bits"

	// largestWindow is that of DEFLATE itself, and the one that is compressed with.
	largestWindow = 15

	// agreed is what holds on every connection with compression. A server may demand both unasked (RFC 7692 §7.1.1).
	agreed = name + "; " + serverNoTakeover + "; " + clientNoTakeover
)

// Offer is what the client of this relay offers.
const Offer = agreed

// accepting is the answer to an offer that limits the server's window to what it is anyway.
const accepting = agreed + "; " + serverWindow + "=15"

// terms are the parameters of one offer or answer. Windows are 0 when absent, and -1 when they come without a value.
type terms struct {
	serverNoTakeover, clientNoTakeover bool
	serverWindow, clientWindow         int
}

// Accept judges what a client offers in its Sec-WebSocket-Extensions headers. It answers the first offer that this relay
// can keep to, or "" if there is none; then there is no compression. The error is ErrHeader.
func Accept(headers []string) (answer string, err error) {
	err = parse(headers, func(e extension) {
		switch {
		case answer != "" || e.name != name:
		case !e.valid || e.terms.serverWindow < 0: // RFC 7692 §7.1: such an offer is declined
		case e.terms.serverWindow == largestWindow: // §7.1.2.1: accepted by saying so
			answer = accepting
		case e.terms.serverWindow == 0: // clientWindow is a hint: any window of the client's can be read
			answer = agreed
		}
	})
	if err != nil {
		return "", err
	}
	return answer, nil
}

// Check judges a server's answer to Offer, and reports whether there is compression. An answer that can't be is an error.
func Check(headers []string) (bool, error) {
	var all []extension
	err := parse(headers, func(e extension) { all = append(all, e) })
	if err != nil || len(all) == 0 {
		return false, err
	}
	if len(all) > 1 || all[0].name != name {
		return false, fmt.Errorf("the server answered with extensions that were not offered: %.100q", headers)
	}
	t := all[0].terms
	switch {
	case !all[0].valid || t.serverWindow < 0 || t.clientWindow != 0:
		return false, fmt.Errorf("the server's parameters of %s are malformed, or were not offered: %.100q", name, headers)
	case !t.serverNoTakeover:
		return false, fmt.Errorf("the server did not agree to %s: %.100q", serverNoTakeover, headers)
	}
	return true, nil
}

// set takes one parameter into t. It reports false if that is unknown, came before, or has a value that it can't have.
func (t *terms) set(p param) (ok bool) {
	switch {
	case p.name == serverNoTakeover && !t.serverNoTakeover:
		t.serverNoTakeover = true
		return !p.hasValue
	case p.name == clientNoTakeover && !t.clientNoTakeover:
		t.clientNoTakeover = true
		return !p.hasValue
	case p.name == serverWindow && t.serverWindow == 0:
		t.serverWindow, ok = p.window()
	case p.name == clientWindow && t.clientWindow == 0:
		t.clientWindow, ok = p.window()
	}
	return ok
}

// window reads a window's bits: 8 to 15, without leading zeros (RFC 7692 §7.1.2).
func (p param) window() (bits int, ok bool) {
	if !p.hasValue {
		return -1, true
	}
	bits, err := strconv.Atoi(p.value)
	return bits, err == nil && bits >= 8 && bits <= largestWindow && strconv.Itoa(bits) == p.value
}
