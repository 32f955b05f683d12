package bench

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// processes are the server, as /proc has it.
type processes []int

// cpu returns the time that all threads spent so far, in user and kernel mode. The clock of a process counts nanoseconds,
// and threads that have ended; /proc/PID/stat has hundredths of a second, of which a storm of connections takes few.
func (ps processes) cpu() (time.Duration, error) {
	total := time.Duration(0)
	for _, pid := range ps {
		var spent unix.Timespec
		if pid < 1 || pid > maxPID || unix.ClockGettime(cpuClock(pid), &spent) != nil {
			return 0, fmt.Errorf("--pid %d: there is no such process", pid)
		}
		total += time.Duration(spent.Nano())
	}
	return total, nil
}

// maxPID is the kernel's PID_MAX_LIMIT; the clock of a larger one would be another's.
const maxPID = 1 << 22

// cpuClock returns the clock of a process, as clock_getcpuclockid(3) makes it.
func cpuClock(pid int) int32 {
	const scheduled = 2 // CPUCLOCK_SCHED, of the process
	return ^int32(pid)<<3 | scheduled
}

// rss returns the resident memory in bytes. smaps_rollup is exact; status lags by some pages per core.
func (ps processes) rss() int64 {
	total := int64(0)
	for _, pid := range ps {
		n, ok := kilobytes(fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Rss:")
		if !ok {
			n, _ = kilobytes(fmt.Sprintf("/proc/%d/status", pid), "VmRSS:")
		}
		total += n
	}
	return total
}

// slab returns the kernel's slab memory, of the whole machine; false when it may not be read.
func slab() (int64, bool) { return kilobytes("/proc/meminfo", "Slab:") }

// kilobytes returns the value of a line such as "VmRSS:  1234 kB", in bytes.
func kilobytes(file, name string) (int64, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			return n << 10, err == nil
		}
	}
	return 0, false
}

// Cores returns how many processors the machine has, whichever this process may use.
func Cores() int {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return runtime.NumCPU()
	}
	return max(bytes.Count(text, []byte("\ncpu")), 1)
}
