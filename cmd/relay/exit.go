package main

// Exit codes. exitTable documents them; keep both in step.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNotAccepted = 3
	exitTimeout     = 4
	exitSignal      = 128 // + the signal's number
)

const exitTable = `Exit codes:
  0    done; for serve: stopped by SIGTERM or SIGINT after delivering what it had accepted
  1    failed while running: a port in use, no connection, refused by the server; plugin replay, test, run:
       the filter fails, or a case is not as expected
  2    the command line or relay.yaml is wrong; nothing was done
  3    publish: at least one event was not accepted (dropped, rejected, failed, refused)
  4    subscribe: --timeout ended before --count events had come
  130  ended by SIGINT, 143 by SIGTERM; for serve: by a second one, without waiting`

// exitError carries the exit code of an error. An empty err says nothing more on stderr.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }
