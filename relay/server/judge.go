package server

import (
	"errors"

	"eventrelay/relay"
	"eventrelay/relay/config"
)

// ErrNoJudge is returned when auth.by_filter leaves to the filters who may come in, and none decides that.
var ErrNoJudge = errors.New("auth.by_filter: no filter has the hook on_connect, so that nobody could come in; add one to filters, or leave by_filter out")

// checkJudge refuses filters of which none decides who may come in, where c leaves that to them. One that fails lets
// nobody in either: the filters' chain sees to that, and the transport to it that one has accepted.
func checkJudge(c *config.Config) func(relay.HookSet) error {
	return func(hooks relay.HookSet) error {
		if c.Auth.ByFilter && !hooks.Has(relay.HookConnect) {
			return ErrNoJudge
		}
		return nil
	}
}
