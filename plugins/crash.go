package plugins

import (
	"fmt"
	"runtime/debug"
)

// crash, deferred, ends the process for a panic of our own. A lane runs on its callers' goroutines too, and net/http
// recovers panics of handlers: the lane would stay busy for good, and its topics silent. Better to start anew.
func crash() {
	if v := recover(); v != nil {
		stack := debug.Stack()
		go panic(fmt.Sprintf("BUG: in a lane: %v\n\n%s", v, stack)) // nobody can recover it there
		select {}
	}
}
