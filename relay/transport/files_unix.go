//go:build unix

package transport

import (
	"math"

	"golang.org/x/sys/unix"
)

// maxFiles returns how many files this process may open.
func maxFiles() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 1024
	}
	return int(min(uint64(limit.Cur), math.MaxInt32/10))
}
