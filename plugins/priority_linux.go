package plugins

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// backgroundNice is the niceness of a compiling thread, of at most 19.
const backgroundNice = 10

// lowerPriority gives the calling goroutine a thread of its own with a low priority. The thread ends with the goroutine,
// since an ordinary user cannot raise its priority again.
func lowerPriority() {
	runtime.LockOSThread() // NOTE: never unlocked
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), backgroundNice)
}
