package plugins

import (
	"encoding/binary"
	"time"

	"eventrelay/sdk/abi"
)

// wasiModule is WASI preview 1. Toolchains import its functions unasked, so every one links; none gives a guest what
// it was not granted. Signatures: WebAssembly/WASI, legacy/preview1/witx/wasi_snapshot_preview1.witx.
const wasiModule = "wasi_snapshot_preview1"

var wasiFuncs = map[string]hostFunc{
	"args_get":                {"ii", "i", 0, wasiOK},
	"args_sizes_get":          {"ii", "i", 0, wasiNone},
	"environ_get":             {"ii", "i", 0, wasiOK},
	"environ_sizes_get":       {"ii", "i", 0, wasiNone},
	"clock_res_get":           {"ii", "i", 0, wasiClockRes},
	"clock_time_get":          {"iIi", "i", 0, wasiClockTime},
	"fd_advise":               {"iIIi", "i", 0, wasiNoSeek},
	"fd_allocate":             {"iII", "i", 0, wasiNoSeek},
	"fd_close":                {"i", "i", 0, wasiStdio},
	"fd_datasync":             {"i", "i", 0, wasiStdio},
	"fd_fdstat_get":           {"ii", "i", 0, wasiFdstat},
	"fd_fdstat_set_flags":     {"ii", "i", 0, wasiStdio},
	"fd_fdstat_set_rights":    {"iII", "i", 0, wasiStdio},
	"fd_filestat_get":         {"ii", "i", 0, wasiFilestat},
	"fd_filestat_set_size":    {"iI", "i", 0, wasiNoSeek},
	"fd_filestat_set_times":   {"iIIi", "i", 0, wasiStdio},
	"fd_pread":                {"iiiIi", "i", 0, wasiNoSeek},
	"fd_prestat_get":          {"ii", "i", 0, wasiBadFd},
	"fd_prestat_dir_name":     {"iii", "i", 0, wasiBadFd},
	"fd_pwrite":               {"iiiIi", "i", 0, wasiNoSeek},
	"fd_read":                 {"iiii", "i", 0, wasiRead},
	"fd_readdir":              {"iiiIi", "i", 0, wasiBadFd},
	"fd_renumber":             {"ii", "i", 0, wasiBadFd},
	"fd_seek":                 {"iIii", "i", 0, wasiNoSeek},
	"fd_sync":                 {"i", "i", 0, wasiStdio},
	"fd_tell":                 {"ii", "i", 0, wasiNoSeek},
	"fd_write":                {"iiii", "i", 0, wasiWrite},
	"path_create_directory":   {"iii", "i", 0, wasiBadFd},
	"path_filestat_get":       {"iiiii", "i", 0, wasiBadFd},
	"path_filestat_set_times": {"iiiiIIi", "i", 0, wasiBadFd},
	"path_link":               {"iiiiiii", "i", 0, wasiBadFd},
	"path_open":               {"iiiiiIIii", "i", 0, wasiBadFd},
	"path_readlink":           {"iiiiii", "i", 0, wasiBadFd},
	"path_remove_directory":   {"iii", "i", 0, wasiBadFd},
	"path_rename":             {"iiiiii", "i", 0, wasiBadFd},
	"path_symlink":            {"iiiii", "i", 0, wasiBadFd},
	"path_unlink_file":        {"iii", "i", 0, wasiBadFd},
	"poll_oneoff":             {"iiii", "i", 0, wasiPoll},
	"proc_exit":               {"i", "", 0, wasiExit},
	"proc_raise":              {"i", "i", 0, wasiNoSys},
	"sched_yield":             {"", "i", 0, wasiOK},
	"random_get":              {"ii", "i", 0, wasiRandom},
	"sock_accept":             {"iii", "i", 0, wasiBadFd},
	"sock_recv":               {"iiiiii", "i", 0, wasiBadFd},
	"sock_send":               {"iiiii", "i", 0, wasiBadFd},
	"sock_shutdown":           {"ii", "i", 0, wasiBadFd},
}

// Error numbers of WASI.
const (
	wasiSuccess = 0
	wasiEBADF   = 8
	wasiEFAULT  = 21
	wasiEINVAL  = 28
	wasiENOSYS  = 52
	wasiESPIPE  = 70
)

func wasiOK(_ *instance, stack []uint64)    { stack[0] = wasiSuccess }
func wasiBadFd(_ *instance, stack []uint64) { stack[0] = wasiEBADF }
func wasiNoSys(_ *instance, stack []uint64) { stack[0] = wasiENOSYS }

// Standard input, output and error are there, and can be neither sought nor sized.
const (
	stdin = iota
	stdout
	stderr
	noFd // the first that is not open
)

func wasiStdio(_ *instance, stack []uint64) {
	fd := uint32(stack[0])
	stack[0] = wasiSuccess
	if fd >= noFd {
		stack[0] = wasiEBADF
	}
}

func wasiNoSeek(_ *instance, stack []uint64) {
	fd := uint32(stack[0])
	stack[0] = wasiESPIPE
	if fd >= noFd {
		stack[0] = wasiEBADF
	}
}

// put writes p at ptr and returns the error number.
func (in *instance) put(ptr uint64, p []byte) uint64 {
	if !in.memory().Write(uint32(ptr), p) {
		return wasiEFAULT
	}
	return wasiSuccess
}

func (in *instance) put32(ptr uint64, v uint32) uint64 {
	if !in.memory().WriteUint32Le(uint32(ptr), v) {
		return wasiEFAULT
	}
	return wasiSuccess
}

func (in *instance) put64(ptr uint64, v int64) uint64 {
	if !in.memory().WriteUint64Le(uint32(ptr), uint64(v)) {
		return wasiEFAULT
	}
	return wasiSuccess
}

// wasiNone answers that there are no arguments, or no variables: a count and a size of 0.
func wasiNone(in *instance, stack []uint64) {
	stack[0] = max(in.put32(stack[0], 0), in.put32(stack[1], 0))
}

const (
	clockRealtime  = 0
	clockMonotonic = 1
	clocks         = 4
)

func wasiClockRes(in *instance, stack []uint64) {
	if uint32(stack[0]) >= clocks {
		stack[0] = wasiEINVAL
		return
	}
	stack[0] = in.put64(stack[1], 1)
}

func wasiClockTime(in *instance, stack []uint64) {
	if uint32(stack[0]) >= clocks {
		stack[0] = wasiEINVAL
		return
	}
	stack[0] = in.put64(stack[2], in.clock(uint32(stack[0])))
}

// startClock is what clocks say while a guest starts without grant now. Stock Go throws when a clock says 0.
const startClock = int64(time.Second)

var processStart = time.Now()

// clock returns the time of the event at hand, or, where granted, the time. No clock but the wall clock goes back.
func (in *instance) clock(id uint32) int64 {
	granted, pinned := in.filter.granted.has(grantNow), in.filter.plugin.world.pinned
	if granted && !pinned {
		if id == clockRealtime {
			return time.Now().UnixNano()
		}
		return startClock + int64(time.Since(processStart))
	}
	t := startClock
	switch {
	case in.call.event != nil:
		t = in.call.event.Time.UnixNano()
	case granted:
		t = in.filter.plugin.world.now().UnixNano()
	}
	if id == clockRealtime {
		return t
	}
	in.monotonic = max(in.monotonic, t)
	return in.monotonic
}

func wasiRandom(in *instance, stack []uint64) {
	view, ok := in.memory().Read(uint32(stack[0]), uint32(stack[1]))
	switch {
	case !ok:
		stack[0] = wasiEFAULT
		return
	case in.filter.granted.has(grantRandom):
		in.randomize(view, in.filter.plugin.world.random)
	default:
		in.randomize(view, in.random)
	}
	stack[0] = wasiSuccess
}

func wasiExit(_ *instance, stack []uint64) { panic(exit(uint32(stack[0]))) }

const (
	fileTypeCharacter = 2
	fdstatSize        = 24
	filestatSize      = 64
	filestatType      = 16 // offset of the file type
	rightRead         = 1 << 1
	rightWrite        = 1 << 6
)

func wasiFdstat(in *instance, stack []uint64) {
	fd := uint32(stack[0])
	if fd >= noFd {
		stack[0] = wasiEBADF
		return
	}
	var stat [fdstatSize]byte
	stat[0] = fileTypeCharacter
	stat[8] = rightWrite
	if fd == stdin {
		stat[8] = rightRead
	}
	stack[0] = in.put(stack[1], stat[:])
}

func wasiFilestat(in *instance, stack []uint64) {
	if uint32(stack[0]) >= noFd {
		stack[0] = wasiEBADF
		return
	}
	var stat [filestatSize]byte
	stat[filestatType] = fileTypeCharacter
	stack[0] = in.put(stack[1], stat[:])
}

// wasiRead answers end of file on standard input.
func wasiRead(in *instance, stack []uint64) {
	if uint32(stack[0]) != stdin {
		stack[0] = wasiEBADF
		return
	}
	stack[0] = in.put32(stack[3], 0)
}

const (
	iovSize  = 8
	maxIovs  = 1024
	maxWrite = 64 << 10
)

// wasiWrite makes log lines of what a guest writes to standard output and standard error. It takes at most maxWrite
// bytes, and says so as a full pipe would: all parts together may be many times the guest's memory, and no deadline
// ends a call while it is in the host.
func wasiWrite(in *instance, stack []uint64) {
	fd, n := uint32(stack[0]), uint32(stack[2])
	level := abi.LevelInfo
	switch {
	case fd != stdout && fd != stderr:
		stack[0] = wasiEBADF
		return
	case n > maxIovs:
		stack[0] = wasiEINVAL
		return
	case fd == stderr:
		level = abi.LevelWarn
	}
	iovs, ok := in.memory().Read(uint32(stack[1]), n*iovSize)
	if !ok {
		stack[0] = wasiEFAULT
		return
	}
	written := 0
	for ; len(iovs) > 0 && written < maxWrite; iovs = iovs[iovSize:] {
		part, ok := in.memory().Read(binary.LittleEndian.Uint32(iovs), binary.LittleEndian.Uint32(iovs[4:]))
		if !ok {
			stack[0] = wasiEFAULT
			return
		}
		part = part[:min(len(part), maxWrite-written)]
		in.log.write(level, part)
		written += len(part)
	}
	stack[0] = in.put32(stack[3], uint32(written))
}

const (
	subscriptionSize = 48
	subscriptionTag  = 8
	eventSize        = 32
	maxSubscriptions = 1024
)

// wasiPoll answers that everything subscribed to has happened: a guest cannot wait.
func wasiPoll(in *instance, stack []uint64) {
	n := uint32(stack[2])
	if n == 0 || n > maxSubscriptions {
		stack[0] = wasiEINVAL
		return
	}
	subs, ok := in.memory().Read(uint32(stack[0]), n*subscriptionSize)
	if !ok {
		stack[0] = wasiEFAULT
		return
	}
	events := make([]byte, n*eventSize) // apart from the guest's memory: the two ranges may overlap
	for i := range int(n) {
		sub, ev := subs[i*subscriptionSize:], events[i*eventSize:]
		copy(ev[:8], sub[:8]) // the guest's own word
		ev[10] = sub[subscriptionTag]
	}
	stack[0] = max(in.put(stack[1], events), in.put32(stack[3], n))
}
