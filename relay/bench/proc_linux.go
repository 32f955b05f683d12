package bench

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// processes are the server, as /proc has it.
type processes []int

// clockTick is the unit of utime and stime: USER_HZ, which Linux fixes at 100 per second for all its ABIs in use here.
const clockTick = 10 * time.Millisecond

// cpu returns the time that all threads spent so far, in user and kernel mode.
func (ps processes) cpu() (time.Duration, error) {
	total := time.Duration(0)
	for _, pid := range ps {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, fmt.Errorf("--pid %d: %w", pid, err)
		}
		d, err := parseStat(stat)
		if err != nil {
			return 0, fmt.Errorf("--pid %d: %w", pid, err)
		}
		total += d
	}
	return total, nil
}

// parseStat reads utime and stime, the 14th and 15th field; the second is a name in parentheses that may hold anything.
func parseStat(stat []byte) (time.Duration, error) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/PID/stat has %d fields", len(fields)+2)
	}
	user, err := strconv.ParseInt(string(fields[11]), 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(string(fields[12]), 10, 64)
	return time.Duration(user+system) * clockTick, err
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
